// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Writes moments; remembers the last second and the zone's offsets, since rows in a table are of much the same time.
struct TimeText {
  /// How much of a time is shown in tables.
  enum Precision: Sendable {
    /// `2026-01-01 10:00:00`
    case full
    /// `10:00:00`, for a screen that shows the date elsewhere.
    case short
  }

  private let zone: Zone
  private let precision: Precision
  private var lastSecond = Int64.min
  private var lastText: [UInt8] = []
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
  mutating func append(_ time: Timestamp, to bytes: inout [UInt8]) {
    let (second, _) = Self.split(time)
    if second != lastSecond || lastText.isEmpty {
      lastSecond = second
      lastText.removeAll(keepingCapacity: true)
      let civil = CivilTime(seconds: second &+ Int64(offset(at: second)))
      if precision == .full {
        Self.appendDate(civil, to: &lastText)
        lastText.append(UInt8(ascii: " "))
      }
      Self.appendClock(civil, to: &lastText)
      if zone.isUTC { lastText.append(UInt8(ascii: "Z")) }
    }
    bytes.append(contentsOf: lastText)
  }

  /// Appends `2026-01-01T10:00:00.000000Z` (RFC 3339) whatever the zone.
  mutating func appendRFC3339(_ time: Timestamp, to bytes: inout [UInt8]) {
    let (second, fraction) = Self.split(time)
    if second != lastSecond || lastText.isEmpty {
      lastSecond = second
      lastText.removeAll(keepingCapacity: true)
      let civil = CivilTime(seconds: second)
      Self.appendDate(civil, to: &lastText)
      lastText.append(UInt8(ascii: "T"))
      Self.appendClock(civil, to: &lastText)
      lastText.append(UInt8(ascii: "."))
    }
    bytes.append(contentsOf: lastText)
    bytes.append(decimal: fraction, digits: 6)
    bytes.append(UInt8(ascii: "Z"))
  }

  /// Appends a span in microseconds in its two largest units: `250ms`, `3s`, `4m12s`, `2h05m`, `3d4h`.
  static func append(age microseconds: Int64, to bytes: inout [UInt8]) {
    if microseconds < 0 { bytes.append(UInt8(ascii: "-")) }
    let span = microseconds.magnitude
    let seconds = span / 1_000_000
    func append(_ large: UInt64, _ largeUnit: Character, _ small: UInt64, _ smallUnit: Character, digits: Int)
    {
      bytes.append(decimal: large, digits: 1)
      bytes.append(largeUnit.asciiValue!)
      bytes.append(decimal: small, digits: digits)
      bytes.append(smallUnit.asciiValue!)
    }
    switch seconds {
    case 0 where span >= 1000:
      bytes.append(decimal: span / 1000, digits: 1)
      bytes.append(literal: "ms")
    case 0..<60:
      bytes.append(decimal: seconds, digits: 1)
      bytes.append(UInt8(ascii: "s"))
    case 60..<3600: append(seconds / 60, "m", seconds % 60, "s", digits: 2)
    case 3600..<86_400: append(seconds / 3600, "h", seconds / 60 % 60, "m", digits: 2)
    default: append(seconds / 86_400, "d", seconds / 3600 % 24, "h", digits: 1)
    }
  }

  /// Whole seconds, rounded down, and the microseconds after them.
  private static func split(_ time: Timestamp) -> (second: Int64, fraction: UInt64) {
    var (second, fraction) = time.microseconds.quotientAndRemainder(dividingBy: 1_000_000)
    if fraction < 0 {
      second -= 1
      fraction += 1_000_000
    }
    return (second, UInt64(fraction))
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

  private static func appendDate(_ civil: CivilTime, to bytes: inout [UInt8]) {
    if civil.year < 0 { bytes.append(UInt8(ascii: "-")) }
    bytes.append(decimal: UInt64(civil.year.magnitude), digits: 4)
    bytes.append(UInt8(ascii: "-"))
    bytes.append(decimal: UInt64(civil.month), digits: 2)
    bytes.append(UInt8(ascii: "-"))
    bytes.append(decimal: UInt64(civil.day), digits: 2)
  }

  private static func appendClock(_ civil: CivilTime, to bytes: inout [UInt8]) {
    bytes.append(decimal: UInt64(civil.hour), digits: 2)
    bytes.append(UInt8(ascii: ":"))
    bytes.append(decimal: UInt64(civil.minute), digits: 2)
    bytes.append(UInt8(ascii: ":"))
    bytes.append(decimal: UInt64(civil.second), digits: 2)
  }
}

extension Timestamp {
  /// `2026-01-01T10:00:00.000000Z`.
  var rfc3339: String {
    var bytes: [UInt8] = []
    var text = TimeText(zone: .utc)
    text.appendRFC3339(self, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// `2026-01-01 10:00:00` in a zone, for messages.
  func text(in zone: Zone, _ precision: TimeText.Precision = .full) -> String {
    var bytes: [UInt8] = []
    var text = TimeText(zone: zone, precision: precision)
    text.append(self, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }
}
