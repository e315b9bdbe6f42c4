// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import CSQLite

/// A prepared statement. Parameters count from 1, columns from 0, as in SQLite.
final class Statement {
  private let handle: OpaquePointer?
  private let connection: Connection

  init(_ connection: Connection, _ sql: String) throws(StoreError) {
    var handle: OpaquePointer?
    let code = sqlite3_prepare_v3(
      connection.handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
    guard code == SQLITE_OK else { throw connection.error() }
    self.handle = handle
    self.connection = connection
  }

  deinit { sqlite3_finalize(handle) }

  /// Moves to the next row; false at the end.
  func step() throws(StoreError) -> Bool {
    switch sqlite3_step(handle) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    default:
      let error = connection.error()
      sqlite3_reset(handle)
      throw error
    }
  }

  /// Runs a statement that gives no rows, and makes it ready for the next time.
  func run() throws(StoreError) {
    _ = try step()
    sqlite3_reset(handle)
  }

  func reset() { sqlite3_reset(handle) }

  // SQLITE_TRANSIENT, a cast in the C header: SQLite copies the bytes.
  private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

  func bind(_ parameter: Int32, _ value: Int64?) {
    if let value {
      sqlite3_bind_int64(handle, parameter, value)
    } else {
      sqlite3_bind_null(handle, parameter)
    }
  }

  func bind(_ parameter: Int32, _ value: String?) {
    if let value {
      var value = value
      value.withUTF8 { text in
        // An empty string has no bytes to point at, and a null pointer would bind NULL.
        if let base = text.baseAddress {
          base.withMemoryRebound(to: CChar.self, capacity: text.count) {
            _ = sqlite3_bind_text(handle, parameter, $0, Int32(text.count), Self.transient)
          }
        } else {
          sqlite3_bind_text(handle, parameter, "", 0, Self.transient)
        }
      }
    } else {
      sqlite3_bind_null(handle, parameter)
    }
  }

  func bind(_ parameter: Int32, blob bytes: [UInt8]) {
    if bytes.isEmpty {
      sqlite3_bind_zeroblob(handle, parameter, 0)
    } else {
      sqlite3_bind_blob(handle, parameter, bytes, Int32(bytes.count), Self.transient)
    }
  }

  func bind(_ parameter: Int32, _ value: SQLValue) {
    switch value {
    case .null: sqlite3_bind_null(handle, parameter)
    case .integer(let integer): sqlite3_bind_int64(handle, parameter, integer)
    case .real(let real): sqlite3_bind_double(handle, parameter, real)
    case .text(let text): bind(parameter, text)
    case .blob(let bytes): bind(parameter, blob: bytes)
    }
  }

  /// Binds values to the parameters from the first on.
  func bind(all values: [SQLValue]) {
    for (place, value) in values.enumerated() { bind(Int32(place + 1), value) }
  }

  func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

  func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

  /// A moment or a span in microseconds. A file that somebody else wrote, or that is damaged, may hold any number;
  /// within these bounds, ten thousand years, moments can be added and subtracted without a thought.
  func microseconds(_ column: Int32) -> Int64 { Self.bounded(integer(column)) }

  func optionalMicroseconds(_ column: Int32) -> Int64? { isNull(column) ? nil : microseconds(column) }

  static func bounded(_ microseconds: Int64) -> Int64 {
    min(max(microseconds, -253_402_300_799_999_999), 253_402_300_799_999_999)
  }

  func optionalInteger(_ column: Int32) -> Int64? { isNull(column) ? nil : integer(column) }

  func text(_ column: Int32) -> String { optionalText(column) ?? "" }

  func optionalText(_ column: Int32) -> String? {
    guard let text = sqlite3_column_text(handle, column) else { return nil }
    let length = Int(sqlite3_column_bytes(handle, column))
    return String(decoding: UnsafeBufferPointer(start: text, count: length), as: UTF8.self)
  }

  /// Lends the bytes of a text or blob column; empty for NULL.
  func withBytes<Result>(_ column: Int32, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    let start = sqlite3_column_blob(handle, column)
    return body(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column))))
  }
}
