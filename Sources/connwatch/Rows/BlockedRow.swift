// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Attempts to connect that came to nothing, grouped.
struct BlockedRow: OutputRow {
  enum Field: String, CaseIterable {
    case verdict
    case remoteAddress = "remote_addr"
    case remotePort = "remote_port"
    case service, process, attempts
    case firstSeen = "first_seen"
    case lastSeen = "last_seen"
    case direction
    case localPort = "local_port"
    case open
    case longest = "longest_s"
    case netns
    // For tables only:
    case port, tried
  }

  static let keys: [Field] = Field.allCases.filter { $0 != .port && $0 != .tried }

  static let table: [TableColumn<Field>] = [
    TableColumn(.verdict), TableColumn(.direction, "DIR", drop: 3), TableColumn(.remoteAddress, "REMOTE"),
    TableColumn(.port), TableColumn(.service, drop: 4), TableColumn(.attempts), TableColumn(.open, drop: 2),
    TableColumn(.tried, "LONGEST", drop: 6), TableColumn(.firstSeen, drop: 1),
    TableColumn(.lastSeen, drop: 5), TableColumn(.process, flexible: true),
  ]

  let names: Names
  let use: BlockedUse

  func value(_ field: Field) -> Value {
    switch field {
    case .verdict: return .text(use.verdict.rawValue)
    case .remoteAddress: return .address(use.remote)
    case .remotePort: return use.direction == .outbound ? .port(use.port) : .null
    case .localPort: return use.direction == .inbound ? .port(use.port) : .null
    case .port: return .port(use.port)
    case .service: return names.service(use.port, .tcp).orNull(Value.text)
    case .process: return .process(use.owner)
    case .attempts: return .number(use.attempts)
    case .open: return .number(use.open)
    case .longest: return .seconds(use.longest)
    case .tried: return .age(use.longest)
    case .firstSeen: return .time(use.firstSeen)
    case .lastSeen: return .time(use.lastSeen)
    case .direction: return .direction(use.direction)
    case .netns: return use.netns.orNull(Value.text)
    }
  }
}
