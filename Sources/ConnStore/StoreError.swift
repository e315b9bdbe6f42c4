// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import CSQLite

/// Why the history could not be read or written, in words for a person.
public struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What went wrong, as far as a caller can act on it.
  public enum Kind: Hashable, Sendable {
    /// There is no such file.
    case missing
    /// The file or its directory may not be read.
    case noPermission
    /// The file or its directory may not be written.
    case readOnly
    /// The file is not a SQLite database, or not one of ours.
    case foreign
    /// The database is damaged.
    case damaged
    /// The database was made by a later version.
    case newer
    /// In its place is a link of somebody else, or something that is no file.
    case link
    /// Another recorder writes to it.
    case recording(pid: Int32?)
    /// Somebody holds a lock on it.
    case busy
    /// No space is left on the disk.
    case full
    /// The database was lost or damaged, and recording goes on in another file.
    case begunAnew
    /// Anything else.
    case other
  }

  /// What went wrong.
  public var kind: Kind
  /// The database.
  public var path: String
  /// Why, with SQLite's or the system's own words where they help.
  public var why: String
  /// What to do about it.
  public var hint: String?
  /// SQLite's extended result code, 0 where it was not SQLite that failed.
  public var code: Int32 = 0

  /// Makes an error.
  public init(_ kind: Kind, path: String, why: String, hint: String? = nil) {
    self.kind = kind
    self.path = path
    self.why = why
    self.hint = hint
  }

  /// Makes an error of what SQLite answered.
  ///
  /// - Parameters:
  ///   - code: the extended result code (sqlite3_extended_errcode).
  ///   - message: sqlite3_errmsg's words.
  init(code: Int32, message: String, path: String) {
    self.path = path
    self.code = code
    switch code & 0xFF {
    case SQLITE_FULL:
      kind = .full
      why = "no space left on the disk"
      hint = "free some space, or lower --keep or --max-size"
    case SQLITE_BUSY, SQLITE_LOCKED:
      kind = .busy
      why = "the database is locked by another process"
      hint = nil
    case SQLITE_CORRUPT:
      kind = .damaged
      why = "the database is damaged: \(message)"
      hint = "connwatch db check says more; the sqlite3 program's .recover saves what can be read"
    case SQLITE_NOTADB:
      kind = .foreign
      why = "not a connwatch database"
      hint = "--db names another file"
    case SQLITE_READONLY:
      kind = .readOnly
      why = "the database cannot be written"
      hint = "--db names another file"
    case SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_AUTH:
      kind = .noPermission
      why = message
      hint = nil
    default:
      kind = .other
      why = message
      hint = nil
    }
  }

  /// `PATH: why (hint)`.
  public var description: String { "\(path): \(why)" + (hint.map { " (\($0))" } ?? "") }
}
