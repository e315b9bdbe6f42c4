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
  /// Bytes that the database may use; nil sets no limit.
  public var maxSize: Int64?

  /// The most lives taken out after one sample.
  static let pieceOfLives = 10_000
  /// The most pages given back after one sample.
  static let pieceOfPages = 2_000

  /// How many lives must have gone before the dictionaries are swept: that reads the whole table.
  static let sweepAfter = 100_000

  /// Makes a rule.
  public init(keep: Int64? = nil, maxSize: Int64? = nil) {
    self.keep = keep
    self.maxSize = maxSize
  }

  /// Takes out one piece of what is too old or too much.
  ///
  /// - Returns: how many lives were taken out; a piece that is not full means there is no more to do.
  @discardableResult
  public func run(on writer: HistoryWriter, now: Timestamp) throws(StoreError) -> Int {
    let removed = try takeOutPiece(writer.connection, now: now)
    writer.removedSinceSweep += removed
    // In a quiet moment, once much has gone since the last time.
    if removed < Self.pieceOfLives && writer.removedSinceSweep >= Self.sweepAfter {
      try writer.sweepDictionaries()
    }
    try writer.connection.giveBack(pages: Self.pieceOfPages)
    return removed
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
    while true {
      let removed = try takeOutPiece(connection, now: now)
      lives += removed
      if removed == 0 { break }
    }
    try connection.sweepDictionaries()
    try connection.giveBack(pages: .max)
    try connection.run("PRAGMA wal_checkpoint(TRUNCATE)")
    return (lives, max(0, before - HistoryReader.fileSize(path)))
  }

  private func takeOutPiece(_ connection: Connection, now: Timestamp) throws(StoreError) -> Int {
    var removed = 0
    if let keep { removed += try connection.removeLives(closedBefore: now + -keep, limit: Self.pieceOfLives) }
    if let maxSize, try connection.usedBytes() > maxSize {
      removed += try connection.removeOldestLives(Self.pieceOfLives)
    }
    return removed
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

  /// Takes out lives that ended before `moment`, and the samples and gaps of that time.
  func removeLives(closedBefore moment: Timestamp, limit: Int) throws(StoreError) -> Int {
    let cutoff = moment.microseconds
    // Lives are numbered in opening order, so all that can have ended by then are below this number.
    guard
      let bound = try integer(
        """
        SELECT coalesce((SELECT min(next_life) FROM sample WHERE first > \(cutoff)), \
        (SELECT max(id) + 1 FROM life))
        """)
    else { return 0 }
    // A quiet database is asked this each second: nothing to do must cost next to nothing.
    guard let oldest = try integer("SELECT opened FROM life ORDER BY id LIMIT 1"), oldest < cutoff
    else { return 0 }
    var removed = 0
    try transaction { () throws(StoreError) in
      try run(
        """
        DELETE FROM life WHERE id IN (
          SELECT id FROM life WHERE id < \(bound) AND opened + duration < \(cutoff) ORDER BY id LIMIT \(limit))
        """)
      removed = changes
      try run("DELETE FROM gap WHERE until < \(cutoff)")
      try run(
        "DELETE FROM sample WHERE last < \(cutoff) AND id < (SELECT max(id) FROM sample)")
    }
    return removed
  }

  /// Takes out the oldest lives, whatever their age, and the samples and gaps before what is left.
  func removeOldestLives(_ count: Int) throws(StoreError) -> Int {
    var removed = 0
    try transaction { () throws(StoreError) in
      try run("DELETE FROM life WHERE id IN (SELECT id FROM life ORDER BY id LIMIT \(count))")
      removed = changes
      guard let oldest = try integer("SELECT opened FROM life ORDER BY id LIMIT 1") else { return }
      try run("DELETE FROM gap WHERE until < \(oldest)")
      try run(
        "DELETE FROM sample WHERE last < \(oldest) AND id < (SELECT max(id) FROM sample)")
    }
    return removed
  }

  /// Gives free pages back to the file system.
  func giveBack(pages: Int) throws(StoreError) {
    if try integer("PRAGMA freelist_count") ?? 0 > 0 {
      try run("PRAGMA incremental_vacuum(\(min(pages, Int(Int32.max))))")
    }
  }

  /// Takes entries out of the dictionaries that no life refers to any more.
  func sweepDictionaries() throws(StoreError) {
    try transaction { () throws(StoreError) in
      for (table, columns) in [
        ("address", ["laddr", "raddr"]), ("program", ["program"]), ("path", ["path"]),
      ] {
        let used = columns.flatMap { column in
          ["life", "open_life"].map { "SELECT \(column) FROM \($0) WHERE \(column) IS NOT NULL" }
        }
        try run("DELETE FROM \(table) WHERE id NOT IN (\(used.joined(separator: " UNION ")))")
      }
    }
  }
}
