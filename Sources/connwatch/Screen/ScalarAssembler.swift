// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Puts scalars together from the bytes of UTF-8, which come as they like. What is not UTF-8 is dropped: stray and missing
/// continuations, overlong forms, surrogates, what is beyond U+10FFFF.
struct ScalarAssembler {
  /// What a byte was good for.
  enum Step: Equatable {
    case scalar(Unicode.Scalar)
    case pending
    case dropped
    /// The sequence before it is dropped; the byte itself begins something, and is to be given again.
    case cut
  }

  private var value: UInt32 = 0
  private var missing = 0
  /// What the next byte may be.
  private var allowed: ClosedRange<UInt8> = 0x80...0xBF

  /// True within a sequence.
  var isPending: Bool { missing > 0 }

  /// Drops what has begun.
  mutating func reset() { missing = 0 }

  mutating func take(_ byte: UInt8) -> Step {
    if missing == 0 { return begin(byte) }
    guard allowed.contains(byte) else {
      missing = 0
      return .cut
    }
    allowed = 0x80...0xBF
    value = value << 6 | UInt32(byte & 0x3F)
    missing -= 1
    if missing > 0 { return .pending }
    return Unicode.Scalar(value).map(Step.scalar) ?? .dropped
  }

  private mutating func begin(_ byte: UInt8) -> Step {
    allowed = 0x80...0xBF
    switch byte {
    case 0..<0x80: return .scalar(Unicode.Scalar(byte))
    case 0xC2...0xDF: (value, missing) = (UInt32(byte & 0x1F), 1)
    case 0xE0...0xEF: (value, missing) = (UInt32(byte & 0x0F), 2)
    case 0xF0...0xF4: (value, missing) = (UInt32(byte & 0x07), 3)
    default: return .dropped
    }
    // The second byte tells overlong forms, surrogates and what is beyond the last scalar.
    switch byte {
    case 0xE0: allowed = 0xA0...0xBF
    case 0xED: allowed = 0x80...0x9F
    case 0xF0: allowed = 0x90...0xBF
    case 0xF4: allowed = 0x80...0x8F
    default: break
    }
    return .pending
  }
}
