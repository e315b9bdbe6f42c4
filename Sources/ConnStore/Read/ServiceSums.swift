// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore

extension HistoryReader {
  /// Sums up the connections of a query by service, the busiest first. Connections whose direction is not known
  /// belong to no service.
  ///
  /// Reads numbers only, those of rollups where there are any, and looks up names at the end.
  public func services(_ query: LifeQuery, directions: Set<Direction>) throws(StoreError) -> [ServiceUse] {
    var sums = try ServiceSums(self, query, directions)
    if query.hosts.includesOwn {
      for part in try parts(query) { try ofStore { try sums.add(part) } }
      try sums.addOpen()
      if sums.hasFTP || query.condition != nil { try ofStore { try sums.joinFTP() } }
    }
    try sums.addEvidence()
    var names: [Int64: String] = [:]
    let programs = try connection.prepare("SELECT id, name FROM program WHERE name IS NOT NULL")
    while try programs.step() { names[programs.integer(0)] = programs.text(1) }
    return sums.tally.uses(names)
  }
}

/// Adds up the lives of a query: whole rollups where all of a rollup is asked for, rows where not.
private struct ServiceSums {
  private let reader: HistoryReader
  private let query: LifeQuery
  /// The directions that are asked for, a bit each.
  private let directions: UInt8
  /// nil where there are no rollups.
  private let rollups: Rollups?
  /// Numbers of lives that were added by rollups.
  private var rolled: [Range<Int64>] = []
  var tally: ServiceTally
  /// Some connection may be one of FTP's control connections.
  private(set) var hasFTP = false
  /// Numbers of programs that serve FTP on any port.
  private let servers: NumberSet
  // Kept for their memory:
  private var profiles: [Profile] = []
  private var fits: [Bool] = []

  /// What it takes to add by rollups.
  private struct Rollups {
    let filter: ProfileFilter
    let topLevel: Int
    let find: Statement
    /// Finds the first of level 0 at a place or after it; those above have some of these in them.
    let findNext: Statement

    init?(_ reader: HistoryReader, _ query: LifeQuery) throws(StoreError) {
      guard reader.schema >= 3, let level = try reader.connection.topRollupLevel() else { return nil }
      topLevel = level
      filter = try ProfileFilter(query, reader.connection)
      find = try reader.connection.prepare(
        "SELECT opened_first, opened_last, profiles, sums FROM rollup WHERE id = ?")
      findNext = try reader.connection.prepare(
        "SELECT min(id) FROM rollup WHERE id BETWEEN ? AND \(Rollup.id(level: 1, block: 0) - 1)")
    }
  }

  init(_ reader: HistoryReader, _ query: LifeQuery, _ directions: Set<Direction>) throws(StoreError) {
    self.reader = reader
    self.query = query
    self.directions = directions.reduce(0) { $0 | 1 << $1.rawValue }
    tally = ServiceTally(directions: directions)
    rollups = try Rollups(reader, query)
    servers = try FTPControls.programs(reader.connection)
  }

  private static func columns(seen: String = "l.seen") -> String {
    "SELECT l.id, l.opened, l.duration, \(seen), l.lport, l.raddr, l.rport, l.flags, l.program"
  }

  /// Adds the finished lives of a part.
  mutating func add(_ part: LifePart) throws {
    guard let rollups, part.table == "life l", part.numbers.lowerBound >= 0 else {
      return try addRows(part, part.numbers)
    }
    var next = part.numbers.lowerBound
    var bare = next
    while next < part.numbers.upperBound {
      if let span = try add(rollups, at: next, within: part.numbers) {
        if bare < next { try addRows(part, bare..<next) }
        next += span
        bare = next
      } else {
        // Numbers can be far apart: from one rollup to the next.
        rollups.findNext.bind(1, next / Rollup.span + 1)
        defer { rollups.findNext.reset() }
        guard try rollups.findNext.step(), let block = rollups.findNext.optionalInteger(0) else { break }
        next = block * Rollup.span
      }
    }
    if bare < part.numbers.upperBound { try addRows(part, bare..<part.numbers.upperBound) }
  }

  private mutating func addRows(_ part: LifePart, _ numbers: Range<Int64>) throws {
    var part = part
    part.numbers = numbers
    _ = try reader.eachRow(of: part, query, select: { "\(Self.columns()) FROM \($0)" }) { row throws(Never) in
      note(row)
      tally.add(row)
      return true
    }
  }

  /// Adds the largest rollup that begins with a number and of which all is asked for; returns how many numbers it
  /// stands for, nil where there is none.
  private mutating func add(
    _ rollups: Rollups, at first: Int64, within numbers: Range<Int64>
  ) throws(StoreError) -> Int64? {
    let row = rollups.find
    for level in stride(from: rollups.topLevel, through: 0, by: -1) {
      let span = Rollup.span(level: level)
      guard first % span == 0, span <= numbers.upperBound - first else { continue }
      row.bind(1, Rollup.id(level: level, block: first / span))
      defer { row.reset() }
      guard try row.step(), row.withBytes(2, { Profile.unpack($0, into: &profiles) }) else {
        continue
      }
      let opened = (first: row.microseconds(0), last: row.microseconds(1))
      guard opened.first >= query.since?.microseconds ?? .min,
        opened.last <= query.until?.microseconds ?? .max
      else { continue }
      fits.removeAll(keepingCapacity: true)
      for profile in profiles {
        if profile.service == FTPControls.port || servers.contains(Int64(profile.program)) { hasFTP = true }
        guard asksFor(profile) else {
          fits.append(false)
          continue
        }
        let answer = rollups.filter.answer(profile)
        if answer == .maybe { break }
        fits.append(answer == .yes)
      }
      // Where one cannot tell, those below cannot either, mostly: but they may have fewer that cannot.
      guard fits.count == profiles.count else { continue }
      guard row.withBytes(3, { tally.add(profiles, fits, sums: $0, from: opened.first) }) else {
        throw StoreError(
          .damaged, path: reader.path, why: "rollup \(first / span) of level \(level) cannot be read",
          hint: "connwatch db check tells more")
      }
      rolled.append(first..<first + span)
      return span
    }
    return nil
  }

