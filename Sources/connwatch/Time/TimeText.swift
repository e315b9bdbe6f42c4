// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Writes moments; remembers the last second and the zone's offsets, since rows in a table are of much the same time.
struct TimeText {
  /// How much of a time is shown in tables.
  enum Precision: Sendable {
    /// `2026-01-01 10:00:00`
    case full
    /// `01-01 10:00:00`, where there is no room for the year.
    case yearless
    /// `10:00:00`, for a screen that shows the date elsewhere.
    case short
  }

  private let zone: Zone
  private let precision: Precision
  private var lastSecond = Int64.min
  /// The text of the last second and its length: at most 32 bytes, copied in one go.
  private var lastText = SIMD32<UInt8>()
  private var lastCount = 0
  /// The quarter of an hour that the offset was asked for: clocks change at no other times.
  private var quarters: [Int64]
  private var offsets: [Int]

  /// Writes times of tables in `zone`.
  init(zone: Zone, precision: Precision = .full) {
    self.zone = zone
    self.precision = precision
    quarters = zone.isUTC ? [] : Array(repeating: .min, count: 64)
    offsets = zone.isUTC ? [] : Array(repeating: 0, count: 64)
  }

  /// Appends `2026-01-01 10:00:00` in the zone, with `Z` after it where that is UTC by request.
  mutating func append(_ time: Timestamp, to bytes: inout ByteBuffer) {
    let (second, _) = Self.split(time)
    if second == lastSecond { return repeatLast(&bytes) }
    let start = bytes.count
    let civil = CivilTime(seconds: second &+ Int64(offset(at: second)))
    switch precision {
    case .full: Self.appendDate(civil, to: &bytes)
    case .yearless: Self.appendDay(civil, to: &bytes)
    case .short: break
    }
    if precision != .short { bytes.append(UInt8(ascii: " ")) }
    Self.appendClock(civil, to: &bytes)
    if zone.isUTC { bytes.append(UInt8(ascii: "Z")) }
    remember(bytes, from: start, as: second)
  }

  /// Appends `2026-01-01T10:00:00.000000Z` (RFC 3339) whatever the zone. A writer is used for this or for
  /// ``append(_:to:)``, never for both.
  mutating func appendRFC3339(_ time: Timestamp, to bytes: inout ByteBuffer) {
    let (second, fraction) = Self.split(time)
    if second == lastSecond {
      repeatLast(&bytes)
    } else {
      let start = bytes.count
      let civil = CivilTime(seconds: second)
      Self.appendDate(civil, to: &bytes)
      bytes.append(UInt8(ascii: "T"))
      Self.appendClock(civil, to: &bytes)
      bytes.append(UInt8(ascii: "."))
      remember(bytes, from: start, as: second)
    }
    bytes.append(fraction, digits: 6)
    bytes.append(UInt8(ascii: "Z"))
  }

  private func repeatLast(_ bytes: inout ByteBuffer) {
    bytes.reserve(lastCount)
    UnsafeMutableRawPointer(bytes.end).storeBytes(of: lastText, as: SIMD32<UInt8>.self)
    bytes.advance(lastCount)
  }

  private mutating func remember(_ bytes: borrowing ByteBuffer, from start: Int, as second: Int64) {
    // The slack of the buffer makes 32 bytes readable here.
    lastText = UnsafeRawPointer(bytes.base + start).loadUnaligned(as: SIMD32<UInt8>.self)
    lastCount = bytes.count - start
    lastSecond = second
  }

  /// A span in microseconds, as ``append(age:to:)`` writes it.
  static func age(_ microseconds: Int64) -> String {
    var bytes = ByteBuffer(capacity: 16)
    append(age: microseconds, to: &bytes)
    return String(decoding: bytes.bytes, as: UTF8.self)
  }

  /// Appends a span in microseconds in its two largest units: `250ms`, `3s`, `4m12s`, `2h05m`, `3d4h`.
  static func append(age microseconds: Int64, to bytes: inout ByteBuffer) {
    if microseconds < 0 { bytes.append(UInt8(ascii: "-")) }
    let span = microseconds.magnitude
    let seconds = span / 1_000_000
    switch seconds {
    case 0 where span >= 1000:
      bytes.append(decimal: span / 1000)
      bytes.append(literal: "ms")
    case 0..<60:
      bytes.append(decimal: seconds)
      bytes.append(UInt8(ascii: "s"))
    case 60..<3600:
      bytes.append(decimal: seconds / 60)
      bytes.append(UInt8(ascii: "m"))
      bytes.append(Int(seconds % 60), digits: 2)
      bytes.append(UInt8(ascii: "s"))
    case 3600..<86_400:
      bytes.append(decimal: seconds / 3600)
      bytes.append(UInt8(ascii: "h"))
      bytes.append(Int(seconds / 60 % 60), digits: 2)
      bytes.append(UInt8(ascii: "m"))
    default:
      bytes.append(decimal: seconds / 86_400)
      bytes.append(UInt8(ascii: "d"))
      bytes.append(decimal: seconds / 3600 % 24)
      bytes.append(UInt8(ascii: "h"))
    }
  }

  /// Whole seconds, rounded down, and the microseconds after them.
  private static func split(_ time: Timestamp) -> (second: Int64, fraction: Int) {
    var (second, fraction) = time.microseconds.quotientAndRemainder(dividingBy: 1_000_000)
    if fraction < 0 {
      second -= 1
      fraction += 1_000_000
    }
    return (second, Int(fraction))
  }

  private mutating func offset(at second: Int64) -> Int {
    if zone.isUTC { return 0 }
    let quarter = second / 900
    let slot = Int(truncatingIfNeeded: quarter & 63)
    if quarters[slot] != quarter {
      quarters[slot] = quarter
      offsets[slot] = zone.offset(at: second)
    }
    return offsets[slot]
  }

  private static func appendDate(_ civil: CivilTime, to bytes: inout ByteBuffer) {
    if 0...9999 ~= civil.year {
      bytes.append(civil.year, digits: 4)
    } else {
      bytes.append(decimal: Int64(civil.year))
    }
    bytes.append(UInt8(ascii: "-"))
    appendDay(civil, to: &bytes)
  }

  private static func appendDay(_ civil: CivilTime, to bytes: inout ByteBuffer) {
    bytes.append(civil.month, digits: 2)
    bytes.append(UInt8(ascii: "-"))
    bytes.append(civil.day, digits: 2)
  }

  private static func appendClock(_ civil: CivilTime, to bytes: inout ByteBuffer) {
    bytes.append(civil.hour, digits: 2)
    bytes.append(UInt8(ascii: ":"))
    bytes.append(civil.minute, digits: 2)
    bytes.append(UInt8(ascii: ":"))
    bytes.append(civil.second, digits: 2)
  }
}

extension Timestamp {
  /// `2026-01-01T10:00:00.000000Z`.
  var rfc3339: String {
    var bytes = ByteBuffer()
    var text = TimeText(zone: .utc)
    text.appendRFC3339(self, to: &bytes)
    return String(decoding: bytes.bytes, as: UTF8.self)
  }

  /// `2026-01-01 10:00:00` in a zone, for messages.
  func text(in zone: Zone, _ precision: TimeText.Precision = .full) -> String {
    var bytes = ByteBuffer()
    var text = TimeText(zone: zone, precision: precision)
    text.append(self, to: &bytes)
    return String(decoding: bytes.bytes, as: UTF8.self)
  }
}
