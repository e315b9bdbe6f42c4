// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// What is to be said of a listener, by what is expected; raw values are those of JSON and of the database.
public enum ListenerVerdict: String, CaseIterable, Hashable, Sendable {
  /// It is among those that should be there.
  case expected
  /// Nothing is said of its port.
  case new
  /// Another program, or another unit, is expected on its port.
  case changed
  /// More can reach it than should: bound to another address instead of loopback, to all instead of one, or to IPv4 too
  /// instead of IPv6 alone.
  case widened
  /// It should be there, and is not.
  case gone

  /// True for what `listeners --check` finds fault with.
  public var isFinding: Bool { self == .new || self == .changed || self == .widened }
}
