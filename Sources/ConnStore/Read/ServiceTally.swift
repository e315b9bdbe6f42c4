// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore

/// Everything that is known of one service: who talked to it, from which local ports, by which programs.
public struct ServiceUse: Sendable {
  /// The transport.
  public var transport: Transport
  /// The service's port: the remote one of what we opened, the local one of what was opened to us.
  public var port: UInt16
  /// Who opened.
  public var direction: Direction
  /// How many different remote addresses.
  public var remoteHosts: Int
  /// How many connections.
  public var connections: Int
  /// How many of them are going on.
  public var open: Int
  /// The local ports, ascending.
  public var localPorts: [UInt16]
  /// Names of the programs, ascending; those whose name is not known are not among them.
  public var processes: [String]
  /// When the first of them was first seen.
  public var firstSeen: Timestamp
  /// When the last of them was last seen.
  public var lastSeen: Timestamp
}

extension HistoryReader {
  /// Sums up the connections of a query by service, the busiest first. Connections whose direction is not known
  /// belong to no service.
  ///
  /// Reads numbers only, and looks up names at the end: a table of ten million rows passes in seconds.
  public func services(_ query: LifeQuery, directions: Set<Direction>) throws(StoreError) -> [ServiceUse] {
    var tally = ServiceTally(directions: directions)
    func columns(seen: String) -> String {
      "SELECT l.id, l.opened, l.duration, \(seen), l.lport, l.raddr, l.rport, l.flags, l.program"
    }
    var (conditions, bindings) = Self.conditions(query)
    Self.addOpenCondition(query, &conditions, &bindings)
    // What is open was there in the last sample.
    let seen = try lastSampleBoot().map { "max(l.seen, \($0) - l.opened_boot)" } ?? "l.seen"
    let open = try connection.prepare(
      "\(columns(seen: seen)) FROM open_life l" + Self.whereClause(conditions))
    open.bind(all: bindings)
    while try open.step() { tally.add(open) }
    for part in try parts(query, select: { "\(columns(seen: "l.seen")) FROM \($0)" }) {
      let rows = try connection.prepare(part.sql)
      rows.bind(all: part.bindings)
      while try rows.step() { tally.add(rows) }
    }
    var names: [Int64: String] = [:]
    let programs = try connection.prepare("SELECT id, name FROM program WHERE name IS NOT NULL")
    while try programs.step() { names[programs.integer(0)] = programs.text(1) }
    return tally.uses(names)
  }
}

/// The sums while they are made.
private struct ServiceTally {
  private struct Key: Hashable {
    var transport: Transport
    var port: UInt16
    var direction: Direction
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
  mutating func add(_ row: Statement) {
    let flags = LifeFlags(rawValue: row.integer(7))
    guard let direction = flags.direction, directions.contains(direction) else { return }
    let local = UInt16(truncatingIfNeeded: row.integer(4))
    let port = direction == .inbound ? local : UInt16(truncatingIfNeeded: row.integer(6))
    let key = Key(transport: flags.proto.transport, port: port, direction: direction)
    let place: Int
    if let known = places[key] {
      place = known
    } else {
      place = sums.count
      sums.append(Sums())
      places[key] = place
    }
    let opened = row.microseconds(1)
    let isOpen = row.isNull(2)
    sums[place].connections += 1
    if isOpen { sums[place].open += 1 }
    sums[place].hosts.insert(row.integer(5))
    sums[place].ports.insert(local)
    if let program = row.optionalInteger(8) { sums[place].programs.insert(program) }
    sums[place].first = min(sums[place].first, opened)
    sums[place].last = max(sums[place].last, opened + row.microseconds(3))
  }

  func uses(_ names: [Int64: String]) -> [ServiceUse] {
    places.map { key, place in
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
  }
}

/// Ports: a short list while they are few, one bit each when they are many.
private struct PortSet {
  private var few: Set<UInt16> = []
  private var many: [UInt64] = []

  mutating func insert(_ port: UInt16) {
    if many.isEmpty {
      few.insert(port)
      guard few.count > 512 else { return }
      many = [UInt64](repeating: 0, count: 1024)
      for port in few { set(port) }
      few = []
    } else {
      set(port)
    }
  }

  private mutating func set(_ port: UInt16) { many[Int(port >> 6)] |= 1 << UInt64(port & 63) }

  var sorted: [UInt16] {
    if many.isEmpty { return few.sorted() }
    return (0...UInt16.max).filter { many[Int($0 >> 6)] & (1 << UInt64($0 & 63)) != 0 }
  }
}
