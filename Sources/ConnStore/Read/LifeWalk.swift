// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Finds the lives of a part that fit a filter, block by block: rollups tell where there are none, digests which they
/// are, and only their rows are read. Where nothing is digested, all rows are.
struct LifeWalk {
  /// Beyond so many of a block its rows are read one after the other instead of one by one.
  private static let mostSingle = 256

  private let part: LifePart
  private let filter: ProfileFilter
  /// Rows with the whole filter, and without.
  private let filtered: LifeRows
  private let known: LifeRows
  private let digests: Statement
  private let rollups: Statement
  private let lives: Statement
  private let isNewest: Bool
  /// What is known of lives that ended after they were digested, by block; empty where the filter does not ask for it.
  private let late: [Int64: DigestTraits]
  /// Of each level, the rollup that was looked at last.
  private var seen: [Seen]
  // Kept for their memory:
  private var profiles: [Profile] = []
  private var answers: [ProfileFilter.Answer] = []
  private var otherAnswers: [ProfileFilter.Answer] = []
  private var found: [Int64] = []

  /// What is known of a rollup.
  private struct Seen {
    var block: Int64
    /// Something in it may fit.
    var mayFit = true
    /// Something in it may fit whose client's port is none of those that are asked for.
    var mayFitByProfile = true
  }

  init(
    _ connection: Connection, _ part: LifePart, _ query: LifeQuery, select: (String) -> String
  ) throws(StoreError) {
    self.part = part
    filter = try ProfileFilter(query, connection)
    isNewest = part.order == .newestFirst
    filtered = try part.prepare(select, isFiltered: true, on: connection)
    known = try part.prepare(select, isFiltered: false, on: connection)
    digests = try connection.prepare(
      "SELECT block, traits, profiles FROM digest WHERE block BETWEEN ? AND ? ORDER BY block "
        + (isNewest ? "DESC LIMIT 1" : "ASC LIMIT 1"))
    rollups = try connection.prepare("SELECT profiles FROM rollup WHERE id = ?")
    lives = try connection.prepare("SELECT ports, numbers FROM digest_life WHERE block = ?")
    late = filter.asksTraits ? try connection.lateTraits() : [:]
    seen = Array(repeating: Seen(block: -1), count: try connection.topRollupLevel().map { $0 + 1 } ?? 0)
  }

  /// Hands over rows in the part's order; false where `body` wanted no more.
  mutating func run<Failure: Error>(_ body: (Statement) throws(Failure) -> Bool) throws -> Bool {
    guard let last = part.numbers.last else { return true }
    var left = part.numbers.lowerBound...last
    while true {
      let (numbers, goesOn) = try piece(of: left, body)
      guard goesOn else { return false }
      // What is left is on the one side of what has been looked at.
      if isNewest {
        guard numbers.lowerBound > left.lowerBound else { return true }
        left = left.lowerBound...(numbers.lowerBound - 1)
      } else {
        guard numbers.upperBound < left.upperBound else { return true }
        left = (numbers.upperBound + 1)...left.upperBound
      }
    }
  }

  /// Looks at the next piece of what is left; returns which numbers that were, and whether to go on.
  private mutating func piece<Failure: Error>(
    of left: ClosedRange<Int64>, _ body: (Statement) throws(Failure) -> Bool
  ) throws -> (ClosedRange<Int64>, goesOn: Bool) {
    let edge = isNewest ? left.upperBound : left.lowerBound
    if let empty = try emptyRollup(at: edge) { return (empty, true) }
    digests.bind(1, left.lowerBound / Digest.span)
    digests.bind(2, left.upperBound / Digest.span)
    defer { digests.reset() }
    guard try digests.step() else { return (left, try filtered.each(left, body)) }
    let block = digests.integer(0)
    let numbers = (block * Digest.span)...(block * Digest.span + Digest.span - 1)
    // What lies before the next digest has none.
    if isNewest, numbers.upperBound < edge {
      let bare = (numbers.upperBound + 1)...edge
      return (bare, try filtered.each(bare, body))
    }
    if !isNewest, numbers.lowerBound > edge {
      let bare = edge...(numbers.lowerBound - 1)
      return (bare, try filtered.each(bare, body))
    }
    return (numbers, try rows(digested: numbers, numbers.clamped(to: left), body))
  }

  /// The numbers of a rollup around `number` in which nothing can fit; nil where there is none.
  private mutating func emptyRollup(at number: Int64) throws(StoreError) -> ClosedRange<Int64>? {
    for level in seen.indices.reversed() {
      let span = Rollup.span(level: level)
      let block = number / span
      if seen[level].block != block {
        rollups.bind(1, Rollup.id(level: level, block: block))
        defer { rollups.reset() }
        seen[level] = Seen(block: block)
        if try rollups.step(), rollups.withBytes(0, { Profile.unpack($0, into: &profiles) }) {
          seen[level].mayFit = profiles.contains { filter.answer($0) != .no }
          if seen[level].mayFit, let other = filter.otherPort {
            seen[level].mayFitByProfile = profiles.contains { filter.answer($0, client: other) != .no }
          }
        }
      }
      if !seen[level].mayFit { return (block * span)...(block * span + span - 1) }
    }
    return nil
  }

