// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// What the kernel did, as the truth that a recorder is held to: what it traced, which ends it told of, and what its
/// tables showed at any moment. Scripts of recorded scenes are played into it.
struct KernelModel {
  /// A connection or listener as it really was.
  struct TrueLife {
    var socket: Int
    var local: Endpoint
    var remote: Endpoint
    var proto: Proto
    var opened: Int64
    /// The states with their moments, the opening first, the end last.
    var steps: [(state: SocketState, time: Int64)]
    /// The local port that its first event carried.
    var portAtFirst: UInt16
    /// Nothing of it is left in the tables from here on.
    var goneAt = Int64.max
    /// It was an orphan, which the trace does not tell from TIME_WAIT.
    var isOrphan = false
    /// How the attempt ended, where it was one.
    var outcome: Life.Outcome?
    var traffic: Traffic?
    /// When its socket was taken apart.
    var destroyed = Int64.max
    var isClosed = false
    var role: Life.Role { steps[0].state == .listen ? .listener : .connection }
    /// Failed before anything was sent.
    var isNone = false
  }

  /// What the tables show of a socket from a moment on; nil for nothing.
  struct Shown {
    var from: Int64
    var row: SocketRow?
    var cookie: UInt64
    var life: Int
  }

  struct Socket {
    var name: Character
    var address: UInt64
    var cookie: UInt64
    var inode: UInt64
    var isOurs: Bool
    var proto: Proto
    var local: Endpoint
    var remote: Endpoint
    var owner: SocketOwner
    var shown: [Shown] = []
    /// What is left of it in its short form.
    var short: [Shown] = []
    var state = SocketState.close
    var life = -1
    var wasReset = false
    var accepted = false
  }

  static let ours: UInt64 = 4_026_531_840
  static let foreign: UInt64 = 4_026_532_999

  var sockets: [Socket] = []
  var lives: [TrueLife] = []
  var trace: [TraceEvent] = []
  /// Ends with the true moment.
  var ends: [SocketEnd] = []
  /// How long TIME_WAIT lasts.
  var timeWait: Int64 = 60_000_000

  /// Adds a socket.
  mutating func cast(
    _ name: Character, _ local: Endpoint, _ remote: Endpoint, pid: Int32, isOurs: Bool = true,
    proto: Proto = .tcp
  ) -> Int {
    let number = UInt64(sockets.count + 1)
    sockets.append(
      Socket(
        name: name, address: 0xFFFF_8000_0000_0000 + number * 0x1000, cookie: 0x1000 + number,
        inode: 50_000 + number, isOurs: isOurs, proto: proto, local: local, remote: remote,
        owner: SocketOwner(process: OwningProcess(pid: pid, startTime: 7, name: "p\(pid)"))))
    return sockets.count - 1
  }

  /// A step of a socket from one state to another.
  ///
  /// - Parameters:
  ///   - port: the local port that the event carries, where that is not the true one.
  ///   - isTask: it happened on behalf of the socket's process.
  ///   - keepsFD: the process holds on to the socket.
  mutating func step(
    _ at: Int, _ time: Int64, _ from: SocketState, _ to: SocketState, port: UInt16? = nil, isTask: Bool,
    keepsFD: Bool = false
  ) {
    let socket = sockets[at]
    precondition(
      from == socket.state || from == .listen,
      "\(socket.name) goes from \(socket.state) to \(to), not from \(from)")
    var change = StateChange(
      socket: socket.address, proto: socket.proto, from: from, to: to, local: socket.local,
      remote: socket.remote)
    if let port { change.local.port = port }
    if isTask {
      change.thread = socket.owner.process?.pid ?? 0
      change.owner = socket.owner
      change.namespace = socket.isOurs ? Self.ours : Self.foreign
    }
    trace.append(TraceEvent(boot: time, .state(change)))
    sockets[at].state = to
    if from == .close || (from == .listen && to == .synReceived) {
      sockets[at].life = lives.count
      sockets[at].wasReset = false
      sockets[at].accepted = from == .close
      lives.append(
        TrueLife(
          socket: at, local: socket.local, remote: socket.remote, proto: socket.proto, opened: time,
          steps: [(to, time)], portAtFirst: change.local.port))
    } else if to != from {
      lives[sockets[at].life].steps.append((to, time))
    }
    let letsGo = (to == .finWait1 || to == .lastAck) && isTask && !keepsFD
    if letsGo { sockets[at].accepted = false }
    if to == .close {
      let wasTold = lives[sockets[at].life].outcome != nil
      if from == .synSent, !wasTold {
        lives[sockets[at].life].outcome = sockets[at].wasReset ? .refused : isTask ? .abandoned : nil
      }
      if isTask && from == .synSent && !sockets[at].wasReset && !wasTold {
        // With nothing sent the port is still what it was.
        let life = sockets[at].life
        lives[life].isNone = change.local.port == lives[life].portAtFirst
        if lives[life].isNone { sockets[at].shown.removeAll { $0.life == life } }
      }
      close(at, time, from)
    } else {
      show(at, time)
    }
  }

