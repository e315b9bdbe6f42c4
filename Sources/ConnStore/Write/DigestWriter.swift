// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Digests blocks of lives and rolls them up, a little after each batch, and takes back what is no longer so.
///
/// A block is digested once all its numbers are given out and few of its lives go on. From then on each life of it
/// that is written again is compared with what the digest has: one that was told otherwise takes the digest away,
/// and it is made anew.
final class DigestWriter {
  /// The most lives of a block that may go on when it is digested: their ends are looked up by the readers.
  private static let mostOpen = Digest.span / 32
  /// A block whose lives were all opened longer ago than this is digested however many go on, in microseconds.
  private static let patience: Int64 = 600_000_000
  /// The most blocks digested after one batch: a quarter of a second's work for the writer's thread.
  private static let pieceOfBlocks = 32

  private let connection: Connection
  private let readRows: [Statement]
  private let countOpen: Statement
  private let addDigest: Statement
  private let addLives: Statement
  private let findDigest: Statement
  private let addRollup: Statement
  private let findRollup: Statement
  private let noteLate: Statement
  /// The next block to be digested, and the next rollup of level 0 to be made; nil where they must be looked up.
  private var next: (block: Int64, rollup: Int64)?
  /// Blocks whose digests were taken away, to be digested anew.
  private var stale: Set<Int64> = []

  /// Notes the ends of lives that were digested before, up to WHERE.
  static let noteEnds =
    "INSERT OR REPLACE INTO late SELECT l.id, l.opened + l.seen, l.path, l.pid, \(Profile.columns) FROM life l"

  init(_ connection: Connection) throws(StoreError) {
    self.connection = connection
    readRows = try ["life", "open_life"].map { table throws(StoreError) in
      try connection.prepare(
        """
        SELECT l.id, l.opened, l.opened + l.seen, l.path, l.pid, \(Profile.columns)
        FROM \(table) l WHERE l.id >= ? AND l.id < ?
        """)
    }
    countOpen = try connection.prepare(
      "SELECT count(*), coalesce(max(opened), 0) FROM open_life WHERE id >= ? AND id < ?")
    addDigest = try connection.prepare("INSERT OR REPLACE INTO digest VALUES(?, ?, ?)")
    addLives = try connection.prepare("INSERT OR REPLACE INTO digest_life VALUES(?, ?, ?)")
    findDigest = try connection.prepare(
      "SELECT profiles, ports, numbers FROM digest JOIN digest_life USING(block) WHERE block = ?")
    addRollup = try connection.prepare("INSERT OR REPLACE INTO rollup VALUES(?, ?, ?, ?, ?)")
    findRollup = try connection.prepare(
      "SELECT opened_first, opened_last, profiles, sums FROM rollup WHERE id = ?")
    noteLate = try connection.prepare(Self.noteEnds + " WHERE l.id = ?")
  }

  /// After a rollback, or when rows were taken out: looks at the tables again.
  func forget() { next = nil }

  /// The number from which on no life is digested.
  private func bounds() throws(StoreError) -> (block: Int64, rollup: Int64) {
    if let next { return next }
    let first =
      try connection.integer(
        "SELECT min(coalesce((SELECT min(id) FROM life), 1), coalesce((SELECT min(id) FROM open_life), 1))")
      ?? 1
    let found = (
      block: try connection.integer("SELECT max(block) + 1 FROM digest") ?? first / Digest.span,
      rollup: try connection.integer(
        "SELECT max(id) + 1 FROM rollup WHERE id < \(Rollup.id(level: 1, block: 0))")
        ?? first / Rollup.span
    )
    next = found
    return found
  }

  // MARK: - Lives that are written again

  /// Looks whether a life that is written is in a digest, and is there as it is now.
  ///
  /// - Parameter profile: nil where there can be none.
  func noteWriting(of id: Int64, as profile: (profile: Profile, client: UInt16)?) throws(StoreError) {
    guard try id / Digest.span < bounds().block, try !isDigested(id, as: profile) else { return }
    try connection.removeDigests(from: id, through: id)
    stale.insert(id / Digest.span)
  }

  /// Notes the end of a life whose row has been written, where it went on when it was digested.
  func noteEnd(of id: Int64) throws(StoreError) {
    guard try id / Digest.span < bounds().block else { return }
    noteLate.bind(1, id)
    try noteLate.run()
  }

  private func isDigested(_ id: Int64, as life: (profile: Profile, client: UInt16)?) throws(StoreError)
    -> Bool
  {
    findDigest.bind(1, id / Digest.span)
    defer { findDigest.reset() }
    // Without a digest there is nothing that could be wrong but a rollup, which is never without.
    guard try findDigest.step() else { return true }
    guard let life else { return false }
    var profiles: [Profile] = []
    guard findDigest.withBytes(0, { Profile.unpack($0, into: &profiles) }) else { return false }
    let digested = findDigest.withBytes(1) { ports in
      findDigest.withBytes(2) { numbers in
        DigestLives(ports: ports, numbers: numbers, profiles: profiles.count)?
          .life(at: Int(id % Digest.span), profiles)
      }
    }
    return digested.map { $0.profile == life.profile && $0.client == life.client } ?? false
  }

  // MARK: - Making

