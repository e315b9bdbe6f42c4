// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// A connection's whole life.
struct HistoryRow: OutputRow {
  enum Field: String, CaseIterable {
    case id, proto, state
    case localAddress = "local_addr"
    case localPort = "local_port"
    case remoteAddress = "remote_addr"
    case remotePort = "remote_port"
    case service, direction, uid, user
    case firstSeen = "first_seen"
    case lastSeen = "last_seen"
    case closed
    case duration = "duration_s"
    case uncertainty = "uncertainty_s"
    case states, process, source
    case bytesIn = "bytes_in"
    case bytesOut = "bytes_out"
    case roundTrip = "rtt_ms"
    case retransmits, netns, host, outcome
    // For tables only:
    case local, remote, lasted, pid
  }

  static let keys: [Field] = Field.allCases.filter { ![.local, .remote, .lasted, .pid].contains($0) }

  static let table: [TableColumn<Field>] = [
    TableColumn(.firstSeen, "OPENED"), TableColumn(.lasted, "DURATION", drop: 1),
    TableColumn(.state, drop: 6),
    TableColumn(.proto, drop: 5), TableColumn(.local), TableColumn(.remote), TableColumn(.service, drop: 3),
    TableColumn(.direction, "DIR", drop: 2), TableColumn(.pid, drop: 4),
    TableColumn(.process, flexible: true),
  ]

  static let infoTable = table(traffic: true, hosts: false)

  /// The columns of a table that shows traffic or several hosts too.
  static func table(traffic: Bool, hosts: Bool) -> [TableColumn<Field>] {
    var columns = table
    if traffic {
      let place = columns.firstIndex { $0.field == .pid } ?? columns.endIndex
      columns[place..<place] = [
        TableColumn(.bytesIn, "IN"), TableColumn(.bytesOut, "OUT"), TableColumn(.roundTrip, "RTT", drop: 8),
        TableColumn(.retransmits, "RETR", drop: 7),
      ]
    }
    if hosts { columns.insert(TableColumn(.host, drop: 9), at: 1) }
    return columns
  }

  let names: Names
  var life: Life

  func value(_ field: Field) -> Value {
    switch field {
    case .id: return .int(life.id)
    case .proto: return .proto(life.proto)
    case .state: return .state(life.state)
    case .localAddress: return .address(life.local.address, name: life.origin?.localName)
    case .localPort: return .port(life.local.port)
    case .remoteAddress: return .address(life.remote.address, name: life.origin?.remoteName)
    case .remotePort: return .port(life.remote.port)
    case .local: return .endpoint(life.local, name: life.origin?.localName)
    case .remote: return .endpoint(life.remote, name: life.origin?.remoteName)
    case .service: return life.serviceName(names.services).orNull(Value.text)
    case .direction: return life.direction.orNull(Value.direction)
    case .uid: return life.uid.orNull { .number($0) }
    // The names of users are those of this machine.
    case .user: return (life.origin == nil ? names.user(life.uid) : nil).orNull(Value.text)
    case .firstSeen: return .time(life.firstSeen)
    case .lastSeen: return .time(life.lastSeen)
    case .closed: return life.closed.orNull(Value.time)
    case .duration: return life.closedOffset.orNull(Value.seconds)
    case .lasted: return life.closedOffset.map(Value.age) ?? (life.origin == nil ? .text("open") : .null)
    case .uncertainty: return life.uncertainty.orNull(Value.seconds)
    case .states: return .steps(life.steps.map { ($0.state, life.firstSeen + $0.offset) })
    case .process: return .process(life.owner)
    case .pid: return life.owner.process.orNull { .number($0.pid) }
    case .source: return .text(life.sources.name)
    case .bytesIn: return life.traffic.orNull { .size($0.bytesIn) }
    case .bytesOut: return life.traffic.orNull { .size($0.bytesOut) }
    case .roundTrip:
      guard let traffic = life.traffic, traffic.roundTrip > 0 else { return .null }
      return .milliseconds(Int64(traffic.roundTrip))
    case .retransmits: return life.traffic.orNull { .number($0.retransmits) }
    case .netns: return life.netns.orNull(Value.text)
    case .host: return life.host.orNull(Value.text)
    case .outcome: return (life.outcome?.name).orNull(Value.text)
    }
  }
}
