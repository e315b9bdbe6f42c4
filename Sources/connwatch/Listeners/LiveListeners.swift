// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore

extension ExpectedRule.Scope {
  /// An address that stands for the scope.
  func representative(_ proto: Proto) -> IPAddress {
    switch self {
    case .any: proto.isV6 ? .anyV6 : .anyV4
    case .v6Only: .anyV6
    case .loopback: proto.isV6 ? IPAddress(high: 0, low: 1) : IPAddress(v4: 0x7F00_0001)
    case .address(let address): address
    }
  }
}

extension Listener {
  /// The listeners of this moment, those of one program at one address as one.
  ///
  /// - Parameter tellsHidden: says on standard error how many owners may not be seen.
  static func all(_ global: GlobalOptions, _ names: Names, tellsHidden: Bool = true) throws -> [Listener] {
    var live = LiveTable(global: global, names: names)
    live.looksUpHistory = false
    live.onlyListeners = true
    live.tellsHiddenOwners = tellsHidden
    let (rows, v6Only) = try live.table(.all, filter: .everything)
    var seen: Set<Key> = []
    var listeners: [Listener] = []
    for row in rows {
      let listener = Listener(
        proto: row.socket.proto, address: row.socket.local.address, port: row.socket.local.port,
        owner: row.owner, isV6Only: v6Only[row.socket.inode])
      if seen.insert(listener.key).inserted { listeners.append(listener) }
    }
    return listeners.sorted {
      ($0.port, $0.proto.rawValue, $0.address) < ($1.port, $1.proto.rawValue, $1.address)
    }
  }

  /// What two sockets have in common that are one listener.
  struct Key: Hashable {
    var proto: Proto
    var local: Endpoint
    var isV6Only: Bool?
    var program: String?
    var unit: String?
  }

  var key: Key {
    Key(
      proto: proto, local: Endpoint(address, port), isV6Only: isV6Only, program: program, unit: serviceUnit)
  }
}

/// Since when listeners have been seen, from the history where there is one.
struct ListenerMemory {
  private struct Key: Hashable {
    var proto: Proto
    var local: Endpoint
    var program: String?
  }

  private var spans: [Key: (first: Timestamp, last: Timestamp)] = [:]

  init(_ global: GlobalOptions) throws {
    guard let history = try global.openHistoryIfAny() else { return }
    var query = LifeQuery()
    query.roles = [.listener]
    for life in try history.lives(query) as [Life] {
      let process = life.owner.process
      let key = Key(proto: life.proto, local: life.local, program: process.map { $0.exe ?? $0.name })
      let span = spans[key]
      spans[key] = (
        first: min(span?.first ?? life.firstSeen, life.firstSeen),
        last: max(span?.last ?? life.lastSeen, life.lastSeen)
      )
    }
  }

  func seen(_ listener: Listener) -> (first: Timestamp, last: Timestamp)? {
    spans[
      Key(
        proto: listener.proto, local: Endpoint(listener.address, listener.port), program: listener.program)]
  }
}
