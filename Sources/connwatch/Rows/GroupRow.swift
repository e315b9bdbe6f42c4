// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Connections that have something in common, counted.
struct GroupRow: OutputRow {
  enum Field: String, CaseIterable {
    case proto, state
    case localAddress = "local_addr"
    case localPort = "local_port"
    case remoteAddress = "remote_addr"
    case remotePort = "remote_port"
    case service, direction, user, process, unit, container, netns, host
    case connections, open
    case firstSeen = "first_seen"
    case lastSeen = "last_seen"
  }

  /// What can be grouped by: all but what is counted.
  static let groupable = Field.allCases.filter { !measures.contains($0) }
  static let measures: [Field] = [.connections, .open, .firstSeen, .lastSeen]
  static let keys = Field.allCases
  static let table = Field.allCases.map { TableColumn($0) }

  var key: [Field: Key]
  var connections: Int
  var open: Int
  var firstSeen: Timestamp
  var lastSeen: Timestamp

  /// A value that groups are told apart by.
  enum Key: Hashable {
    case none
    case text(String)
    case port(UInt16)
    case address(IPAddress)
  }

  func value(_ field: Field) -> Value {
    switch field {
    case .connections: return .number(connections)
    case .open: return .number(open)
    case .firstSeen: return .time(firstSeen)
    case .lastSeen: return .time(lastSeen)
    default:
      switch key[field] {
      case .text(let text): return .text(text)
      case .port(let port): return .port(port)
      case .address(let address): return .address(address)
      case Key.none?, nil: return .null
      }
    }
  }

  /// What of a life a field groups by.
  static func key(_ field: Field, of life: Life, _ names: Names) -> Key {
    func text(_ text: String?) -> Key { text.map(Key.text) ?? .none }
    switch field {
    case .proto: return .text(life.proto.name)
    case .state: return .text(life.state.name)
    case .localAddress: return life.origin?.localName.map(Key.text) ?? .address(life.local.address)
    case .localPort: return .port(life.local.port)
    case .remoteAddress: return life.origin?.remoteName.map(Key.text) ?? .address(life.remote.address)
    case .remotePort: return .port(life.remote.port)
    case .service: return text(life.serviceName(names.services))
    case .direction: return text(life.direction?.name)
    case .user: return text((life.origin == nil ? names.user(life.uid) : nil) ?? life.uid.map { String($0) })
    case .process: return text(life.owner.process?.name)
    case .unit: return text(life.owner.process?.unit)
    case .container: return text(life.owner.process?.container)
    case .netns: return text(life.netns)
    case .host: return text(life.host)
    case .connections, .open, .firstSeen, .lastSeen: return .none
    }
  }
}