  /// Hands over the rows of a block that the digest says fit, and those that it cannot tell of after asking them.
  private mutating func rows<Failure: Error>(
    digested block: ClosedRange<Int64>, _ asked: ClosedRange<Int64>,
    _ body: (Statement) throws(Failure) -> Bool
  ) throws -> Bool {
    let number = block.lowerBound / Digest.span
    var traits: DigestTraits?
    if filter.asksTraits {
      traits = digests.withBytes(1) { DigestTraits($0, processes: filter.asksProcesses) }
      if let more = late[number] { traits?.add(more) }
      if let traits, filter.answer(traits) == .no { return true }
    }
    if filter.isOfPathsAlone { return try filtered.each(asked, body) }
    lives.bind(1, number)
    defer { lives.reset() }
    guard try lives.step() else { return try filtered.each(asked, body) }
    // Where only a client's port can fit, the ports are looked at first: they are quicker read than profiles.
    if seen.contains(where: { !$0.mayFitByProfile }),
      !lives.withBytes(0, { DigestLives.hasPort(in: filter.ports, $0) })
    {
      return true
    }
    guard digests.withBytes(2, { Profile.unpack($0, into: &profiles) }) else {
      return try filtered.each(asked, body)
    }
    answers.removeAll(keepingCapacity: true)
    for profile in profiles { answers.append(filter.answer(profile, traits: traits)) }
    guard answers.contains(where: { $0 != .no }) else { return true }
    otherAnswers.removeAll(keepingCapacity: true)
    if let other = filter.otherPort {
      for profile in profiles { otherAnswers.append(filter.answer(profile, client: other, traits: traits)) }
    }
    found.removeAll(keepingCapacity: true)
    let isSure = lives.withBytes(0) { ports in
      lives.withBytes(1) { numbers in
        DigestLives(ports: ports, numbers: numbers, profiles: profiles.count)
          .flatMap { look(into: $0, block.lowerBound, asked, traits) }
      }
    }
    guard let isSure else { return try filtered.each(asked, body) }
    guard let first = found.first, let last = found.last else { return true }
    let rows = isSure ? known : filtered
    if isNewest { found.reverse() }
    if found.count <= Self.mostSingle {
      for number in found { guard try rows.each(number...number, body) else { return false } }
      return true
    }
    if !isSure { return try rows.each(first...last, body) }
    var next = found.startIndex
    let found = found
    return try rows.each(first...last) { row throws(Failure) in
      let number = row.integer(0)
      while next < found.endIndex, isNewest ? found[next] > number : found[next] < number { next += 1 }
      guard next < found.endIndex, found[next] == number else { return true }
      return try body(row)
    }
  }

  /// Notes the lives of a block that may fit, by ascending number; returns whether all do, nil for a damaged digest.
  private mutating func look(
    into lives: DigestLives, _ first: Int64, _ asked: ClosedRange<Int64>, _ traits: DigestTraits?
  ) -> Bool? {
    var isSure = true
    for place in Int(asked.lowerBound - first)...Int(asked.upperBound - first) {
      guard let number = lives.profile(at: place) else { continue }
      guard number < answers.count else { return nil }
      var answer = answers[number]
      if answer == .no { continue }
      if answer == .maybe, !filter.ports.isEmpty {
        let client = lives.client(at: place)
        answer =
          otherAnswers.isEmpty || filter.ports.contains { $0.contains(client) }
          ? filter.answer(profiles[number], client: client, traits: traits) : otherAnswers[number]
        if answer == .no { continue }
      }
      if answer == .maybe { isSure = false }
      found.append(first + Int64(place))
    }
    return isSure
  }
}

extension Connection {
  /// The highest level that there are rollups of; nil where there are none.
  func topRollupLevel() throws(StoreError) -> Int? {
    try integer("SELECT max(id) FROM rollup WHERE id >= 0").map {
      min(Rollup.place(of: $0).level, Rollup.levels.upperBound)
    }
  }

  /// What is known of lives that ended after they were digested, by block.
  fileprivate func lateTraits() throws(StoreError) -> [Int64: DigestTraits] {
    let rows = try prepare("SELECT id, path, pid, program FROM late ORDER BY id")
    var traits: [Int64: DigestTraits] = [:]
    while try rows.step() {
      var more = DigestTraits(paths: [rows.integer(1)], processes: [])
      if let pid = rows.optionalInteger(2) {
        more.processes = [.init(pid: pid, program: UInt32(truncatingIfNeeded: rows.integer(3)))]
      }
      traits[rows.integer(0) / Digest.span, default: DigestTraits(paths: [], processes: [])].add(more)
    }
    return traits
  }
}