  /// Adds the lives that go on, and what came of those that did when they were rolled up.
  mutating func addOpen() throws(StoreError) {
    let (conditions, bindings) = HistoryReader.openConditions(query)
    // What is open was there in the last sample.
    let seen = try reader.lastSampleBoot().map { "max(l.seen, \($0) - l.opened_boot)" } ?? "l.seen"
    let open = try reader.connection.prepare(
      "\(Self.columns(seen: seen)) FROM open_life l" + HistoryReader.whereClause(conditions))
    open.bind(all: bindings)
    while try open.step() {
      let number = open.integer(0)
      note(open)
      tally.add(open, isCounted: rolled.contains { $0.contains(number) })
    }
    guard let rollups, !rolled.isEmpty else { return }
    let late = try reader.connection.prepare("SELECT l.id, l.last, \(Profile.columns) FROM late l")
    while try late.step() {
      let number = late.integer(0)
      guard rolled.contains(where: { $0.contains(number) }), let (profile, _) = Profile.read(late, from: 2),
        asksFor(profile), rollups.filter.answer(profile) == .yes
      else { continue }
      tally.see(profile, last: late.microseconds(1))
    }
  }

  /// Looks whether a row may be of a control connection of FTP, in either direction.
  private mutating func note(_ row: Statement) {
    if row.integer(4) == Int64(FTPControls.port) || row.integer(6) == Int64(FTPControls.port)
      || servers.contains(row.integer(8))
    {
      hasFTP = true
    }
  }

  /// Makes one service of FTP's data connections, which are on as many ports as there are files: takes them out of the
  /// services of these, and adds them up as what was opened from port 20, in the direction of their control connections.
  mutating func joinFTP() throws {
    let data = try reader.ftpData(query)
    if data.isEmpty { return }
    var moved: [ServiceTally.Key: Int] = [:]
    let finished = try reader.connection.prepare("\(Self.columns()) FROM life l WHERE l.id = ?")
    let open = try reader.connection.prepare("\(Self.columns()) FROM open_life l WHERE l.id = ?")
    for each in data {
      let life = each.life
      let joined = ServiceTally.Key(transport: .tcp, port: FTPControls.dataPort, direction: each.direction)
      let own = ServiceTally.Key(life)
      if own == joined { continue }
      if each.isAskedFor, let own, tally.counts(own) { moved[own, default: 0] += 1 }
      if !each.isAskedForAsData { continue }
      for row in [finished, open] {
        row.bind(1, life.id)
        defer { row.reset() }
        if try row.step() { tally.add(row, as: joined, seen: life.lastSeenOffset) }
      }
    }
    // A port of nothing else is gone; what else there was on another one is added up again.
    let shared = Set(moved.filter { key, count in tally.remove(key) > count }.keys)
    if shared.isEmpty { return }
    var again = query
    again.condition = HistoryReader.condition([HistoryReader.service(shared.map(\.port))] + query.expressions)
    let taken = Set(data.map(\.life.id))
    let last = try reader.lastSampleBoot()
    let (conditions, bindings) = HistoryReader.openConditions(again)
    let seen = last.map { "max(l.seen, \($0) - l.opened_boot)" } ?? "l.seen"
    let going = try reader.connection.prepare(
      "\(Self.columns(seen: seen)) FROM open_life l" + HistoryReader.whereClause(conditions))
    going.bind(all: bindings)
    while try going.step() { tally.add(going, only: shared, except: taken) }
    for part in try reader.parts(again) {
      _ = try reader.eachRow(of: part, again, select: { "\(Self.columns()) FROM \($0)" }) {
        row throws(Never) in
        tally.add(row, only: shared, except: taken)
        return true
      }
    }
  }

  /// Adds the lives of evidence. Nobody knows whether those without an end go on, so none counts as open.
  mutating func addEvidence() throws(StoreError) {
    guard let (conditions, bindings) = try EvidenceRows.conditions(reader, query) else { return }
    let rows = try reader.connection.prepare(
      """
      SELECT l.id, l.opened, coalesce(l.duration, l.seen), l.seen, l.lport, l.raddr, l.rport, l.flags, l.program
      FROM evidence_life l
      """ + HistoryReader.whereClause(conditions))
    rows.bind(all: bindings)
    while try rows.step() { tally.add(rows) }
  }

  private func asksFor(_ profile: Profile) -> Bool {
    let direction = profile.kind >> 2 & 3
    return direction != 0 && directions & 1 << direction != 0
  }
}
