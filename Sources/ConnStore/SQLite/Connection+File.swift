// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import CSQLite

extension Connection {
  /// The file by its full path without links: what SQLite keeps beside it has this name too.
  var place: String { sqlite3_db_filename(handle, "main").map { String(cString: $0) } ?? path }

  /// The first bytes of the file as they are on the disk, read by SQLite's own descriptor: closing another one of the
  /// same file would drop SQLite's locks.
  func header() -> DatabaseHeader? {
    var file: UnsafeMutablePointer<sqlite3_file>?
    guard sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK,
      let file, let read = file.pointee.pMethods?.pointee.xRead
    else { return nil }
    var bytes = [UInt8](repeating: 0, count: DatabaseHeader.size)
    guard read(file, &bytes, Int32(bytes.count), 0) == SQLITE_OK else { return nil }
    return DatabaseHeader(bytes)
  }

  /// Closing it leaves log and file as they are: it neither moves the one into the other nor removes it.
  func leaveLogOnClose() { _ = connwatch_leave_log_on_close(handle) }
}

/// The first 100 bytes of a database; see "The Database Header" of SQLite's file format.
struct DatabaseHeader {
  static let size = 100
  private let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// `SQLite format 3` and a zero.
  static let magic = Array("SQLite format 3".utf8) + [0]

  /// True where it is that of a SQLite database at all.
  var isSound: Bool { bytes.starts(with: Self.magic) }

  /// Bytes of a page; 1 stands for 65,536.
  var pageSize: Int64 {
    let size = Int64(bytes[16]) << 8 | Int64(bytes[17])
    return size == 1 ? 65_536 : size
  }

  /// How many pages the database has, those that are only in the log not counted.
  var pages: Int64 { number(at: 28) }

  /// `PRAGMA user_version`.
  var userVersion: Int64 { number(at: 60) }

  /// `PRAGMA application_id`.
  var applicationID: Int64 { number(at: 68) }

  private func number(at place: Int) -> Int64 {
    bytes[place..<place + 4].reduce(0) { $0 << 8 | Int64($1) }
  }
}
