// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// A value bound to an SQL statement, or read from one: SQLite's five storage classes.
public enum SQLValue: Hashable, Sendable {
  /// NULL.
  case null
  /// A 64-bit integer.
  case integer(Int64)
  /// A double.
  case real(Double)
  /// Text, UTF-8.
  case text(String)
  /// Bytes.
  case blob([UInt8])
}
