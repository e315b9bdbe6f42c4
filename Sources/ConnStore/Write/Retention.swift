// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore

/// How long and how much history is kept, and the taking away of what is too old or too much.
///
/// It works in small pieces after each sample, so that no sample waits behind one great deletion, and gives the
/// space back to the file system.
public struct Retention: Sendable {
  /// Microseconds after its end that a connection is kept; nil keeps it for ever.
  public var keep: Int64?
  /// Bytes that the database may use, evidence not counted; nil sets no limit.
  public var maxSize: Int64?
  /// What is left free on the disk; nil leaves nothing.
  public var keepFree: DiskReserve?

  /// The most lives taken out after one sample.
  static let pieceOfLives = 10_000
  /// Microseconds between two looks for what is too old, where the last one found nothing.
  static let pace: Int64 = 10_000_000
  /// The most pages given back after one sample.
  static let pieceOfPages = 2_000

  /// The most lives that go before the dictionaries are swept: that reads the whole table.
  static let sweepAfter = 100_000
  /// Bytes of a life, indexes and dictionaries included; see the budgets.
  static let bytesOfLife: Int64 = 120

  /// Makes a rule.
  public init(keep: Int64? = nil, maxSize: Int64? = nil, keepFree: DiskReserve? = nil) {
    self.keep = keep
    self.maxSize = maxSize
    self.keepFree = keepFree
  }

  /// Takes out one piece of what is too old or too much after a batch, by a clock that a step does not deceive.
  func run(on writer: HistoryWriter, after batch: Batch) throws(StoreError) {
    // A batch of no sample has the time of the one before.
    guard batch.samples > 0 else { return }
    try run(on: writer, now: writer.pruningClock.now(wall: batch.last, boot: batch.boot))
  }

  /// Takes out one piece of what is too old or too much.
  ///
  /// - Returns: how many lives were taken out; a piece that is not full means there is no more to do.
  @discardableResult
  public func run(on writer: HistoryWriter, now: Timestamp) throws(StoreError) -> Int {
    let connection = writer.connection
    var removed = 0
    let moment = now.microseconds / Self.pace
    if let keep, moment != writer.prunedAt {
      removed = try connection.removeLives(closedBefore: now + -keep, limit: Self.pieceOfLives)
      writer.prunedAt = removed == 0 ? moment : nil
    }
    // Where little fits, little is taken out at a time, and the dictionaries must not take its room.
    let fits = try mostBytes(writer).map { Int($0 / Self.bytesOfLife) } ?? .max
    let isSwept = writer.removedSinceSweep < min(Self.sweepAfter, max(1000, fits / 4))
    if try isTooMuch(writer) {
      if !isSwept { try writer.sweepDictionaries() }
      // In pieces, since a deletion needs room too; as many as it takes, since more can come than one of them.
      while removed < Self.pieceOfLives {
        guard try isTooMuch(writer) else { break }
        let piece = try connection.removeOldestLives(min(Self.pieceOfLives, max(100, fits / 20)))
        removed += piece
        if piece == 0 { break }
      }
    } else if removed < Self.pieceOfLives && writer.removedSinceSweep >= Self.sweepAfter {
      // In a quiet moment, once much has gone since the last time.
      try writer.sweepDictionaries()
    }
    writer.removedSinceSweep += removed
    if let held = writer.held {
      try connection.giveBack(beyond: held)
    } else {
      try connection.giveBack(pages: Self.pieceOfPages)
    }
    return removed
  }

  /// The bytes that a history may have; nil where nothing limits it.
  private func mostBytes(_ writer: HistoryWriter) throws(StoreError) -> Int64? {
    guard let held = writer.held else { return maxSize }
    let size = held.pages * (try writer.connection.integer("PRAGMA page_size") ?? 4096)
    return min(size, maxSize ?? size)
  }

