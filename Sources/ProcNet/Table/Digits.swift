// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Hexadecimal digits, eight at a time in one 64-bit word: the first character is the lowest byte.
///
/// Each step works on all bytes at once and no step carries from one byte into the next, because sums stay
/// below 256 for bytes below 128 and bytes of 128 and more are masked out.
enum HexWord {
  /// The high bit of each byte that is not one of 0–9, A–F, a–f; 0 where all eight are.
  @inline(__always)
  static func invalid(_ word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let plain = word & (0x7F * ones)
    let lower = plain | (0x20 * ones)
    // Bit 7 after the sum: at least "0", more than "9"; at least "a", more than "f".
    let digit = (plain &+ 0x50 * ones) & ~(plain &+ 0x46 * ones)
    let letter = (lower &+ 0x1F * ones) & ~(lower &+ 0x19 * ones)
    return (word | ~(digit | letter)) & (0x80 * ones)
  }

  /// The four bytes that eight valid digits spell, the first digits' byte lowest.
  @inline(__always)
  static func bytes(_ word: UInt64) -> UInt32 {
    let nibbles = (word & 0x0F0F_0F0F_0F0F_0F0F) &+ ((word >> 6) & 0x0101_0101_0101_0101) &* 9
    var spelled = ((nibbles << 4) | (nibbles >> 8)) & 0x00FF_00FF_00FF_00FF
    spelled = (spelled | (spelled >> 8)) & 0x0000_FFFF_0000_FFFF
    return UInt32(truncatingIfNeeded: spelled | (spelled >> 16))
  }

  /// The number that eight valid digits spell.
  @inline(__always)
  static func number(_ word: UInt64) -> UInt32 { bytes(word).byteSwapped }
}

/// Decimal digits, up to eight in one 64-bit word: the first character is the lowest byte.
enum DecimalWord {
  /// How many of the first bytes are 0–9: 0 to 8.
  @inline(__always)
  static func count(_ word: UInt64) -> Int {
    let shifted = word ^ 0x3030_3030_3030_3030
    let other =
      (((shifted & 0x7F7F_7F7F_7F7F_7F7F) &+ 0x7676_7676_7676_7676) | shifted) & 0x8080_8080_8080_8080
    return other.trailingZeroBitCount >> 3
  }

  /// The number that the first `count` bytes spell, where they are digits; `count` is 1 to 8.
  @inline(__always)
  static func number(_ word: UInt64, count: Int) -> UInt64 {
    // Shifting in zero bytes in front stands for leading zeros.
    var sum = ((word ^ 0x3030_3030_3030_3030) << UInt64(64 &- 8 &* count)) & 0x0F0F_0F0F_0F0F_0F0F
    sum = (sum &* 10) &+ (sum >> 8)
    let high = (sum & 0x0000_00FF_0000_00FF) &* 0x000F_4240_0000_0064
    let low = ((sum >> 16) & 0x0000_00FF_0000_00FF) &* 0x0000_2710_0000_0001
    return (high &+ low) >> 32
  }
}

extension UnsafeRawPointer {
  /// The eight bytes from `offset`, the first one lowest.
  @inline(__always)
  func word(_ offset: Int) -> UInt64 {
    UInt64(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  /// The four bytes from `offset`, the first one lowest.
  @inline(__always)
  func half(_ offset: Int) -> UInt64 {
    UInt64(UInt32(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
  }

  /// The two bytes from `offset`, the first one lowest.
  @inline(__always)
  func pair(_ offset: Int) -> UInt64 {
    UInt64(UInt16(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
  }

  /// The byte at `offset`.
  @inline(__always)
  func byte(_ offset: Int) -> UInt8 { load(fromByteOffset: offset, as: UInt8.self) }
}
