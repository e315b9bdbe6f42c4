// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import CSQLite
import Glibc

/// A connection to a database file: the only type that opens one. Not for use by several threads at once.
final class Connection {
  let handle: OpaquePointer
  let path: String

  enum Mode {
    /// Reads only; never checkpoints, so the recorder stays the only one that does.
    case read
    /// Reads a file that nobody writes and whose directory cannot be written: no locks, no WAL.
    case readImmutable
    /// Reads and writes, and makes the file where there is none.
    case write
  }

  /// Opens a database.
  ///
  /// A link that somebody else has put in its place is not followed; what is made is closed to others from its first
  /// moment.
  init(path: String, mode: Mode) throws(StoreError) {
    let place = try FilePlace.resolve(path)
    // SQLite would say "disk I/O error".
    var status = stat()
    if lstat(place, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      throw StoreError(.other, path: path, why: "a directory", hint: "--db names a file")
    }
    if mode != .readImmutable { try FilePlace.checkCompanions(of: place) }
    if mode == .write { FilePlace.make(place) }
    var handle: OpaquePointer?
    let flags: Int32
    switch mode {
    case .read, .readImmutable: flags = SQLITE_OPEN_READONLY
    case .write: flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
    }
    let name = mode == .readImmutable ? "file:" + Self.uriEscaped(place) + "?immutable=1" : place
    let uri = mode == .readImmutable ? SQLITE_OPEN_URI : 0
    let ways = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOFOLLOW
    let code = sqlite3_open_v2(name, &handle, flags | uri | ways, nil)
    guard let handle, code == SQLITE_OK else {
      let message = handle.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
      sqlite3_close_v2(handle)
      throw StoreError(code: code, message: message, path: path)
    }
    self.handle = handle
    self.path = path
  }

  deinit { sqlite3_close_v2(handle) }

  /// Runs statements that give no rows anyone wants.
  func run(_ sql: String) throws(StoreError) {
    let code = sqlite3_exec(handle, sql, nil, nil, nil)
    if code != SQLITE_OK { throw error() }
  }

  func prepare(_ sql: String) throws(StoreError) -> Statement { try Statement(self, sql) }

  /// The first column of the first row, nil where there is no row or it is NULL.
  func integer(_ sql: String) throws(StoreError) -> Int64? {
    let statement = try prepare(sql)
    return try statement.step() ? statement.optionalInteger(0) : nil
  }

  /// The first column of the first row, nil where there is no row or it is NULL.
  func text(_ sql: String) throws(StoreError) -> String? {
    let statement = try prepare(sql)
    return try statement.step() ? statement.optionalText(0) : nil
  }

  /// Runs `body` as one transaction: all of it is kept, or none.
  func transaction(_ body: () throws(StoreError) -> Void) throws(StoreError) {
    try run("BEGIN IMMEDIATE")
    do {
      try body()
      try run("COMMIT")
    } catch {
      // Some errors end the transaction by themselves; rolling back then fails, and that is as well.
      try? run("ROLLBACK")
      throw error
    }
  }

  var lastInsertID: Int64 { sqlite3_last_insert_rowid(handle) }

  var changes: Int { Int(sqlite3_changes64(handle)) }

  func error() -> StoreError {
    var code = sqlite3_extended_errcode(handle)
    // A quota, and no room for the log's index, are no fault of the disk.
    if code & 0xFF == SQLITE_IOERR, [ENOSPC, EDQUOT].contains(sqlite3_system_errno(handle)) {
      code = SQLITE_FULL
    }
    return StoreError(code: code, message: String(cString: sqlite3_errmsg(handle)), path: path)
  }

  private static func uriEscaped(_ path: String) -> String {
    var escaped = ""
    for byte in path.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "-"):
        escaped.unicodeScalars.append(Unicode.Scalar(byte))
      default: escaped += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
      }
    }
    return escaped
  }
}
