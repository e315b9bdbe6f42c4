// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// The events that are traced, and where their parts are on this kernel.
struct TraceLayout {
  /// Their names below `events`.
  enum Event: String, CaseIterable {
    case state = "sock/inet_sock_set_state"
    case destroyed = "tcp/tcp_destroy_sock"
    case reset = "tcp/tcp_receive_reset"
    case failed = "sock/inet_sk_error_report"
    case unreachable = "icmp/icmp_send"
    case created = "task/task_newtask"
    case renamed = "task/task_rename"
    case executed = "sched/sched_process_exec"

    /// What the kernel is to tell of them; nil where that is all.
    var filter: String? {
      switch self {
      case .state: "protocol == 6"
      // Those that ``Life/Outcome`` knows, and 0 for one that is only kept in mind.
      case .failed:
        "protocol == 6 && sport != 0 && dport != 0 && ("
          + [0, 101, 110, 111, 113].map { "error == \($0)" }.joined(separator: " || ") + ")"
      // ICMP_DEST_UNREACH, but for "fragmentation needed", which is every day's, and what says nothing of a connection.
      case .unreachable: "type == 3 && code != 2 && code != 4 && code != 5 && code != 8"
      case .destroyed, .reset, .created, .renamed, .executed: nil
      }
    }
  }

  /// What every record begins with.
  struct Common: Equatable {
    let type: NumberField
    let flags: NumberField
    let pid: NumberField

    init(_ format: EventFormat) throws(TraceError) {
      type = try NumberField(format, "common_type")
      flags = try NumberField(format, "common_flags")
      pid = try NumberField(format, "common_pid")
    }
  }

  /// Where the ends of a socket are: include/trace/events/sock.h.
  struct Ends: Equatable {
    let localPort, remotePort, family, transport: NumberField
    let localV4, remoteV4, localV6, remoteV6: BytesField
    /// The first byte after all of them.
    let end: Int

    init(_ format: EventFormat) throws(TraceError) {
      localPort = try NumberField(format, "sport")
      remotePort = try NumberField(format, "dport")
      family = try NumberField(format, "family")
      transport = try NumberField(format, "protocol")
      localV4 = try BytesField(format, "saddr", size: 4)
      remoteV4 = try BytesField(format, "daddr", size: 4)
      localV6 = try BytesField(format, "saddr_v6", size: 16)
      remoteV6 = try BytesField(format, "daddr_v6", size: 16)
      let numbers = [localPort, remotePort, family, transport].map(\.end)
      end = ([localV4, remoteV4, localV6, remoteV6].map(\.end) + numbers).max() ?? 0
    }
  }

  /// A state change: include/trace/events/sock.h.
  struct State: Equatable {
    let id: UInt16
    let socket, from, to: NumberField
    let ends: Ends
    /// The least length of a record.
    let length: Int

    init(_ format: EventFormat) throws(TraceError) {
      id = format.id
      socket = try NumberField(format, "skaddr")
      from = try NumberField(format, "oldstate")
      to = try NumberField(format, "newstate")
      ends = try Ends(format)
      length = max(socket.end, from.end, to.end, ends.end)
    }
  }

  /// An error that a socket is told: include/trace/events/sock.h.
  struct Failed: Equatable {
    let id: UInt16
    let error: NumberField
    let ends: Ends
    /// The least length of a record.
    let length: Int

    init(_ format: EventFormat) throws(TraceError) {
      id = format.id
      error = try NumberField(format, "error")
      ends = try Ends(format)
      length = max(error.end, ends.end)
    }
  }

  /// An event of one socket: include/trace/events/tcp.h.
  struct Socket: Equatable {
    let id: UInt16
    let socket, cookie: NumberField
    /// The least length of a record.
    let length: Int

    init(_ format: EventFormat) throws(TraceError) {
      id = format.id
      socket = try NumberField(format, "skaddr")
      cookie = try NumberField(format, "sock_cookie")
      length = max(socket.end, cookie.end)
    }
  }

  /// An ICMP message that this machine sends: include/trace/events/icmp.h.
  struct Unreachable: Equatable {
    let id: UInt16
    let type, code: NumberField
    let source, destination: BytesField
    /// The least length of a record.
    let length: Int

