// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Gathers what is pasted, up to the sequence that ends it, without what a text must not hold.
struct PasteCollector {
  /// The most bytes of a text that is kept; the rest is swallowed.
  static let limit = 65_536
  private static let end = Array("\u{1B}[201~".utf8)

  private var text = String.UnicodeScalarView()
  private var size = 0
  private var isFull = false
  private var scalars = ScalarAssembler()
  /// How much of the end has come.
  private var matched = 0

  /// - Returns: the text, with the last byte of the end.
  mutating func take(_ byte: UInt8) -> String? {
    if byte == Self.end[matched] {
      matched += 1
      return matched == Self.end.count ? String(text) : nil
    }
    // No end after all. It has a single ESC, so another one can begin only here.
    let before = matched
    matched = 0
    for earlier in Self.end.prefix(before) { add(earlier) }
    if byte == Self.end[0] { matched = 1 } else { add(byte) }
    return nil
  }

  private mutating func add(_ byte: UInt8) {
    switch scalars.take(byte) {
    case .scalar(let scalar): add(scalar)
    case .cut: add(byte)
    case .pending, .dropped: break
    }
  }

  private mutating func add(_ scalar: Unicode.Scalar) {
    // What parts words goes on to part them: several lines become one.
    if scalar == "\n" || scalar == "\r" || scalar == "\t" {
      if text.last != " " { add(" ") }
      return
    }
    if isFull || HostileText.isUnsafe(scalar) { return }
    size += UTF8.width(scalar)
    if size > Self.limit { isFull = true } else { text.append(scalar) }
  }
}
