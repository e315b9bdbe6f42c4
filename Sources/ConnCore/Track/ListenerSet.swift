// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// The local ends at which somebody listens, for asking which end of a connection is the service.
public struct ListenerSet: Sendable {
  private struct Key: Hashable {
    var proto: Proto
    var local: Endpoint
  }

  private var keys: Set<Key> = []
  /// One bit a port, so that nearly every question is answered without hashing.
  private var ports = [UInt64](repeating: 0, count: 1024)

  /// Makes an empty set.
  public init() {}

  /// True where nobody listens.
  public var isEmpty: Bool { keys.isEmpty }

  /// Adds a listener's local end.
  public mutating func insert(_ proto: Proto, _ local: Endpoint) {
    keys.insert(Key(proto: proto, local: local))
    ports[Int(local.port >> 6)] |= 1 << UInt64(local.port & 63)
  }

  /// Adds every listener of `rows`: TCP in LISTEN, and UDP bound outside the ephemeral range.
  public mutating func insert(listenersOf rows: [SocketRow], ephemeral: EphemeralRange) {
    for row in rows where Life.Role(row, ephemeral: ephemeral) == .listener { insert(row.proto, row.local) }
  }

  /// Empties the set and keeps its memory.
  public mutating func removeAll() {
    for key in keys { ports[Int(key.local.port >> 6)] = 0 }
    keys.removeAll(keepingCapacity: true)
  }

  /// True where a socket of the same table listens at `local`, by its address or by any address.
  public func serves(_ proto: Proto, _ local: Endpoint) -> Bool {
    guard ports[Int(local.port >> 6)] & (1 << UInt64(local.port & 63)) != 0 else { return false }
    if keys.contains(Key(proto: proto, local: local)) { return true }
    let any = proto.isV6 ? IPAddress.anyV6 : .anyV4
    if keys.contains(Key(proto: proto, local: Endpoint(any, local.port))) { return true }
    return proto.isV6 && local.address.isV4
      && keys.contains(Key(proto: proto, local: Endpoint(.anyV4, local.port)))
  }

  /// True where a socket of either family listens at `local`: a dual-stack listener serves IPv4 peers whose
  /// own sockets are in the IPv4 table.
  public func servesAnyFamily(_ transport: Transport, _ local: Endpoint) -> Bool {
    switch transport {
    case .tcp: serves(.tcp, local) || serves(.tcp6, local)
    case .udp: serves(.udp, local) || serves(.udp6, local)
    }
  }
}

extension Life.Role {
  /// What kind of socket a row is.
  @inlinable
  public init(_ row: SocketRow, ephemeral: EphemeralRange) {
    switch row.state {
    case .listen: self = .listener
    case .unconnected: self = ephemeral.contains(row.local.port) ? .bound : .listener
    default: self = .connection
    }
  }
}
