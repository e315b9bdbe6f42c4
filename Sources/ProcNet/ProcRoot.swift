// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Where /proc is: the real one, or a tree of files that looks like it.
public struct ProcRoot: Hashable, Sendable {
  /// The path, without a slash at its end.
  public let path: String

  /// Makes a root; slashes at the end of the path are dropped.
  public init(_ path: String = "/proc") {
    var trimmed = path[...]
    while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed = trimmed.dropLast() }
    self.path = String(trimmed)
  }
}
