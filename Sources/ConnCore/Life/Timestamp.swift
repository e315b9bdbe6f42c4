// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// A moment of wall-clock time: microseconds since 1970-01-01T00:00:00Z.
@frozen
public struct Timestamp: Hashable, Comparable, Sendable {
  /// Microseconds since the epoch.
  public var microseconds: Int64

  /// Makes a moment of microseconds since the epoch.
  @inlinable
  public init(microseconds: Int64) { self.microseconds = microseconds }

  /// Orders by time.
  @inlinable
  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.microseconds < right.microseconds
  }

  /// The moment `microseconds` later.
  @inlinable
  public static func + (moment: Timestamp, microseconds: Int64) -> Timestamp {
    Timestamp(microseconds: moment.microseconds + microseconds)
  }

  /// Microseconds from `right` to `left`.
  @inlinable
  public static func - (left: Timestamp, right: Timestamp) -> Int64 {
    left.microseconds - right.microseconds
  }
}
