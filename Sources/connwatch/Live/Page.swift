// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// A text that is read in place of a table: help, everything of one connection, an explanation. Wrapped already, and without
/// controls (``HostileText``).
struct Page: Equatable, Sendable {
  /// A piece of a line that looks the same.
  struct Run: Equatable, Sendable {
    var text: String
    var look: Look

    init(_ text: String, _ look: Look = .plain) {
      self.text = text
      self.look = look
    }
  }

  typealias Line = [Run]

  var title: String
  var lines: [Line]
}
