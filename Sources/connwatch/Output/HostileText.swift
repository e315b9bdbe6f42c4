// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Text that somebody else chose: names of processes, units, hosts. A process may call itself anything, so no
/// byte of it reaches a terminal that could move the cursor, start an escape sequence, end a line or reorder
/// what is beside it.
enum HostileText {
  /// True for scalars that are never written as they are: controls (C0, DEL, C1), line and paragraph separators,
  /// bidirectional controls (UAX 9) and other characters that show nothing (zero-width space, BOM, tags).
  static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0: true
    case 0x061C, 0x180E, 0x200B, 0x200E, 0x200F, 0x2028...0x202E, 0x2060...0x206F: true
    case 0xFEFF, 0xFFF9...0xFFFB, 0xE0000...0xE007F: true
    default: false
    }
  }

  /// Appends text for a terminal, unsafe scalars as `\xNN` or `\u{NNNN}`; returns the columns it takes.
  static func append(_ text: String, to bytes: inout ByteBuffer) -> Int {
    let plain: Int? = text.utf8.withContiguousStorageIfAvailable { utf8 in
      for byte in utf8 where byte &- 0x20 >= 0x5F { return -1 }
      bytes.append(utf8)
      return utf8.count
    }
    if let plain, plain >= 0 { return plain }
    var width = 0
    for scalar in text.unicodeScalars {
      if isUnsafe(scalar) {
        let start = bytes.count
        let isByte = scalar.value < 0x100
        bytes.append(literal: isByte ? "\\x" : "\\u{")
        appendHex(scalar.value, digits: isByte ? 2 : 4, to: &bytes)
        if !isByte { bytes.append(UInt8(ascii: "}")) }
        width += bytes.count - start
      } else {
        bytes.append(scalar)
        width += DisplayWidth.of(scalar)
      }
    }
    return width
  }

  /// The text as it may be shown in a message.
  static func escaped(_ text: String) -> String {
    var bytes = ByteBuffer()
    _ = append(text, to: &bytes)
    return String(decoding: bytes.bytes, as: UTF8.self)
  }

  /// Appends a number in lower-case hexadecimal, with at least so many digits.
  static func appendHex(_ number: UInt32, digits: Int, to bytes: inout ByteBuffer) {
    var shift = 28
    while shift > 0, shift >= 4 * digits, number >> UInt32(shift) == 0 { shift -= 4 }
    while shift >= 0 {
      let digit = UInt8(number >> UInt32(shift) & 15)
      bytes.append(digit < 10 ? 48 + digit : 87 + digit)
      shift -= 4
    }
  }
}
