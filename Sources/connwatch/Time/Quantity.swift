// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Text that was given for a time, a duration or a size, and is none.
struct UnreadableText: Error, Equatable, CustomStringConvertible {
  /// What was asked for: `time`, `duration`, `size`.
  var kind: String
  /// What was given.
  var text: String
  /// What is wrong with it where that is known, else nil.
  var reason: String?
  /// Examples of what is accepted.
  var examples: String

  var description: String {
    let why = reason.map { ": " + $0 } ?? ""
    return "\"\(HostileText.escaped(text))\" is not a \(kind)\(why) (\(examples))"
  }
}

/// Durations and sizes as people type them.
enum Quantity {
  static let durationExamples = "try 1s, 500ms, 90m, 1h30m or 30d; a bare number is seconds"
  static let sizeExamples = "try 512M, 1G or 100k; a bare number is bytes"

  /// The units of a duration in microseconds, largest first. A day is 24 hours.
  private static let durationUnits: [(names: [String], size: Int64)] = [
    (["w"], 604_800_000_000), (["d"], 86_400_000_000), (["h"], 3_600_000_000), (["m", "min"], 60_000_000),
    (["s", "sec"], 1_000_000), (["ms"], 1000), (["us"], 1),
  ]

  /// Reads `500ms`, `1h30m`, `0.5` (seconds) as microseconds, never negative.
  static func duration(_ text: String) throws(UnreadableText) -> Int64 {
    var rest = text.utf8[...]
    if let number = try decimal(&rest, scale: 1_000_000, of: text), rest.isEmpty { return number }
    guard let span = try compound(text.utf8[...], of: text, kind: "duration", examples: durationExamples)
    else {
      throw UnreadableText(kind: "duration", text: text, examples: durationExamples)
    }
    return span
  }

  /// Reads a chain of numbers with units, each unit smaller than the one before; nil where it is none.
  static func compound(
    _ words: Substring.UTF8View, of text: String, kind: String, examples: String
  ) throws(UnreadableText) -> Int64? {
    var rest = words
    guard !rest.isEmpty else { return nil }
    var total: Int64 = 0
    var next = 0
    while !rest.isEmpty {
      var probe = rest
      guard try decimal(&probe, scale: 1, of: text, kind: kind, examples: examples) != nil else { return nil }
      let unit = String(Substring(probe.prefix { $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A }))
      let index = durationUnits[next...].firstIndex { $0.names.contains(unit) }
      guard let index else {
        guard durationUnits.contains(where: { $0.names.contains(unit) }) else { return nil }
        throw UnreadableText(
          kind: kind, text: text, reason: "units go from large to small, each once", examples: examples)
      }
      let size = durationUnits[index].size
      let number = try decimal(&rest, scale: size, of: text, kind: kind, examples: examples) ?? 0
      let (sum, isTooLarge) = total.addingReportingOverflow(number)
      if isTooLarge { throw tooLarge(text, kind, examples) }
      total = sum
      next = index + 1
      rest = probe.dropFirst(unit.utf8.count)
    }
    return total
  }

  /// Reads `512M`, `1G`, `100k` as bytes: powers of 1024, in either case, also written `MB` and `MiB`.
  static func size(_ text: String) throws(UnreadableText) -> Int64 {
    let factors: [Character: Int64] = ["k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40]
    var suffix = String(text.drop { $0.isASCII && ($0.isNumber || $0 == ".") }).lowercased()
    if suffix.count == 3, suffix.hasSuffix("ib") { suffix.removeLast(2) }
    if suffix.count == 2, suffix.hasSuffix("b") { suffix.removeLast() }
    var factor: Int64?
    switch suffix {
    case "", "b": factor = 1
    default: factor = suffix.count == 1 ? factors[suffix.first!] : nil
    }
    var rest = text.utf8[...]
    guard let factor,
      let bytes = try decimal(&rest, scale: factor, of: text, kind: "size", examples: sizeExamples)
    else { throw UnreadableText(kind: "size", text: text, examples: sizeExamples) }
    return bytes
  }

  /// Takes a number with an optional fraction off the front and multiplies it; nil where there is none.
  private static func decimal(
    _ rest: inout Substring.UTF8View, scale: Int64, of text: String, kind: String = "duration",
    examples: String = durationExamples
  ) throws(UnreadableText) -> Int64? {
    let whole = rest.prefix { $0 &- 48 < 10 }
    guard !whole.isEmpty else { return nil }
    rest = rest.dropFirst(whole.count)
    var total: Int64 = 0
    for digit in whole {
      let (ten, over) = total.multipliedReportingOverflow(by: 10)
      let (sum, over2) = ten.addingReportingOverflow(Int64(digit &- 48))
      if over || over2 { throw tooLarge(text, kind, examples) }
      total = sum
    }
    let (scaled, isTooLarge) = total.multipliedReportingOverflow(by: scale)
    if isTooLarge { throw tooLarge(text, kind, examples) }
    guard rest.first == UInt8(ascii: ".") else { return scaled }
    let digits = rest.dropFirst().prefix { $0 &- 48 < 10 }
    guard !digits.isEmpty else { return nil }
    rest = rest.dropFirst(digits.count + 1)
    // Six digits of a week in microseconds still fit; more are below what any unit resolves.
    var fraction: Int64 = 0
    var power: Int64 = 1
    for digit in digits.prefix(6) {
      fraction = fraction * 10 + Int64(digit &- 48)
      power *= 10
    }
    let (part, isPartTooLarge) = fraction.multipliedReportingOverflow(by: scale)
    let (sum, isSumTooLarge) = scaled.addingReportingOverflow(part / power)
    if isPartTooLarge || isSumTooLarge { throw tooLarge(text, kind, examples) }
    return sum
  }

  private static func tooLarge(_ text: String, _ kind: String, _ examples: String) -> UnreadableText {
    UnreadableText(kind: kind, text: text, reason: "too large", examples: examples)
  }
}
