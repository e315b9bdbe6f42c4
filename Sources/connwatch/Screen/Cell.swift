// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// How a cell of a screen looks: a colour of the terminal's 16, and attributes (ECMA-48, SGR).
struct Look: Equatable, Sendable {
  var style = Style.plain
  var isBold = false
  var isDim = false
  var isReversed = false

  static let plain = Look()
  static let bold = Look(isBold: true)
  static let dim = Look(isDim: true)
  static let reversed = Look(isReversed: true)

  init(_ style: Style = .plain, isBold: Bool = false, isDim: Bool = false, isReversed: Bool = false) {
    self.style = style
    self.isBold = isBold
    self.isDim = isDim
    self.isReversed = isReversed
  }
}

/// One place of a screen: a character, the marks that combine with it, and how it looks.
struct Cell: Equatable, Sendable {
  /// What is in a cell that no character begins in.
  enum Content: UInt8, Sendable {
    case character
    /// The right half of the wide character before it.
    case rightHalf
  }

  /// The character; a blank where there is none.
  var scalar: Unicode.Scalar = " "
  /// Marks that combine with it: two at the most, more than any name needs.
  var firstMark: Unicode.Scalar?
  var secondMark: Unicode.Scalar?
  var look = Look.plain
  var content = Content.character

  static let blank = Cell()
}