  private func isTooMuch(_ writer: HistoryWriter) throws(StoreError) -> Bool {
    if let maxSize, try writer.connection.historyBytes() > maxSize { return true }
    guard let held = writer.held else { return false }
    return try writer.connection.pagesBeyond(held) > 0
  }

  /// Looks whether the disk has what is to be left free; see ``HistoryWriter/lookAtDisk(_:_:)``.
  func look(at writer: HistoryWriter) throws(StoreError) -> StoreNotice? {
    guard let keepFree, let space = DiskSpace(at: writer.path) else { return nil }
    return try writer.lookAtDisk(keepFree, space)
  }

  /// Takes out everything that is too old or too much from a database that no recorder writes to.
  ///
  /// - Returns: how many lives were taken out, and how many bytes the file has shrunk by.
  public func run(database path: String, now: Timestamp) throws(StoreError) -> (lives: Int, bytes: Int64) {
    _ = try HistoryReader(path: path)
    let lock = try RecorderLock(database: path)
    defer { withExtendedLifetime(lock) {} }
    let connection = try Connection(path: path, mode: .write)
    try connection.run("PRAGMA busy_timeout = 5000")
    try Migration.bringUpToDate(connection, now: now)
    let before = HistoryReader.fileSize(path)
    var lives = 0
    if let keep {
      while true {
        let removed = try connection.removeLives(closedBefore: now + -keep, limit: Self.pieceOfLives)
        lives += removed
        if removed == 0 { break }
      }
    }
    try connection.sweepDictionaries()
    if let maxSize { lives += try shrink(connection, to: maxSize) }
    try connection.giveBack(pages: .max)
    try connection.run("PRAGMA wal_checkpoint(TRUNCATE)")
    return (lives, max(0, before - HistoryReader.fileSize(path)))
  }

  /// Takes out the oldest lives until a database uses no more than `size`.
  ///
  /// Room in the dictionaries is known only after a sweep, which reads the whole table: so it takes out what seems too
  /// much by the average size of a life, sweeps, and looks again. Few turns are needed.
  ///
  /// - Returns: how many lives were taken out.
  private func shrink(_ connection: Connection, to size: Int64) throws(StoreError) -> Int {
    var removed = 0
    while true {
      let used = try connection.historyBytes()
      let count = Int(try connection.integer("SELECT count(*) FROM life") ?? 0)
      if used <= size || count == 0 { return removed }
      let excess = Double(count) * Double(used - size) / Double(used)
      var left = min(count, max(Int(excess), count / 200 + 1))
      while left > 0 {
        let piece = try connection.removeOldestLives(min(left, Self.pieceOfLives))
        if piece == 0 { break }
        removed += piece
        left -= piece
      }
      try connection.sweepDictionaries()
    }
  }
}

extension HistoryWriter {
  /// Takes entries out of the dictionaries that no life refers to any more.
  func sweepDictionaries() throws(StoreError) {
    try connection.sweepDictionaries()
    dictionaries.forget()
    removedSinceSweep = 0
  }
}

extension Connection {
  /// Bytes of the pages in use, without free ones and without the log.
  func usedBytes() throws(StoreError) -> Int64 {
    let pages = try integer("PRAGMA page_count") ?? 0
    let free = try integer("PRAGMA freelist_count") ?? 0
    return (pages - free) * (try integer("PRAGMA page_size") ?? 4096)
  }

  /// Bytes that the history uses, without evidence: what somebody imported goes when somebody says so, and must not
  /// push out what is recorded.
  func historyBytes() throws(StoreError) -> Int64 {
    try usedBytes() - (integer("SELECT sum(bytes) FROM evidence") ?? 0)
  }

