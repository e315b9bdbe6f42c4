// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// The words of a filter as one text, read piece by piece: what a piece ends at depends on what is expected.
struct FilterLexer {
  /// What may stand between conditions.
  enum Symbol: Equatable {
    case open, close, not, and, or
    case word
    /// An operator that belongs after a word, such as `=`.
    case comparison
    case end
  }

  /// How a condition compares.
  enum Comparison: Equatable {
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
  }

  let text: [UInt8]
  /// Where each word that has a blank in it lies: such a one was quoted in the shell.
  private let quoted: [Int: Int]
  private(set) var position = 0

  init(_ words: [String]) {
    var text: [UInt8] = []
    var quoted: [Int: Int] = [:]
    for word in words {
      if !text.isEmpty { text.append(UInt8(ascii: " ")) }
      let start = text.count
      text.append(contentsOf: word.utf8)
      if text[start...].contains(where: Self.isBlank) { quoted[start] = text.count }
    }
    self.text = text
    self.quoted = quoted
  }

  static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || (byte >= 9 && byte <= 13) }

  private static func endsWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "!"), UInt8(ascii: "="), UInt8(ascii: "<"),
      UInt8(ascii: ">"), UInt8(ascii: "&"), UInt8(ascii: "|"):
      true
    default: isBlank(byte)
    }
  }

  func string(_ range: Range<Int>) -> String { String(decoding: text[range], as: UTF8.self) }

  private func byte(_ offset: Int) -> UInt8 { offset < text.count ? text[offset] : 0 }

  mutating func skipBlanks() {
    while position < text.count, Self.isBlank(text[position]) { position += 1 }
  }

  private func wordEnd(_ start: Int) -> Int {
    var end = start
    while end < text.count, !Self.endsWord(text[end]) { end += 1 }
    return end
  }

  /// Reads what stands between conditions: an operator, a parenthesis, or the word that begins a condition.
  mutating func next() -> (symbol: Symbol, range: Range<Int>) {
    skipBlanks()
    let start = position
    guard start < text.count else { return (.end, start..<start) }
    var symbol = Symbol.word
    switch text[start] {
    case UInt8(ascii: "("): (symbol, position) = (.open, start + 1)
    case UInt8(ascii: ")"): (symbol, position) = (.close, start + 1)
    case UInt8(ascii: "&"): (symbol, position) = (.and, start + (byte(start + 1) == text[start] ? 2 : 1))
    case UInt8(ascii: "|"): (symbol, position) = (.or, start + (byte(start + 1) == text[start] ? 2 : 1))
    case UInt8(ascii: "!") where byte(start + 1) != UInt8(ascii: "="): (symbol, position) = (.not, start + 1)
    case UInt8(ascii: "="), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "!"):
      (symbol, position) = (.comparison, start + (byte(start + 1) == UInt8(ascii: "=") ? 2 : 1))
    default:
      position = wordEnd(start)
      switch string(start..<position).lowercased() {
      case "and": symbol = .and
      case "or": symbol = .or
      case "not": symbol = .not
      default: break
      }
    }
    return (symbol, start..<position)
  }

  /// Reads the comparison after a word, where there is one. The letters (`eq`, `lt`) only where `letters` is true,
  /// for they could be a name.
  mutating func comparison(letters: Bool) -> (Comparison, range: Range<Int>)? {
    skipBlanks()
    let start = position
    let isDouble = byte(start + 1) == UInt8(ascii: "=")
    let found: Comparison
    switch byte(start) {
    case UInt8(ascii: "="): found = .equal
    case UInt8(ascii: "!") where isDouble: found = .notEqual
    case UInt8(ascii: "<"): found = isDouble ? .lessOrEqual : .less
    case UInt8(ascii: ">"): found = isDouble ? .greaterOrEqual : .greater
    default:
      guard letters else { return nil }
      let end = wordEnd(start)
      switch string(start..<end).lowercased() {
      case "eq": found = .equal
      case "ne", "neq": found = .notEqual
      case "lt": found = .less
      case "le", "leq": found = .lessOrEqual
      case "gt": found = .greater
      case "ge", "geq": found = .greaterOrEqual
      default: return nil
      }
      position = end
      return (found, start..<end)
    }
    position = start + (isDouble ? 2 : 1)
    return (found, start..<position)
  }

  /// Reads a value without blanks or operators in it; empty where there is none.
  mutating func value() -> Range<Int> {
    skipBlanks()
    let start = position
    position = wordEnd(start)
    return start..<position
  }

  /// A name, and whether its closing quote is missing.
  struct Name {
    var range: Range<Int>
    var isUnfinished = false
  }

  /// Reads a name, which may hold anything: one in quotes up to the closing one, a word quoted in the shell as a
  /// whole, else up to a blank, `&`, `|` or a parenthesis that closes what was opened before the name.
  mutating func name() -> Name {
    skipBlanks()
    let start = position
    guard start < text.count else { return Name(range: start..<start) }
    if text[start] == UInt8(ascii: "'") || text[start] == UInt8(ascii: "\"") {
      if let end = text[(start + 1)...].firstIndex(of: text[start]) {
        position = end + 1
        return Name(range: start + 1..<end)
      }
      position = text.count
      return Name(range: start..<position, isUnfinished: true)
    }
    if let end = quoted[start] {
      position = end
      return Name(range: start..<end)
    }
    var open = 0
    scan: while position < text.count {
      switch text[position] {
      case UInt8(ascii: "("): open += 1
      case UInt8(ascii: ")"):
        if open == 0 { break scan }
        open -= 1
      case UInt8(ascii: "&"), UInt8(ascii: "|"): break scan
      case let byte where Self.isBlank(byte): break scan
      default: break
      }
      position += 1
    }
    // An open parenthesis left over is a group where a name should be: `process ( a or b )`.
    if open > 0 { position = start }
    return Name(range: start..<position)
  }
}