    init(_ format: EventFormat) throws(TraceError) {
      id = format.id
      type = try NumberField(format, "type")
      code = try NumberField(format, "code")
      source = try BytesField(format, "saddr", size: 4)
      destination = try BytesField(format, "daddr", size: 4)
      length = max(type.end, code.end, source.end, destination.end)
    }
  }

  /// A new process or thread: include/trace/events/task.h.
  struct Created: Equatable {
    let id: UInt16
    let pid, cloneFlags: NumberField
    let name: TextField
    /// The least length of a record.
    let length: Int

    init(_ format: EventFormat) throws(TraceError) {
      id = format.id
      pid = try NumberField(format, "pid")
      cloneFlags = try NumberField(format, "clone_flags")
      name = try TextField(format, "comm")
      length = max(pid.end, cloneFlags.end, name.end)
    }
  }

  /// Another name: include/trace/events/task.h.
  struct Renamed: Equatable {
    let id: UInt16
    let pid: NumberField
    let name: TextField
    /// The least length of a record.
    let length: Int

    init(_ format: EventFormat) throws(TraceError) {
      id = format.id
      // Linux 6.14 to 6.17 lack the field: it is the thread that did it, but for a write to another's comm file.
      pid = try NumberField(format, format.fields.contains { $0.name == "pid" } ? "pid" : "common_pid")
      name = try TextField(format, "newcomm")
      length = max(pid.end, name.end)
    }
  }

  /// Another program: include/trace/events/sched.h.
  struct Executed: Equatable {
    let id: UInt16
    let pid, oldPID: NumberField
    let path: TextField
    /// The least length of a record.
    let length: Int

    init(_ format: EventFormat) throws(TraceError) {
      id = format.id
      pid = try NumberField(format, "pid")
      oldPID = try NumberField(format, "old_pid")
      path = try TextField(format, "filename")
      length = max(pid.end, oldPID.end, path.end)
    }
  }

  let common: Common
  let state: State
  let destroyed: Socket
  let reset: Socket?
  let failed: Failed?
  let unreachable: Unreachable?
  let created: Created
  let renamed: Renamed
  let executed: Executed

  /// Makes the layouts of the `format` files.
  ///
  /// - Parameter read: the content of an event's file, nil where there is no such event.
  /// - Throws: ``TraceError`` of kind `missing` where an event or a field is not there, but for the events
  ///   `reset`, `failed` and `unreachable`.
  init(_ read: (Event) throws(TraceError) -> [UInt8]?) throws(TraceError) {
    try self.init(formats: { event throws(TraceError) in
      try read(event).map { EventFormat($0, event: event.rawValue) }
    })
  }

  /// The same of formats that have been read.
  init(formats read: (Event) throws(TraceError) -> EventFormat?) throws(TraceError) {
    func format(_ event: Event) throws(TraceError) -> EventFormat {
      guard let format = try read(event) else {
        throw TraceError(.missing, what: event.rawValue, why: "this kernel has no such event")
      }
      guard format.id != 0 else {
        throw TraceError(.missing, what: event.rawValue, why: "the event's format has no ID")
      }
      return format
    }
    let state = try format(.state)
    common = try Common(state)
    self.state = try State(state)
    destroyed = try Socket(try format(.destroyed))
    do {
      reset = try Socket(try format(.reset))
    } catch  where error.kind == .missing {
      // A reset is seen by the state it leads to as well.
      reset = nil
    }
    do {
      failed = try Failed(try format(.failed))
    } catch  where error.kind == .missing {
      // Before Linux 5.14; a reset tells of most refusals as well.
      failed = nil
    }
    do {
      unreachable = try Unreachable(try format(.unreachable))
    } catch  where error.kind == .missing {
      // Before Linux 6.10.
      unreachable = nil
    }
    created = try Created(try format(.created))
    renamed = try Renamed(try format(.renamed))
    executed = try Executed(try format(.executed))
  }

  /// The events that this kernel has.
  var events: [Event] {
    Event.allCases.filter { event in
      switch event {
      case .reset: reset != nil
      case .failed: failed != nil
      case .unreachable: unreachable != nil
      case .state, .destroyed, .created, .renamed, .executed: true
      }
    }
  }
}
