// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore
import Glibc

/// Reads the history. It never writes, and never checkpoints: those are the recorder's.
public final class HistoryReader {
  /// The database.
  public let path: String
  let connection: Connection
  /// The version of its tables: an older one than ours is read without what it lacks, since a reader changes nothing.
  let schema: Int64

  /// Opens a database that exists.
  ///
  /// - Throws: ``StoreError`` of kind `missing`, `noPermission`, `foreign`, `damaged` or `newer`.
  public init(path: String) throws(StoreError) {
    self.path = path
    guard access(path, F_OK) == 0 else {
      guard errno == ENOENT || errno == ENOTDIR else {
        throw StoreError(.noPermission, path: path, why: String(cString: strerror(errno)))
      }
      throw StoreError(
        .missing, path: path, why: "no such database",
        hint: "connwatch record makes one; --db names another")
    }
    guard access(path, R_OK) == 0 else {
      throw StoreError(
        .noPermission, path: path, why: String(cString: strerror(errno)),
        hint: "run as its owner or a member of its group, or name another with --db")
    }
    // SQLite would remove the log beside an empty file, which may be all that is left of a history.
    if Self.fileSize(path) == 0, access((try FilePlace.resolve(path)) + "-wal", F_OK) == 0 {
      throw Self.isEmpty(path)
    }
    connection = try Self.open(path)
    try connection.run("PRAGMA busy_timeout = 5000; PRAGMA temp_store = MEMORY; PRAGMA query_only = 1")
    schema = try Migration.check(connection)
    guard schema > 0 else { throw Self.isEmpty(path) }
  }

  private static func isEmpty(_ path: String) -> StoreError {
    StoreError(.foreign, path: path, why: "an empty file, not a database", hint: "connwatch record makes one")
  }

  /// A file that the recorder closed has no log beside it, and SQLite then wants to make one: where the directory
  /// may not be written and nobody else writes either, the file is read as it is.
  private static func open(_ path: String) throws(StoreError) -> Connection {
    do {
      let connection = try Connection(path: path, mode: .read)
      _ = try connection.integer("SELECT count(*) FROM sqlite_schema")
      return connection
    } catch {
      let isLogless = access((try FilePlace.resolve(path)) + "-wal", F_OK) != 0
      guard error.kind == .noPermission || error.kind == .readOnly, isLogless else { throw error }
      let connection = try Connection(path: path, mode: .readImmutable)
      _ = try connection.integer("SELECT count(*) FROM sqlite_schema")
      return connection
    }
  }

  /// Runs `body` on one unchanging view of the database.
  public func snapshot<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result where Failure: Error {
    // Where beginning fails, each statement sees its own moment; the statements will say what is wrong.
    let began = (try? connection.run("BEGIN")) != nil
    defer { if began { try? connection.run("COMMIT") } }
    return try body()
  }

  /// The first and the last stored sample's times, nil where there is none.
  public func sampled() throws(StoreError) -> ClosedRange<Timestamp>? {
    let row = try connection.prepare("SELECT min(first), max(last) FROM sample")
    guard try row.step(), let first = row.optionalMicroseconds(0) else { return nil }
    let last = max(first, row.microseconds(1))
    return Timestamp(microseconds: first)...Timestamp(microseconds: last)
  }

  /// When the first recorder of this history began; nil where none did. Unlike the first sample it is never taken out.
  public func firstRun() throws(StoreError) -> Timestamp? {
    let row = try connection.prepare("SELECT started FROM run ORDER BY id LIMIT 1")
    guard try row.step() else { return nil }
    return Timestamp(microseconds: row.microseconds(0))
  }

  /// The last sample at or before `moment`, exact where the interval allows: samples of a minute share a row.
  public func sample(atOrBefore moment: Timestamp) throws(StoreError) -> Timestamp? {
    let row = try connection.prepare(
      "SELECT last FROM sample WHERE first <= ? ORDER BY id DESC LIMIT 1")
    row.bind(1, moment.microseconds)
    guard try row.step() else { return nil }
    return Timestamp(microseconds: min(row.microseconds(0), moment.microseconds))
  }

  /// The recorded gaps that touch a range, oldest first.
  public func gaps(since: Timestamp? = nil, until: Timestamp? = nil) throws(StoreError) -> [Gap] {
    let rows = try connection.prepare(
      """
      SELECT since, until, cause, samples, detail FROM gap WHERE until >= ? AND since <= ?
      ORDER BY since, id
      """)
    rows.bind(1, since?.microseconds ?? .min)
    rows.bind(2, until?.microseconds ?? .max)
    var gaps: [Gap] = []
    while try rows.step() {
      gaps.append(
        Gap(
          since: Timestamp(microseconds: rows.microseconds(0)),
          until: Timestamp(microseconds: rows.microseconds(1)),
          cause: rows.text(2), samples: Int(rows.integer(3)), detail: rows.optionalText(4)))
    }
    return gaps
  }

  /// CLOCK_BOOTTIME of the last sample: when the sockets of open lives were last there.
  public func lastSampleBoot() throws(StoreError) -> Int64? {
    try connection.integer("SELECT boot FROM sample ORDER BY id DESC LIMIT 1").map(Statement.bounded)
  }

  /// The boot during which the last run was made (/proc/sys/kernel/random/boot_id).
  public func lastBootID() throws(StoreError) -> String? {
    try connection.text("SELECT boot_id FROM run ORDER BY id DESC LIMIT 1")
  }

  /// Microseconds between the samples of the last run.
  public func lastInterval() throws(StoreError) -> Int64? {
    try connection.integer("SELECT interval FROM run ORDER BY id DESC LIMIT 1").map(Statement.bounded)
  }
}

extension HistoryReader {
  /// A number that changes when another process has written to the database.
  public func dataVersion() throws(StoreError) -> Int64 {
    try connection.integer("PRAGMA data_version") ?? 0
  }
}
