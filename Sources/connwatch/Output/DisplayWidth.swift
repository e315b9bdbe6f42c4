// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// How many columns of a terminal a character takes: 0, 1 or 2.
///
/// A table of our own rather than wcwidth(3), whose answer depends on the locale.
enum DisplayWidth {
  /// Blocks that are wide whole: East_Asian_Width W and F (UAX 11). Emoji are told by their own property.
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F,  // Hangul leading consonants
    0x2E80...0x303E,  // CJK radicals, punctuation
    0x3041...0x4DBF,  // kana, bopomofo, Hangul letters, CJK letters, extension A
    0x4E00...0xA4CF,  // CJK, Yi
    0xA960...0xA97F,  // Hangul extended A
    0xAC00...0xD7A3,  // Hangul syllables
    0xF900...0xFAFF,  // CJK compatibility
    0xFE10...0xFE19,  // vertical forms
    0xFE30...0xFE6F,  // compatibility and small forms
    0xFF01...0xFF60,  // fullwidth forms
    0xFFE0...0xFFE6,  // fullwidth signs
    0x16FE0...0x18DFF,  // Tangut, Khitan
    0x1AFF0...0x1B2FF,  // kana supplements, Nushu
    0x1F200...0x1F265,  // enclosed ideographs
    0x20000...0x2FFFD,  // CJK extensions B to F
    0x30000...0x3FFFD,  // CJK extensions G and on
  ]

  /// The columns of one scalar. Controls are not asked for: they are escaped before.
  static func of(_ scalar: Unicode.Scalar) -> Int {
    let value = scalar.value
    if value < 0x300 { return 1 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark: return 0
    case .format: return value == 0x200C || value == 0x200D ? 0 : 1
    default: break
    }
    // Medial vowels and final consonants join the Hangul syllable before them.
    if 0x1160...0x11FF ~= value { return 0 }
    if value < 0x1100 { return 1 }
    if scalar.properties.isEmojiPresentation { return 2 }
    var low = 0
    var high = wide.count
    while low < high {
      let middle = (low + high) / 2
      if wide[middle].upperBound < value { low = middle + 1 } else { high = middle }
    }
    return low < wide.count && wide[low].contains(value) ? 2 : 1
  }

  /// The columns of a text that holds no controls.
  static func of(_ text: String) -> Int { text.unicodeScalars.reduce(0) { $0 + of($1) } }

  /// Appends as much of `text` (valid UTF-8) as fits in `width` columns, the last of them `…`.
  static func append(_ text: UnsafeBufferPointer<UInt8>, cutTo width: Int, to bytes: inout ByteBuffer) {
    guard width > 0 else { return }
    var used = 0
    for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
      let columns = of(scalar)
      if used + columns > width - 1 { break }
      used += columns
      bytes.append(scalar)
    }
    bytes.append(literal: "…")
  }
}
