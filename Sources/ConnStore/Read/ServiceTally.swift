// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// The sums of services while they are made.
struct ServiceTally {
  /// What makes a service.
  struct Key: Hashable {
    var transport: Transport
    var port: UInt16
    var direction: Direction

    init(transport: Transport, port: UInt16, direction: Direction) {
      (self.transport, self.port, self.direction) = (transport, port, direction)
    }

    init(_ profile: Profile, _ direction: Direction) {
      self.init(transport: profile.proto.transport, port: profile.service, direction: direction)
    }

    /// The service of a life, nil where its direction is not known.
    init?(_ life: Life) {
      guard let direction = life.direction else { return nil }
      let port = direction == .inbound ? life.local.port : life.remote.port
      self.init(transport: life.proto.transport, port: port, direction: direction)
    }

    /// The service of the row a statement stands on.
    init?(_ row: Statement) {
      let flags = LifeFlags(rawValue: row.integer(7))
      guard let direction = flags.direction else { return nil }
      let port = UInt16(truncatingIfNeeded: row.integer(direction == .inbound ? 4 : 6))
      self.init(transport: flags.proto.transport, port: port, direction: direction)
    }
  }

  private struct Sums {
    var hosts: Set<Int64> = []
    var ports = PortSet()
    var programs: Set<Int64> = []
    var connections = 0
    var open = 0
    var first = Int64.max
    var last = Int64.min
  }

  private let directions: Set<Direction>
  private var sums: [Sums] = []
  private var places: [Key: Int] = [:]

  init(directions: Set<Direction>) { self.directions = directions }

  /// Adds the row a statement stands on.
  ///
  /// - Parameter isCounted: true where all but its end is in already.
  mutating func add(_ row: Statement, isCounted: Bool = false) {
    guard let key = Key(row), directions.contains(key.direction) else { return }
    add(row, to: key, seen: row.microseconds(3), isCounted: isCounted)
  }

  /// Adds it where it is of one of these services, and none of these lives.
  mutating func add(_ row: Statement, only keys: Set<Key>, except lives: Set<Int64>) {
    guard let key = Key(row), keys.contains(key), !lives.contains(row.integer(0)) else { return }
    add(row)
  }

  /// Adds it to another service than its own.
  mutating func add(_ row: Statement, as key: Key, seen: Int64) {
    if directions.contains(key.direction) { add(row, to: key, seen: seen) }
  }

  /// True where there are connections of a service.
  func counts(_ key: Key) -> Bool { places[key] != nil }

  /// Takes a service out; returns how many connections it had.
  mutating func remove(_ key: Key) -> Int {
    places.removeValue(forKey: key).map { sums[$0].connections } ?? 0
  }

  private mutating func add(_ row: Statement, to key: Key, seen: Int64, isCounted: Bool = false) {
    let local = UInt16(truncatingIfNeeded: row.integer(4))
    let place = place(of: key)
    let opened = row.microseconds(1)
    let isOpen = row.isNull(2)
    if isOpen { sums[place].open += 1 }
    if isCounted {
      sums[place].last = max(sums[place].last, opened + seen)
      return
    }
    sums[place].connections += 1
    sums[place].hosts.insert(row.integer(5))
    sums[place].ports.insert(local)
    if let program = row.optionalInteger(8) { sums[place].programs.insert(program) }
    sums[place].first = min(sums[place].first, opened)
    sums[place].last = max(sums[place].last, opened + seen)
  }

  /// Adds what a rollup has of the profiles that fit; false where it is damaged.
  ///
  /// - Parameters:
  ///   - profiles: its profiles, with whether each fits.
  ///   - packed: its column `sums`.
  ///   - start: when its first life was opened.
  mutating func add(
    _ profiles: [Profile], _ fits: [Bool], sums packed: UnsafeRawBufferPointer, from start: Int64
  ) -> Bool {
    var reader = PackedReader(packed)
    for (profile, fits) in zip(profiles, fits) {
      guard let head = Rollup.SumHead(&reader, from: start) else { return false }
      guard fits, let direction = profile.direction else {
        guard profile.isServiceLocal || PortSet.skip(packed: &reader) else { return false }
        continue
      }
      let place = place(of: Key(profile, direction))
      sums[place].connections &+= head.connections
      sums[place].first = min(sums[place].first, head.first)
      sums[place].last = max(sums[place].last, head.last)
      sums[place].hosts.insert(Int64(profile.remote))
      if profile.program != 0 { sums[place].programs.insert(Int64(profile.program)) }
      if profile.isServiceLocal {
        sums[place].ports.insert(profile.service)
      } else if !sums[place].ports.insert(packed: &reader) {
        return false
      }
    }
    return reader.isAtEnd
  }

  /// Notes when a connection that is in already was last seen.
  mutating func see(_ profile: Profile, last: Int64) {
    guard let direction = profile.direction else { return }
    let place = place(of: Key(profile, direction))
    sums[place].last = max(sums[place].last, last)
  }

  private mutating func place(of key: Key) -> Int {
    if let known = places[key] { return known }
    places[key] = sums.count
    sums.append(Sums())
    return sums.count - 1
  }

  /// The services, the busiest first; FTP's data connections right after their control connections.
  func uses(_ names: [Int64: String]) -> [ServiceUse] {
    var uses = places.map { key, place in
      let sum = sums[place]
      return ServiceUse(
        transport: key.transport, port: key.port, direction: key.direction, remoteHosts: sum.hosts.count,
        connections: sum.connections, open: sum.open, localPorts: sum.ports.sorted,
        processes: Set(sum.programs.compactMap { names[$0] }).sorted(),
        firstSeen: Timestamp(microseconds: sum.first), lastSeen: Timestamp(microseconds: sum.last))
    }
    .sorted {
      ($1.connections, $0.port, $0.transport.rawValue, $0.direction.rawValue)
        < ($0.connections, $1.port, $1.transport.rawValue, $1.direction.rawValue)
    }
    uses.putFTPDataAfterControl()
    return uses
  }
}
