// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore

/// A service that local ports talked to, or that others talked to here.
struct ServiceRow: OutputRow {
  enum Field: String, CaseIterable {
    case service, port, proto, direction
    case remoteHosts = "remote_hosts"
    case connections, open
    case localPorts = "local_ports"
    case localPortsTotal = "local_ports_total"
    case processes
    case firstSeen = "first_seen"
    case lastSeen = "last_seen"
  }

  static let keys = Field.allCases
  static let table: [TableColumn<Field>] = [
    TableColumn(.service), TableColumn(.port), TableColumn(.proto),
    TableColumn(.direction, "DIR", drop: 4), TableColumn(.connections, "CONNS"), TableColumn(.open),
    TableColumn(.remoteHosts, "HOSTS"), TableColumn(.localPorts, drop: 5),
    TableColumn(.firstSeen, drop: 1), TableColumn(.lastSeen, drop: 2),
    TableColumn(.processes, flexible: true),
  ]

  /// How many local ports are told one by one.
  static let portsShown = 100
  /// How many of them fit a table's cell.
  static let portsInTable = 4

  let use: ServiceUse
  let name: String?
  let isTable: Bool

  func value(_ field: Field) -> Value {
    switch field {
    case .service: return name.orNull(Value.text)
    case .port: return .port(use.port)
    case .proto: return .text(use.transport.name)
    case .direction: return .direction(use.direction)
    case .remoteHosts: return .number(use.remoteHosts)
    case .connections: return .number(use.connections)
    case .open: return .number(use.open)
    case .localPorts:
      guard isTable, use.localPorts.count > Self.portsInTable else {
        return .ports(Array(use.localPorts.prefix(Self.portsShown)))
      }
      let shown = use.localPorts.prefix(Self.portsInTable).map { String($0) }.joined(separator: ",")
      return .text("\(shown) +\(use.localPorts.count - Self.portsInTable)")
    case .localPortsTotal: return .number(use.localPorts.count)
    case .processes: return .texts(use.processes)
    case .firstSeen: return .time(use.firstSeen)
    case .lastSeen: return .time(use.lastSeen)
    }
  }
}
