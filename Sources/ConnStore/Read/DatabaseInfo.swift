// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import CSQLite
public import ConnCore
import Glibc

/// What `db info` tells of a database.
public struct DatabaseInfo: Sendable {
  /// The file.
  public var path: String
  /// Bytes of the file.
  public var size: Int64
  /// Bytes of the log beside it.
  public var walSize: Int64
  /// Bytes inside it that are free.
  public var free: Int64
  /// Bytes of the pages in use, those among them that are still in the log.
  public var used: Int64
  /// The schema's version.
  public var schema: Int64
  /// Finished lives.
  public var finished: Int64
  /// Lives going on.
  public var open: Int64
  /// Addresses in the dictionary.
  public var addresses: Int64
  /// Programs in the dictionary.
  public var programs: Int64
  /// Samples taken.
  public var samples: Int64
  /// Gaps recorded.
  public var gaps: Int64
  /// How many of them have which cause, the most frequent first.
  public var gapCauses: [(cause: String, count: Int64)]
  /// Pieces of evidence.
  public var evidence: Int64
  /// Hosts that they are of.
  public var evidenceHosts: Int64
  /// Rows that were read in them.
  public var evidenceRows: Int64
  /// The first and the last sample.
  public var sampled: ClosedRange<Timestamp>?
  /// What the kernel counted of openings, each namespace once; empty where nothing was counted.
  public var coverage: [Coverage]
  /// Who records to it now.
  public var recorder: RecorderLock.Holder
}

extension HistoryReader {
  /// Counts what is in the database.
  public func info() throws(StoreError) -> DatabaseInfo {
    func count(_ table: String) throws(StoreError) -> Int64 {
      try connection.integer("SELECT count(*) FROM \(table)") ?? 0
    }
    let pageSize = try connection.integer("PRAGMA page_size") ?? 0
    return DatabaseInfo(
      path: path, size: Self.fileSize(path), walSize: Self.fileSize(path + "-wal"),
      free: (try connection.integer("PRAGMA freelist_count") ?? 0) * pageSize,
      used: try connection.usedBytes(),
      schema: try connection.integer("PRAGMA user_version") ?? 0, finished: try count("life"),
      open: try count("open_life"), addresses: try count("address"), programs: try count("program"),
      samples: try connection.integer("SELECT sum(samples) FROM sample") ?? 0, gaps: try count("gap"),
      gapCauses: try gapCauses(),
      evidence: schema < 4 ? 0 : try count("evidence"), evidenceHosts: schema < 4 ? 0 : try count("host"),
      evidenceRows: schema < 4 ? 0 : try connection.integer("SELECT sum(rows) FROM evidence") ?? 0,
      sampled: try sampled(), coverage: try coverage(), recorder: RecorderLock.holder(database: path))
  }

  private func gapCauses() throws(StoreError) -> [(cause: String, count: Int64)] {
    let rows = try connection.prepare("SELECT cause, count(*) FROM gap GROUP BY 1 ORDER BY 2 DESC, 1")
    var causes: [(cause: String, count: Int64)] = []
    while try rows.step() { causes.append((rows.text(0), rows.integer(1))) }
    return causes
  }

  static func fileSize(_ path: String) -> Int64 {
    var status = stat()
    return stat(path, &status) == 0 ? Int64(status.st_size) : 0
  }

  /// Looks for damage: SQLite's own check of every page and index, and references to rows that are not there.
  ///
  /// - Returns: what is wrong, a line each; empty where nothing is.
  public func check() throws(StoreError) -> [String] {
    var findings: [String] = []
    let rows = try connection.prepare("PRAGMA integrity_check(100)")
    while try rows.step() { findings.append(rows.text(0)) }
    if findings == ["ok"] { findings = [] }
    guard findings.isEmpty else { return findings }
    var references = [
      ("laddr", "address"), ("raddr", "address"), ("path", "path"), ("program", "program"),
    ].flatMap { [("life", $0, $1), ("open_life", $0, $1)] }
    if schema >= 2 {
      references += [
        ("life", "netns", "netns"), ("open_life", "netns", "netns"), ("coverage", "sample", "sample"),
      ]
    }
    if schema >= 4 {
      references += [
        ("evidence_life", "laddr", "address"), ("evidence_life", "raddr", "address"),
        ("evidence_life", "path", "path"), ("evidence_life", "program", "program"),
        ("evidence_life", "host", "host"), ("evidence_row", "laddr", "address"),
        ("evidence_row", "raddr", "address"), ("evidence_row", "program", "program"),
        ("evidence_row", "evidence", "evidence"), ("evidence", "host", "host"),
      ]
    }
    for (table, column, target) in references {
      let missing =
        try connection.integer(
          """
          SELECT count(*) FROM \(table)
          WHERE \(column) IS NOT NULL AND \(column) NOT IN (SELECT id FROM \(target))
          """) ?? 0
      if missing > 0 {
        findings.append("\(missing) rows of \(table) name a \(column) that is not in \(target)")
      }
    }
    let twice =
      try connection.integer("SELECT count(*) FROM open_life WHERE id IN (SELECT id FROM life)") ?? 0
    if twice > 0 { findings.append("\(twice) lives are both open and finished") }
    return findings + (try checkDigests())
  }

  /// Copies the database, also while a recorder writes to it, into a file that does not exist yet.
  ///
  /// - Returns: bytes of the copy.
  public func backup(to destination: String) throws(StoreError) -> Int64 {
    let descriptor = open(destination, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o640)
    guard descriptor >= 0 else {
      throw StoreError(
        .other, path: destination, why: String(cString: strerror(errno)),
        hint: errno == EEXIST ? "name a file that does not exist yet" : nil)
    }
    fchmod(descriptor, 0o640)
    close(descriptor)
    do throws(StoreError) {
      try copy(to: destination)
    } catch {
      unlink(destination)
      throw error
    }
    return Self.fileSize(destination)
  }

  private func copy(to destination: String) throws(StoreError) {
    let target = try Connection(path: destination, mode: .write)
    guard let backup = sqlite3_backup_init(target.handle, "main", connection.handle, "main") else {
      throw target.error()
    }
    // In one step: between two of them the recorder would write, and all would begin anew. It waits for no reader.
    let code = sqlite3_backup_step(backup, -1)
    sqlite3_backup_finish(backup)
    if code != SQLITE_DONE { throw target.error() }
    // The copy is a file of its own with no log beside it.
    try target.run("PRAGMA journal_mode = DELETE")
  }
}
