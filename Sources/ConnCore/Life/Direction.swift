// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Which end of a connection is the service.
@frozen
public enum Direction: UInt8, Hashable, Sendable {
  /// The local end is the service: somebody connected to us.
  case inbound = 1
  /// The remote end is the service: we connected to it.
  case outbound = 2

  /// `in` or `out`, as in JSON and tables.
  public var name: String { self == .inbound ? "in" : "out" }
}
