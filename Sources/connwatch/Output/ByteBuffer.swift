// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

@preconcurrency import Glibc

/// Bytes that grow at their end: what all output is written into.
///
/// Appending to an array checks each time that it is not shared, which took most of the time of printing. This one has
/// a single owner, and ``slack`` bytes beyond its end that may be written to and read, so that short texts are copied
/// in whole blocks.
struct ByteBuffer: ~Copyable {
  /// Bytes beyond the end that are always there.
  static let slack = 32

  /// Where the bytes are; moves when the buffer grows.
  private(set) var base: UnsafeMutablePointer<UInt8>
  /// How many bytes there are.
  private(set) var count = 0
  private var capacity: Int

  /// Makes an empty buffer.
  init(capacity: Int = 4096) {
    self.capacity = capacity
    base = Self.allocate(nil, capacity)
  }

  deinit { free(base) }

  /// The bytes, only until the next change.
  var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: base, count: count) }

  /// The place after the last byte. Written to only after ``reserve(_:)``, and then told to ``advance(_:)``.
  var end: UnsafeMutablePointer<UInt8> { base + count }

  /// Makes room for so many bytes more, and the slack.
  @inline(__always)
  mutating func reserve(_ more: Int) {
    if count &+ more > capacity { grow(more) }
  }

  /// Counts bytes that were written at ``end``.
  @inline(__always)
  mutating func advance(_ written: Int) { count &+= written }

  /// Empties the buffer and keeps its room.
  mutating func removeAll() { count = 0 }

  /// Drops the last bytes.
  mutating func removeLast(_ dropped: Int) { count -= dropped }

  /// Appends a byte.
  @inline(__always)
  mutating func append(_ byte: UInt8) {
    reserve(1)
    base[count] = byte
    count &+= 1
  }

  /// Appends bytes.
  @inline(__always)
  mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
    reserve(bytes.count)
    if let start = bytes.baseAddress { end.update(from: start, count: bytes.count) }
    count &+= bytes.count
  }

  /// Appends bytes after which ``slack`` more can be read: of another buffer.
  @inline(__always)
  mutating func append(slackAfter start: UnsafePointer<UInt8>, count length: Int) {
    reserve(length)
    let source = UnsafeRawPointer(start)
    let target = UnsafeMutableRawPointer(end)
    target.storeBytes(of: source.loadUnaligned(as: SIMD16<UInt8>.self), as: SIMD16<UInt8>.self)
    if length > 16 { target.copyMemory(from: source, byteCount: length) }
    count &+= length
  }

  /// Appends text that is known when compiling.
  @inline(__always)
  mutating func append(literal text: StaticString) {
    append(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Appends a text's bytes as they are.
  mutating func append(raw text: String) {
    var text = text
    text.withUTF8 { append($0) }
  }

  /// Appends one character.
  mutating func append(_ scalar: Unicode.Scalar) {
    for unit in UTF8.encode(scalar)! { append(unit) }
  }

  /// Appends spaces; none for a count below 1.
  @inline(__always)
  mutating func append(spaces length: Int) {
    guard length > 0 else { return }
    reserve(length)
    UnsafeMutableRawPointer(end).storeBytes(of: SIMD16(repeating: 32), as: SIMD16<UInt8>.self)
    if length > 16 { end.update(repeating: 32, count: length) }
    count &+= length
  }

  @inline(never)
  private mutating func grow(_ more: Int) {
    capacity = max(capacity * 2, count + more)
    base = Self.allocate(base, capacity)
  }

  private static func allocate(_ old: UnsafeMutablePointer<UInt8>?, _ capacity: Int) -> UnsafeMutablePointer<
    UInt8
  > {
    guard let new = realloc(old, capacity + slack) else { fatalError("out of memory") }
    return new.assumingMemoryBound(to: UInt8.self)
  }
}
