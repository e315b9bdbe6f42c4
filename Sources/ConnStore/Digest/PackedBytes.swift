// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Bytes that are put together: small numbers take one byte, larger ones as many as they need (LEB128).
struct PackedBytes {
  private(set) var bytes: [UInt8] = []

  mutating func append(_ byte: UInt8) { bytes.append(byte) }

  mutating func append(pair: UInt16) {
    bytes.append(UInt8(truncatingIfNeeded: pair))
    bytes.append(UInt8(truncatingIfNeeded: pair >> 8))
  }

  mutating func append(number: UInt64) {
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  mutating func append(bytes more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }
}

/// Takes apart what ``PackedBytes`` put together. What is damaged reads as nil, never beyond the end.
struct PackedReader {
  private let bytes: UnsafeRawBufferPointer
  private(set) var place = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var isAtEnd: Bool { place == bytes.count }

  mutating func byte() -> UInt8? {
    guard place < bytes.count else { return nil }
    defer { place += 1 }
    return bytes[place]
  }

  mutating func pair() -> UInt16? {
    guard place + 2 <= bytes.count else { return nil }
    defer { place += 2 }
    return UInt16(bytes[place]) | UInt16(bytes[place + 1]) << 8
  }

  mutating func number() -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while place < bytes.count, shift < 64 {
      let byte = bytes[place]
      place += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    return nil
  }

  /// A number below 2²¹, as nearly all are: the quick way to read many.
  @inline(__always)
  mutating func shortNumber() -> Int? {
    guard place < bytes.count else { return nil }
    let low = Int(bytes[place])
    place += 1
    if low < 0x80 { return low }
    guard place < bytes.count else { return nil }
    let middle = Int(bytes[place])
    place += 1
    if middle < 0x80 { return low & 0x7F | middle << 7 }
    guard place < bytes.count, bytes[place] < 0x80 else { return nil }
    defer { place += 1 }
    return low & 0x7F | (middle & 0x7F) << 7 | Int(bytes[place]) << 14
  }

  /// The next bytes, `count` of them.
  mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
    guard count >= 0, count <= bytes.count - place else { return nil }
    defer { place += count }
    return UnsafeRawBufferPointer(rebasing: bytes[place..<place + count])
  }
}
