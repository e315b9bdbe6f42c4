// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Reads moments as people type them, at a given now and in a given zone.
///
/// `1h`, `-90m`, `1h30m`: that long ago. `now`, `today` and `yesterday`: for the last two, when that day began, or with a
/// time of day (`yesterday 10:00`) that.
/// `03:14`, `03:14:15`: the last time the clocks showed it, so one later than now is yesterday's. `2026-01-01`,
/// `2026-01-01 10:00[:00]`: in the zone. RFC 3339: in the zone it names. `@1767261600.5`: seconds since the epoch.
struct TimeReader: Sendable {
  static let examples =
    "try 1h, -90m, today, yesterday 10:00, 03:14, 2026-01-01 10:00, 2026-01-01T10:00:00Z or @1767261600"

  /// What times are relative to.
  var now: Timestamp
  /// The zone of times that name none.
  var zone: Zone

  /// Reads a time.
  func read(_ text: String) throws(UnreadableText) -> Timestamp {
    switch text.lowercased() {
    case "now": return now
    case "today": return try midnight(daysAgo: 0)
    case "yesterday": return try midnight(daysAgo: 1)
    default: break
    }
    for (day, daysAgo) in [("today ", 0), ("yesterday ", 1)] where text.lowercased().hasPrefix(day) {
      let today = zone.civil(at: now.microseconds.floorSeconds)
      let date = CivilTime(seconds: today.seconds - Int64(daysAgo) * 86_400)
      return try calendar(text, from: day.utf8.count, on: date)
    }
    if text.hasPrefix("@") { return try epoch(text) }
    let isNegative = text.hasPrefix("-")
    let span = text.utf8.dropFirst(isNegative ? 1 : 0)
    if !span.isEmpty, span.allSatisfy({ $0 &- 48 < 10 || $0 == UInt8(ascii: ".") }) {
      let reason = "a number needs a unit, as in \(span.count > 6 ? "1" : String(Substring(span)))m"
      throw unreadable(text, reason)
    }
    if let span = try Quantity.compound(span, of: text, kind: "time", examples: Self.examples) {
      let (moment, isTooLarge) = now.microseconds.subtractingReportingOverflow(span)
      if isTooLarge { throw unreadable(text, "too long ago") }
      return Timestamp(microseconds: moment)
    }
    return try calendar(text)
  }

  private func midnight(daysAgo: Int) throws(UnreadableText) -> Timestamp {
    let today = zone.civil(at: now.microseconds.floorSeconds)
    let day = CivilTime(year: today.year, month: today.month, day: today.day - daysAgo)
    return Timestamp(microseconds: zone.moment(of: day) * 1_000_000)
  }

  /// `@1767261600`, `@1767261600.5`, `@-1`.
  private func epoch(_ text: String) throws(UnreadableText) -> Timestamp {
    var scan = Scanner(text.utf8.dropFirst())
    let isNegative = scan.take("-")
    guard let seconds = scan.number(digits: 1...12), let fraction = scan.fraction(), scan.isAtEnd else {
      throw unreadable(text, "after @ come seconds since the epoch")
    }
    let microseconds = Int64(seconds) * 1_000_000 + fraction
    return Timestamp(microseconds: isNegative ? -microseconds : microseconds)
  }

  /// A time of day, a date, or both; of a day that is given, the time of day from a place on.
  private func calendar(
    _ text: String, from start: Int = 0, on day: CivilTime? = nil
  ) throws(UnreadableText) -> Timestamp {
    var scan = Scanner(text.utf8.dropFirst(start))
    var date = day
    if day == nil, scan.rest.dropFirst(4).first == UInt8(ascii: "-") {
      guard let year = scan.number(digits: 4...4), scan.take("-"), let month = scan.number(digits: 2...2),
        scan.take("-"), let day = scan.number(digits: 2...2)
      else { throw unreadable(text) }
      let civil = CivilTime(year: year, month: month, day: day)
      guard civil.isValid else { throw unreadable(text, "no such date") }
      if scan.isAtEnd { return Timestamp(microseconds: zone.moment(of: civil) * 1_000_000) }
      guard scan.take(" ") || scan.take("T") || scan.take("t") else { throw unreadable(text) }
      date = civil
    }
    guard let hour = scan.number(digits: 1...2), scan.take(":"), let minute = scan.number(digits: 2...2)
    else {
      throw unreadable(text)
    }
    var second = 0
    var fraction: Int64 = 0
    if scan.take(":") {
      guard let seconds = scan.number(digits: 2...2), let part = scan.fraction() else {
        throw unreadable(text)
      }
      second = seconds
      fraction = part
    }
    var civil = date ?? zone.civil(at: now.microseconds.floorSeconds)
    (civil.hour, civil.minute, civil.second) = (hour, minute, second)
    guard civil.isValid else { throw unreadable(text, "no such time of day") }
    if scan.isAtEnd {
      var moment = zone.moment(of: civil) * 1_000_000 + fraction
      if date == nil, moment > now.microseconds {
        civil.day -= 1
        moment = zone.moment(of: civil) * 1_000_000 + fraction
      }
      return Timestamp(microseconds: moment)
    }
    guard date != nil, day == nil, let ahead = scan.offset(), scan.isAtEnd else { throw unreadable(text) }
    return Timestamp(microseconds: (civil.seconds - Int64(ahead)) * 1_000_000 + fraction)
  }

  private func unreadable(_ text: String, _ reason: String? = nil) -> UnreadableText {
    UnreadableText(kind: "time", text: text, reason: reason, examples: Self.examples)
  }

  /// Takes a text apart from the front.
  private struct Scanner {
    var rest: Substring.UTF8View

    init(_ text: Substring.UTF8View) { rest = text }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ character: Character) -> Bool {
      guard rest.first == character.asciiValue else { return false }
      rest = rest.dropFirst()
      return true
    }

    mutating func number(digits: ClosedRange<Int>) -> Int? {
      let found = rest.prefix { $0 &- 48 < 10 }
      guard digits.contains(found.count) else { return nil }
      rest = rest.dropFirst(found.count)
      return found.reduce(0) { $0 * 10 + Int($1 &- 48) }
    }

    /// `.5` as microseconds, 0 where there is none; digits after the sixth are dropped.
    mutating func fraction() -> Int64? {
      guard take(".") else { return 0 }
      let found = rest.prefix { $0 &- 48 < 10 }
      guard !found.isEmpty else { return nil }
      rest = rest.dropFirst(found.count)
      var fraction: Int64 = 0
      var place: Int64 = 100_000
      for digit in found {
        fraction += Int64(digit &- 48) * place
        place /= 10
      }
      return fraction
    }

    /// `Z` or `+01:00`, in seconds ahead of UTC.
    mutating func offset() -> Int? {
      if take("Z") || take("z") { return 0 }
      let isBehind = rest.first == UInt8(ascii: "-")
      guard isBehind || rest.first == UInt8(ascii: "+") else { return nil }
      rest = rest.dropFirst()
      guard let hours = number(digits: 2...2), take(":"), let minutes = number(digits: 2...2), hours < 24,
        minutes < 60
      else { return nil }
      return (isBehind ? -1 : 1) * (hours * 3600 + minutes * 60)
    }
  }
}

extension Int64 {
  /// Microseconds as whole seconds, rounded down.
  fileprivate var floorSeconds: Int64 { self >= 0 ? self / 1_000_000 : (self - 999_999) / 1_000_000 }
}
