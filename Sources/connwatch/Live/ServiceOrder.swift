// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore

/// An order of services: FTP's data connections are right after their control connections in each.
struct ServiceOrder {
  private let column: ServiceSortColumn
  private let isReversed: Bool
  private let names: Names

  init(_ column: ServiceSortColumn, isReversed: Bool, names: Names) {
    (self.column, self.isReversed, self.names) = (column, isReversed, names)
  }

  func sorted(_ uses: [ServiceUse]) -> [ServiceUse] {
    var keys = uses.map(Key.init)
    for place in keys.indices {
      if let number = number(keys[place].use) {
        keys[place].number = isReversed ? -number : number
      } else {
        keys[place].text = text(keys[place].use)
      }
    }
    keys.sort { left, right in
      // What has no name is last, whichever way.
      if (left.text == nil) != (right.text == nil) { return right.text == nil }
      if let mine = left.text, let other = right.text, mine != other { return (mine < other) != isReversed }
      return left.rank < right.rank
    }
    var uses = keys.map(\.use)
    uses.putFTPDataAfterControl()
    return uses
  }

  private struct Key {
    let use: ServiceUse
    var number: Int64 = 0
    var text: String?

    init(_ use: ServiceUse) { self.use = use }

    /// The busiest first where they are equal.
    var rank: (Int64, Int, UInt16, UInt8, UInt8) {
      (number, -use.connections, use.port, use.transport.rawValue, use.direction.rawValue)
    }
  }

  /// What is sorted by where that is a number.
  private func number(_ use: ServiceUse) -> Int64? {
    switch column {
    case .service, .processes: nil
    case .port: Int64(use.port)
    case .proto: Int64(use.transport.rawValue)
    case .direction: Int64(use.direction.rawValue)
    case .connections: Int64(-use.connections)
    case .open: Int64(-use.open)
    case .hosts: Int64(-use.remoteHosts)
    case .localPorts: Int64(-use.localPorts.count)
    case .firstSeen: use.firstSeen.microseconds
    case .lastSeen: -use.lastSeen.microseconds
    }
  }

  private func text(_ use: ServiceUse) -> String? {
    column == .service ? names.service(use.port, use.transport) : use.processes.first
  }
}