  /// Takes out lives that ended before `moment`, and the samples and gaps of that time.
  func removeLives(closedBefore moment: Timestamp, limit: Int) throws(StoreError) -> Int {
    let cutoff = moment.microseconds
    // Lives are numbered in opening order, so all that can have ended by then are below this number. The clock can
    // have been ahead once, so it is the order of the samples that counts.
    let bound =
      try integer(
        """
        SELECT coalesce(
          (SELECT next_life FROM sample
            WHERE id > coalesce((SELECT max(id) FROM sample WHERE first <= \(cutoff)), 0) ORDER BY id LIMIT 1),
          (SELECT max(id) + 1 FROM life))
        """) ?? 0
    var removed = 0
    try transaction { () throws(StoreError) in
      removed = try removeLives(
        "SELECT id FROM life WHERE id < \(bound) AND opened + duration < \(cutoff) ORDER BY id LIMIT \(limit)"
      )
      try run("DELETE FROM gap WHERE until < \(cutoff)")
      try removeSamples(endedBefore: cutoff)
    }
    return removed
  }

  /// Takes out the oldest lives, whatever their age, and the samples and gaps before what is left.
  func removeOldestLives(_ count: Int) throws(StoreError) -> Int {
    var removed = 0
    try transaction { () throws(StoreError) in
      removed = try removeLives("SELECT id FROM life ORDER BY id LIMIT \(count)")
      guard let oldest = try integer("SELECT opened FROM life ORDER BY id LIMIT 1") else { return }
      try run("DELETE FROM gap WHERE until < \(oldest)")
      try removeSamples(endedBefore: oldest)
    }
    return removed
  }

  /// Takes out the lives that a statement gives the numbers of, and the digests that they are in.
  private func removeLives(_ which: String) throws(StoreError) -> Int {
    let removed = try prepare("DELETE FROM life WHERE id IN (\(which)) RETURNING id")
    var count = 0
    // The clock can have been far off for a while, so they need not be the first: what lies between stays digested.
    var blocks: Set<Int64> = []
    while try removed.step() {
      blocks.insert(removed.integer(0) / Digest.span)
      count += 1
    }
    for block in blocks.sorted() {
      let (first, last) = (block * Digest.span, block * Digest.span + Digest.span - 1)
      try removeDigests(from: first, through: last)
      try removeVerdicts(from: first, through: last)
      try run(
        """
        DELETE FROM late WHERE id BETWEEN \(first) AND \(last)
          AND id NOT IN (SELECT id FROM life WHERE id BETWEEN \(first) AND \(last))
        """)
    }
    return count
  }

  /// Takes out the rows of samples before `moment` but the last of all, which says when a recorder was there.
  private func removeSamples(endedBefore moment: Int64) throws(StoreError) {
    let rows = "FROM sample WHERE last < \(moment) AND id < (SELECT max(id) FROM sample)"
    try run("DELETE FROM coverage WHERE sample IN (SELECT id \(rows)); DELETE \(rows)")
  }

  /// Gives free pages back to the file system.
  func giveBack(pages: Int) throws(StoreError) {
    if try integer("PRAGMA freelist_count") ?? 0 > 0 {
      try run("PRAGMA incremental_vacuum(\(min(pages, Int(Int32.max))))")
    }
  }

  /// Tables other than those of lives that have entries of a dictionary, in columns of the same names.
  private static func users(of dictionary: String) -> [String] {
    switch dictionary {
    case "netns": ["coverage"]
    case "path": []
    default: ["evidence_row"]
    }
  }

  /// Takes entries out of the dictionaries that no life and no evidence refers to any more.
  func sweepDictionaries() throws(StoreError) {
    try transaction { () throws(StoreError) in
      for (table, columns) in [
        ("address", ["laddr", "raddr"]), ("program", ["program"]), ("path", ["path"]), ("netns", ["netns"]),
      ] {
        let used = columns.flatMap { column in
          (["life", "open_life", "evidence_life"] + Self.users(of: table)).map {
            "SELECT \(column) FROM \($0) WHERE \(column) IS NOT NULL"
          }
        }
        try run("DELETE FROM \(table) WHERE id NOT IN (\(used.joined(separator: " UNION ")))")
      }
    }
  }
}
