// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// A socket that is open, now or at a moment of the past.
struct ListRow: OutputRow {
  enum Field: String, CaseIterable {
    case time, proto, state
    case localAddress = "local_addr"
    case localPort = "local_port"
    case remoteAddress = "remote_addr"
    case remotePort = "remote_port"
    case service, direction, uid, user, inode
    case receiveQueue = "recv_q"
    case sendQueue = "send_q"
    case netns, process
    case firstSeen = "first_seen"
    case bytesIn = "bytes_in"
    case bytesOut = "bytes_out"
    case roundTrip = "rtt_ms"
    case retransmits, cwnd, host
    // For tables only:
    case local, remote, age, pid
  }

  static let keys: [Field] = Field.allCases.filter { ![.local, .remote, .age, .pid].contains($0) }

  static let table: [TableColumn<Field>] = [
    TableColumn(.state), TableColumn(.proto, drop: 5), TableColumn(.local), TableColumn(.remote),
    TableColumn(.service, drop: 3), TableColumn(.direction, "DIR", drop: 2), TableColumn(.age, drop: 1),
    TableColumn(.pid, drop: 4), TableColumn(.process, flexible: true),
  ]

  /// What only sock_diag tells, and only where asked.
  static let traffic: [Field] = [.bytesIn, .bytesOut, .roundTrip, .retransmits, .cwnd]

  /// The columns of a table that shows traffic, several namespaces or hosts too: these are what was asked for, so the others
  /// are dropped before them.
  static func table(traffic: Bool, namespaces: Bool, hosts: Bool = false) -> [TableColumn<Field>] {
    var columns = table
    let process = columns.removeLast()
    if traffic {
      columns += [
        TableColumn(.bytesIn, "IN"), TableColumn(.bytesOut, "OUT"), TableColumn(.roundTrip, "RTT", drop: 8),
        TableColumn(.retransmits, "RETR", drop: 6),
      ]
    }
    if namespaces { columns.insert(TableColumn(.netns, drop: 7), at: 2) }
    if hosts { columns.insert(TableColumn(.host, drop: 9), at: 0) }
    return columns + [process]
  }

  /// What all rows of a table share.
  final class Context {
    let names: Names
    let time: Timestamp
    let netns: String?

    init(names: Names, time: Timestamp, netns: String?) {
      self.names = names
      self.time = time
      self.netns = netns
    }
  }

  let context: Context
  var socket: SocketRow
  var role: Life.Role
  var direction: Direction?
  var owner: SocketOwner
  var firstSeen: Timestamp?
  var traffic: Traffic?
  /// False where the queues and the inode of a moment in the past are not known.
  var isLive = true
  /// Where it comes from when it was imported.
  var origin: LifeOrigin?

  func value(_ field: Field) -> Value {
    switch field {
    case .time: return .time(context.time)
    case .proto: return .proto(socket.proto)
    case .state: return .state(socket.state)
    case .localAddress: return .address(socket.local.address, name: origin?.localName)
    case .localPort: return .port(socket.local.port)
    case .remoteAddress: return .address(socket.remote.address, name: origin?.remoteName)
    case .remotePort: return .port(socket.remote.port)
    case .local: return .endpoint(socket.local, name: origin?.localName)
    case .remote: return .endpoint(socket.remote, name: origin?.remoteName)
    case .service:
      let end = serviceEnd(
        socket.proto, local: socket.local, remote: socket.remote, role: role, direction: direction)
      return end.flatMap { context.names.service($0, socket.proto.transport) }.orNull(Value.text)
    case .direction: return direction.orNull(Value.direction)
    case .uid: return socket.uid.orNull { .number($0) }
    // The names of users are those of this machine.
    case .user: return (origin == nil ? context.names.user(socket.uid) : nil).orNull(Value.text)
    case .inode: return isLive ? .number(socket.inode) : .null
    case .receiveQueue: return isLive ? .number(socket.receiveQueue) : .null
    case .sendQueue: return isLive ? .number(socket.sendQueue) : .null
    case .netns: return context.netns.orNull(Value.text)
    case .host: return (origin?.host).orNull(Value.text)
    case .process: return .process(owner)
    case .pid: return owner.process.orNull { .number($0.pid) }
    case .firstSeen: return firstSeen.orNull(Value.time)
    case .bytesIn: return traffic.orNull { .size($0.bytesIn) }
    case .bytesOut: return traffic.orNull { .size($0.bytesOut) }
    case .roundTrip: return measuredRoundTrip.orNull { .milliseconds(Int64($0)) }
    case .retransmits: return traffic.orNull { .number($0.retransmits) }
    case .cwnd: return traffic.orNull { .number($0.congestionWindow) }
    case .age: return firstSeen.orNull { .age(max(0, context.time - $0)) }
    }
  }
}

extension ListRow {
  /// In microseconds, nil where none was measured.
  private var measuredRoundTrip: UInt32? {
    guard let traffic, traffic.roundTrip > 0 else { return nil }
    return traffic.roundTrip
  }
}
