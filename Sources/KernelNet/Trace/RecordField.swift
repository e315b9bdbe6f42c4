// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// A whole number of a record, in the machine's byte order.
struct NumberField: Equatable {
  /// Bytes from the record's start.
  let offset: Int
  /// 1, 2, 4 or 8 bytes.
  let size: Int

  /// Makes the reader of a field.
  ///
  /// - Throws: ``TraceError`` of kind `missing` where there is none, or it is not a number.
  init(_ format: EventFormat, _ name: String) throws(TraceError) {
    let field = try format.field(name)
    guard field.place == .here, [1, 2, 4, 8].contains(field.size) else {
      throw TraceError(.missing, what: format.event, why: "this kernel's field \(name) is not a number")
    }
    offset = field.offset
    size = field.size
  }

  /// The first byte after it.
  var end: Int { offset + size }

  /// Its bits; 0 where the record is too short, which the caller has looked at before.
  @inline(__always)
  func load(_ record: RawSpan) -> UInt64 {
    guard end <= record.byteCount else { return 0 }
    return switch size {
    case 2: UInt64(record.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt16.self))
    case 4: UInt64(record.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt32.self))
    case 8: record.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self)
    default: UInt64(record.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt8.self))
    }
  }

  /// Its value, where it is an `int`.
  @inline(__always)
  func loadInt32(_ record: RawSpan) -> Int32 { Int32(truncatingIfNeeded: load(record)) }
}

/// Some bytes of a record, of a known number.
struct BytesField: Equatable {
  /// Bytes from the record's start.
  let offset: Int
  /// How many.
  let size: Int

  /// Makes the reader of a field.
  ///
  /// - Throws: ``TraceError`` of kind `missing` where there is none of that size.
  init(_ format: EventFormat, _ name: String, size: Int) throws(TraceError) {
    let field = try format.field(name)
    guard field.place == .here, field.size == size else {
      throw TraceError(
        .missing, what: format.event, why: "this kernel's field \(name) is not of \(size) bytes")
    }
    offset = field.offset
    self.size = size
  }

  /// The first byte after it.
  var end: Int { offset + size }
}

/// A text of a record: in the field itself, or where the field says.
struct TextField: Equatable {
  /// Bytes from the record's start to the field.
  let offset: Int
  /// Bytes of the field.
  let size: Int
  /// Where the text is.
  let place: EventFormat.Place

  /// Makes the reader of a field.
  ///
  /// - Throws: ``TraceError`` of kind `missing` where there is none.
  init(_ format: EventFormat, _ name: String) throws(TraceError) {
    let field = try format.field(name)
    guard field.place == .here || field.size == 4 else {
      throw TraceError(.missing, what: format.event, why: "this kernel's field \(name) is not a text")
    }
    offset = field.offset
    size = field.size
    place = field.place
  }

  /// The first byte after the field itself.
  var end: Int { offset + size }

  /// The text up to its NUL, repaired where it is not UTF-8; empty where it would be outside the record.
  func load(_ record: RawSpan) -> String {
    guard end <= record.byteCount else { return "" }
    var start = offset
    var length = size
    if place != .here {
      let location = Int(record.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt32.self))
      start = location & 0xFFFF
      if place == .fromField { start += end }
      length = location >> 16
    }
    guard start + length <= record.byteCount else { return "" }
    return record.extracting(start..<start + length).withUnsafeBytes { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}