  /// Digests what is due.
  ///
  /// - Parameters:
  ///   - nextLife: all lives below this number have been written.
  ///   - now: the time of the last sample.
  func run(nextLife: Int64, now: Int64) throws(StoreError) {
    var (block, rollup) = try bounds()
    let wanted = stale.sorted().prefix(Self.pieceOfBlocks)
    var left = Self.pieceOfBlocks - wanted.count
    guard !wanted.isEmpty || (block + 1) * Digest.span <= nextLife else { return }
    try connection.transaction { () throws(StoreError) in
      for block in wanted { try digest(block) }
      while left > 0, (block + 1) * Digest.span <= nextLife, try isSettled(block, now: now) {
        try digest(block)
        block += 1
        left -= 1
      }
      for number in Set(wanted.map { $0 * Digest.span / Rollup.span }) where number < rollup {
        try rollUp(number)
      }
      while (rollup + 1) * Rollup.span <= block * Digest.span {
        try rollUp(rollup)
        rollup += 1
      }
    }
    next = (block, rollup)
    stale.subtract(wanted)
  }

  private func isSettled(_ block: Int64, now: Int64) throws(StoreError) -> Bool {
    countOpen.bind(1, block * Digest.span)
    countOpen.bind(2, (block + 1) * Digest.span)
    defer { countOpen.reset() }
    guard try countOpen.step() else { return true }
    return countOpen.integer(0) <= Self.mostOpen || countOpen.integer(1) < now - Self.patience
  }

  private func digest(_ block: Int64) throws(StoreError) {
    var digest = Digest()
    let first = block * Digest.span
    let isWhole = try rows(from: first, count: Digest.span) { row, profile, client in
      digest.insert(
        at: Int(row.integer(0) - first), profile, client: client, path: row.integer(3),
        pid: row.optionalInteger(4))
    }
    // Numbers that do not fit stay without a digest; so do blocks of which nothing is left.
    guard isWhole, !digest.profiles.isEmpty else { return }
    addDigest.bind(1, block)
    addDigest.bind(2, blob: digest.traitBytes)
    addDigest.bind(3, blob: digest.profileBytes)
    try addDigest.run()
    addLives.bind(1, block)
    addLives.bind(2, blob: digest.portBytes)
    addLives.bind(3, blob: digest.numberBytes)
    try addLives.run()
  }

  /// Hands over the rows of lives, finished or not; false where one does not fit into a profile.
  private func rows(
    from first: Int64, count: Int64, _ body: (Statement, Profile, UInt16) -> Void
  ) throws(StoreError) -> Bool {
    for rows in readRows {
      rows.bind(1, first)
      rows.bind(2, first + count)
      defer { rows.reset() }
      while try rows.step() {
        guard let (profile, client) = Profile.read(rows, from: 5) else { return false }
        body(rows, profile, client)
      }
    }
    return true
  }

  /// Makes a rollup of level 0, and those above it that it completes.
  private func rollUp(_ number: Int64) throws(StoreError) {
    var rollup = Rollup()
    let isWhole = try rows(from: number * Rollup.span, count: Rollup.span) { row, profile, client in
      rollup.insert(profile, client: client, opened: row.microseconds(1), last: row.microseconds(2))
    }
    guard isWhole, !rollup.profiles.isEmpty else { return }
    try add(rollup, level: 0, number)
    var number = number
    for level in Rollup.levels.dropFirst() {
      number /= Rollup.fanOut
      guard let joined = try join(level: level - 1, from: number * Rollup.fanOut) else { return }
      try add(joined, level: level, number)
    }
  }

  private func add(_ rollup: Rollup, level: Int, _ number: Int64) throws(StoreError) {
    addRollup.bind(1, Rollup.id(level: level, block: number))
    addRollup.bind(2, rollup.openedFirst)
    addRollup.bind(3, rollup.openedLast)
    addRollup.bind(4, blob: rollup.profileBytes)
    addRollup.bind(5, blob: rollup.sumBytes)
    try addRollup.run()
  }

  /// The rollup of all that make one of the next level; nil where one of them is missing, or it would be too large.
  private func join(level: Int, from first: Int64) throws(StoreError) -> Rollup? {
    var joined = Rollup()
    var bytes = 0
    // The last one first: it is the one that is missing, mostly.
    for number in (first..<first + Rollup.fanOut).reversed() {
      findRollup.bind(1, Rollup.id(level: level, block: number))
      defer { findRollup.reset() }
      guard try findRollup.step() else { return nil }
      let opened = (findRollup.integer(0), findRollup.integer(1))
      guard opened.0 <= opened.1 else { return nil }
      let isSound = findRollup.withBytes(2) { profiles in
        findRollup.withBytes(3) { sums in
          joined.insert(profiles: profiles, sums: sums, opened: opened.0...opened.1)
        }
      }
      bytes += findRollup.withBytes(3) { $0.count }
      guard isSound, joined.profiles.count <= Rollup.mostProfiles, bytes <= Rollup.mostBytes else {
        return nil
      }
    }
    return joined
  }
}

extension Connection {
  /// Removes the digests and rollups with lives from `first` to `last`.
  func removeDigests(from first: Int64, through last: Int64) throws(StoreError) {
    for table in ["digest", "digest_life"] {
      try run("DELETE FROM \(table) WHERE block BETWEEN \(first / Digest.span) AND \(last / Digest.span)")
    }
    for level in Rollup.levels {
      let span = Rollup.span(level: level)
      let (from, through) = (
        Rollup.id(level: level, block: first / span), Rollup.id(level: level, block: last / span)
      )
      try run("DELETE FROM rollup WHERE id BETWEEN \(from) AND \(through)")
    }
  }
}
