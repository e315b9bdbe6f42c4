// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// A look as a terminal keeps it: attributes, and the parameter of SGR that gives the colour, 39 for the usual one.
struct Pen: Equatable {
  var isBold = false
  var isDim = false
  var isReversed = false
  var color: UInt8 = 39

  static let plain = Pen()

  private init() {}

  /// - Parameter color: false where only attributes are shown.
  init(_ look: Look, color isColored: Bool) {
    isBold = look.isBold || look.style == .bold
    isDim = look.isDim || look.style == .dim
    isReversed = look.isReversed
    switch look.style {
    case .plain, .bold, .dim: break
    default: if isColored { color = look.style.parameter }
    }
  }

  /// Appends the sequence that makes this pen of another one.
  func take(after other: Pen, _ bytes: inout ByteBuffer) {
    if self == other { return }
    bytes.append(literal: "\u{1B}[")
    let start = bytes.count
    var color = other.color
    if isBold != other.isBold || isDim != other.isDim || isReversed != other.isReversed {
      let onlyMore =
        (isBold || !other.isBold) && (isDim || !other.isDim) && (isReversed || !other.isReversed)
      // Attributes are turned off together: terminals differ in how each is.
      if !onlyMore {
        color = Pen.plain.color
        if self != .plain { Self.append(0, start, &bytes) }
      }
      if isBold && !(onlyMore && other.isBold) { Self.append(Style.bold.parameter, start, &bytes) }
      if isDim && !(onlyMore && other.isDim) { Self.append(Style.dim.parameter, start, &bytes) }
      if isReversed && !(onlyMore && other.isReversed) { Self.append(7, start, &bytes) }
    } else if self == .plain {
      // Shorter than the usual colour.
      color = self.color
    }
    if self.color != color { Self.append(self.color, start, &bytes) }
    bytes.append(UInt8(ascii: "m"))
  }

  private static func append(_ parameter: UInt8, _ start: Int, _ bytes: inout ByteBuffer) {
    if bytes.count > start { bytes.append(UInt8(ascii: ";")) }
    bytes.append(decimal: UInt64(parameter))
  }
}
