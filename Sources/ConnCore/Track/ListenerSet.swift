// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// The local ends at which somebody listens, for asking which end of a connection is the service.
public struct ListenerSet: Sendable {
  private struct Key: Equatable {
    var proto: Proto
    var local: Endpoint

    /// Multiplied by numbers that are drawn for each set, so that nobody can bind ends that are hard to tell apart.
    func hash(_ multipliers: Multipliers) -> UInt64 {
      local.address.high &* multipliers.high &+ local.address.low &* multipliers.low
        &+ (UInt64(local.port) << 8 | UInt64(proto.rawValue)) &* multipliers.port
    }
  }

  private struct Multipliers {
    let high: UInt64
    let low: UInt64
    let port: UInt64

    init() {
      // One number of chance is enough, and each costs a call of the kernel's.
      let seed = UInt64.random(in: 0...UInt64.max)
      high = seed | 1
      low = (seed &* 0x9E37_79B9_7F4A_7C15 ^ seed >> 32) | 1
      port = (low &* 0xD6E8_FEB8_6659_FD93 ^ low >> 32) | 1
    }
  }

  private let multipliers = Multipliers()

  private var keys: [Key] = []
  /// Open addressing, at most half of them used: a key's number plus one, 0 where free.
  private var slots: [UInt32] = []
  /// One bit a port, so that nearly every question is answered without hashing.
  private var ports = [UInt64](repeating: 0, count: 1024)

  /// Makes an empty set.
  public init() {}

  /// True where nobody listens.
  public var isEmpty: Bool { keys.isEmpty }

  /// Adds a listener's local end.
  public mutating func insert(_ proto: Proto, _ local: Endpoint) {
    if 2 * keys.count >= slots.count { grow() }
    let key = Key(proto: proto, local: local)
    let slot = slot(of: key)
    guard slots[slot] == 0 else { return }
    keys.append(key)
    slots[slot] = UInt32(keys.count)
    ports[Int(local.port >> 6)] |= 1 << UInt64(local.port & 63)
  }

  /// Adds every listener of `rows`: TCP in LISTEN, and UDP bound outside the ephemeral range.
  public mutating func insert(listenersOf rows: [SocketRow], ephemeral: EphemeralRange) {
    for row in rows where Life.Role(row, ephemeral: ephemeral) == .listener { insert(row.proto, row.local) }
  }

  /// Empties the set and keeps its memory.
  public mutating func removeAll() {
    for key in keys { ports[Int(key.local.port >> 6)] = 0 }
    for slot in slots.indices { slots[slot] = 0 }
    keys.removeAll(keepingCapacity: true)
  }

  private mutating func grow() {
    slots = [UInt32](repeating: 0, count: max(16, 2 * slots.count))
    for (index, key) in keys.enumerated() { slots[slot(of: key)] = UInt32(index + 1) }
  }

  /// Where a key is, or would be.
  private func slot(of key: Key) -> Int {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: key.hash(multipliers) >> 32) & mask
    while slots[slot] != 0, keys[Int(slots[slot]) - 1] != key { slot = (slot + 1) & mask }
    return slot
  }

  private func contains(_ proto: Proto, _ local: Endpoint) -> Bool {
    !slots.isEmpty && slots[slot(of: Key(proto: proto, local: local))] != 0
  }

  /// True where a socket of the same table listens at `local`, by its address or by any address.
  public func serves(_ proto: Proto, _ local: Endpoint) -> Bool {
    guard ports[Int(local.port >> 6)] & (1 << UInt64(local.port & 63)) != 0 else { return false }
    if contains(proto, local) { return true }
    let any = proto.isV6 ? IPAddress.anyV6 : .anyV4
    if contains(proto, Endpoint(any, local.port)) { return true }
    return proto.isV6 && local.address.isV4 && contains(proto, Endpoint(.anyV4, local.port))
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