  private mutating func close(_ at: Int, _ time: Int64, _ from: SocketState) {
    let socket = sockets[at]
    let life = socket.life
    lives[life].isClosed = true
    lives[life].goneAt = time
    sockets[at].shown.append(Shown(from: time, row: nil, cookie: socket.cookie, life: life))
    if (from == .finWait2 || from == .closing) && !socket.wasReset {
      lives[life].steps[lives[life].steps.count - 1].state = .timeWait
      sockets[at].short.append(
        Shown(from: time, row: row(socket, .timeWait, 0), cookie: socket.cookie, life: life))
      sockets[at].short.append(Shown(from: time + timeWait, row: nil, cookie: 0, life: life))
      lives[life].goneAt = time + timeWait
    }
  }

  /// The tables show a socket's state from now on.
  private mutating func show(_ at: Int, _ time: Int64) {
    let socket = sockets[at]
    sockets[at].shown.append(
      Shown(
        from: time, row: row(socket, socket.state, socket.accepted ? socket.inode : 0), cookie: socket.cookie,
        life: socket.life))
  }

  private func row(_ socket: Socket, _ state: SocketState, _ inode: UInt64) -> SocketRow {
    SocketRow(
      proto: socket.proto, state: state, local: socket.local,
      remote: state == .listen ? Endpoint(socket.proto.isV6 ? .anyV6 : .anyV4, 0) : socket.remote,
      inode: inode,
      rawUID: inode == 0 ? SocketRow.noUID : 1000)
  }

  /// A SYN has come: the table shows a request, which nobody traces.
  ///
  /// A dump that asks a request for its cookie when the socket has been made of it is told one that is nobody's.
  mutating func request(_ at: Int, _ time: Int64) {
    let cookie = at % 2 == 0 ? sockets[at].cookie : sockets[at].cookie | 1 << 60
    sockets[at].shown.append(
      Shown(from: time, row: row(sockets[at], .synReceived, 0), cookie: cookie, life: -1))
  }

  /// The socket was accepted: it has an inode now.
  mutating func accept(_ at: Int, _ time: Int64) {
    sockets[at].accepted = true
    show(at, time)
  }

  mutating func reset(_ at: Int, _ time: Int64) {
    sockets[at].wasReset = true
    trace.append(TraceEvent(boot: time, .reset(socket: sockets[at].address)))
  }

  /// It was told an error: one that ended it, or 0 for one that is only kept in mind.
  mutating func fail(_ at: Int, _ time: Int64, _ error: Int32) {
    let socket = sockets[at]
    let outcome = Life.Outcome(error: error)
    lives[socket.life].outcome = outcome ?? .refused
    let ends = SocketEnds(proto: socket.proto, local: socket.local, remote: socket.remote)
    trace.append(TraceEvent(boot: time, .failed(SocketFailure(ends: ends, outcome: outcome))))
  }

  /// The last descriptor is gone.
  ///
  /// - Parameter isWhole: the message of its end tells both ends, and what it carried.
  mutating func destroy(_ at: Int, _ time: Int64, isWhole: Bool) {
    let socket = sockets[at]
    trace.append(TraceEvent(boot: time, .destroyed(socket: socket.address, cookie: socket.cookie)))
    if socket.life >= 0 { lives[socket.life].destroyed = time }
    if !socket.isOurs { return }
    var remote = socket.remote
    if !isWhole { remote.port = 0 }
    let traffic = Traffic(bytesIn: socket.cookie, bytesOut: socket.cookie * 3)
    if isWhole && socket.life >= 0 && lives[socket.life].role == .connection {
      lives[socket.life].traffic = traffic
    }
    ends.append(
      SocketEnd(
        proto: socket.proto, local: socket.local, remote: remote, cookie: socket.cookie, boot: time,
        traffic: isWhole ? traffic : nil))
  }

  /// What looked like TIME_WAIT until now was an orphan in FIN_WAIT2; `isOver` where it ends with no TIME_WAIT.
  mutating func orphanEnds(_ at: Int, _ time: Int64, isOver: Bool) {
    let life = sockets[at].life
    lives[life].isOrphan = true
    let places = sockets[at].short.indices.filter { sockets[at].short[$0].life == life }
    guard let first = places.first, let last = places.last else { preconditionFailure("no orphan") }
    sockets[at].short[first].row?.state = .finWait2
    if isOver {
      sockets[at].short[last].from = time
      lives[life].goneAt = time
    } else {
      sockets[at].short.insert(
        Shown(from: time, row: row(sockets[at], .timeWait, 0), cookie: sockets[at].cookie, life: life),
        at: first + 1)
    }
  }

  /// Nothing is left of its TIME_WAIT from now on.
  mutating func timeWaitEnds(_ at: Int, _ time: Int64) {
    let life = sockets[at].life
    sockets[at].short[sockets[at].short.count - 1].from = time
    lives[life].goneAt = time
  }

  /// Puts what was played in the order of time.
  mutating func sort() {
    trace = trace.enumerated().sorted { ($0.element.boot, $0.offset) < ($1.element.boot, $1.offset) }.map(
      \.element)
    ends.sort { $0.boot < $1.boot }
  }
}
