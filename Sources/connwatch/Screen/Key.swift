// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// What somebody typed.
enum Key: Equatable, Sendable {
  /// A character that can be shown.
  case character(Character)
  case enter, escape, tab, backTab, backspace, delete, insert
  case up, down, left, right, home, end, pageUp, pageDown
  /// Ctrl and a letter, in lower case.
  case control(Character)
  /// Alt and a character.
  case alt(Character)
  /// F1 to F24.
  case function(Int)
  /// A text that was pasted (bracketed paste), without control characters.
  case paste(String)
}
