// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Digests blocks of lives and rolls them up, a little after each batch, and takes back what is no longer so.
///
/// A block is digested once all its numbers are given out and few of its lives go on. From then on each life of it
/// that is written again is compared with its row, which is what the digest was made of: one that was told otherwise
/// takes the digest and the rollups away, and they are made anew.
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
  private let findLife: Statement
  private let addRollup: Statement
  private let findRollup: Statement
  private let noteLate: Statement
  /// The next block to be digested, and the next rollup of level 0 to be made; nil where they must be looked up.
  private var next: (block: Int64, rollup: Int64)?
  /// Blocks whose digests were taken away, to be digested anew.
  private var stale: Set<Int64> = []
  /// Those of them that nothing has been made of since.
  private var bare: Set<Int64> = []

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
    let life = "SELECT l.opened, l.opened + l.seen, \(Profile.columns) FROM"
    findLife = try connection.prepare(
      "\(life) open_life l WHERE l.id = ?1 UNION ALL \(life) life l WHERE l.id = ?1")
    addRollup = try connection.prepare("INSERT OR REPLACE INTO rollup VALUES(?, ?, ?, ?, ?)")
    findRollup = try connection.prepare(
      "SELECT opened_first, opened_last, profiles, sums FROM rollup WHERE id = ?")
    noteLate = try connection.prepare(Self.noteEnds + " WHERE l.id = ?")
  }

  /// After a rollback, or when rows were taken out: looks at the tables again.
  func forget() {
    next = nil
    bare = []
  }

  /// The number from which on no life is digested, nor rolled up: of digests some may be missing.
  private func bounds() throws(StoreError) -> (block: Int64, rollup: Int64) {
    if let next { return next }
    // In a sound file no number comes near the bounds; in another they must not run over.
    let first =
      try connection.integer(
        "SELECT min(id) FROM (SELECT min(id) AS id FROM life UNION ALL SELECT min(id) FROM open_life)") ?? 0
    let block = try connection.integer("SELECT max(block) + 1 FROM digest WHERE block BETWEEN 0 AND 1 << 49")
    let rollup = try connection.integer("SELECT max(id) + 1 FROM rollup WHERE id BETWEEN 0 AND 1 << 46")
    let found = (
      block: max(block ?? max(0, first) / Digest.span, (rollup ?? 0) * (Rollup.span / Digest.span)),
      rollup: rollup ?? max(0, first) / Rollup.span
    )
    next = found
    return found
  }

  // MARK: - Lives that are written again

  /// Before a life is written: looks whether the digest it is in has it as it will be.
  ///
  /// - Parameters:
  ///   - life: its profile; nil where there can be none, or its row is taken out.
  ///   - opened: in microseconds since the epoch, as are those below.
  ///   - last: when it was last seen.
  func noteWriting(
    of id: Int64, as life: (profile: Profile, client: UInt16)?, opened: Int64, last: Int64
  ) throws(StoreError) {
    let block = id / Digest.span
    guard try block < bounds().block, !bare.contains(block) else { return }
    guard try !isStored(id, life, opened, last) else { return }
    try connection.removeDigests(from: id, through: id)
    bare.insert(block)
    stale.insert(block)
  }

  /// Before the row of a life that goes on is taken out, as if it had never been.
  func noteRemoval(of id: Int64) throws(StoreError) {
    try noteWriting(of: id, as: nil, opened: 0, last: 0)
  }

  /// Notes the end of a life whose row has been written, where it went on when it was digested.
  func noteEnd(of id: Int64) throws(StoreError) {
    guard try id / Digest.span < bounds().block else { return }
    noteLate.bind(1, id)
    try noteLate.run()
  }

  private func isStored(
    _ id: Int64, _ life: (profile: Profile, client: UInt16)?, _ opened: Int64, _ last: Int64
  ) throws(StoreError) -> Bool {
    findLife.bind(1, id)
    defer { findLife.reset() }
    // Nothing was made of a row that was not there, but what was made says so.
    guard try findLife.step(), let life, let stored = Profile.read(findLife, from: 2) else { return false }
    return stored.profile == life.profile && stored.client == life.client
      && findLife.integer(0) == opened && findLife.integer(1) <= last
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
    bare = []
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
    // What was opened in the time to come was so while the clock was ahead: that may not come for years.
    return countOpen.integer(0) <= Self.mostOpen || abs(countOpen.microseconds(1) - now) > Self.patience
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
