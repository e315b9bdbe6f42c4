// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Why some words are not a filter: what is wrong, which word, and what would be accepted.
public struct FilterError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong, with the offending text in it.
  public var message: String
  /// The offending word as it was written, empty where something is missing at the end.
  public var word: String
  /// The words joined by blanks, with anything that is not printable shown as `?`.
  public var text: String
  /// Where in `text` the word begins, in characters.
  public var offset: Int
  /// What to do about it, where that is plain.
  public var hint: String?
  /// What would be accepted in the word's place.
  public var accepted: [String]

  /// Makes an error; one that is about no word in particular has no text.
  public init(
    _ message: String, word: String = "", text: String = "", offset: Int = 0, hint: String? = nil,
    accepted: [String] = []
  ) {
    self.message = message
    self.word = word
    self.text = text
    self.offset = offset
    self.hint = hint
    self.accepted = accepted
  }

  /// One line, without the program's name: `filter: unknown word 'sprot' (did you mean 'sport'?)`.
  public var description: String {
    if let hint { return "filter: \(message) (\(hint))" }
    if accepted.isEmpty { return "filter: \(message)" }
    return "filter: \(message) (accepted: \(accepted.joined(separator: ", ")))"
  }

  /// Two lines that show the word in its place, the second with a caret under it; of a long filter only the part
  /// around the word.
  public var pointer: String {
    let shown = 72
    let characters = Array(text)
    let offset = max(0, min(offset, characters.count))
    let length = max(1, min(word.count, characters.count - offset))
    var first = 0
    if characters.count > shown, offset > shown / 2 {
      first = max(0, min(offset - shown / 2, characters.count - shown))
    }
    let last = min(characters.count, first + shown)
    let before = first > 0 ? "…" : ""
    let after = last < characters.count ? "…" : ""
    let under = max(1, min(length, first + shown - offset))
    return "  " + before + String(characters[first..<last]) + after + "\n  "
      + String(repeating: " ", count: before.count + offset - first) + "^"
      + String(repeating: "~", count: under - 1)
  }
}

/// Finds the word that was probably meant.
public enum Suggestion {
  /// The candidate that is nearest to `word` by insertions, deletions, replacements and swapped neighbours, or nil
  /// where none is near: at most two edits, fewer in short words. Of equally near ones the first.
  public static func nearest(
    to word: some StringProtocol, among candidates: some Sequence<String>
  ) -> String? {
    let word = word.utf8.map(lowercased)
    guard !word.isEmpty, word.count <= longest else { return nil }
    var best: String?
    var bestDistance = word.count <= 2 ? 1 : word.count <= 4 ? 2 : 3
    var rows = [Int](repeating: 0, count: 3 * (longest + 4))
    let letters = letterSet(word)
    for candidate in candidates where abs(candidate.utf8.count - word.count) < bestDistance {
      // Each edit takes away and brings in one letter at most: most candidates are out by this already.
      let others = letterSet(candidate.utf8)
      guard max((letters & ~others).nonzeroBitCount, (others & ~letters).nonzeroBitCount) < bestDistance
      else { continue }
      let distance = edits(word, candidate.utf8, below: bestDistance, &rows)
      if distance < bestDistance {
        best = candidate
        bestDistance = distance
      }
    }
    return best
  }

  /// Words of more bytes are nobody's slip of the finger.
  private static let longest = 32

  private static func letterSet(_ text: some Sequence<UInt8>) -> UInt64 {
    var set: UInt64 = 0
    for byte in text { set |= 1 << UInt64(lowercased(byte) & 63) }
    return set
  }

  private static func lowercased(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 32 : byte
  }

  /// Optimal string alignment distance, or `limit` as soon as it cannot be below that; `rows` has room for three rows
  /// of the table.
  private static func edits(
    _ word: [UInt8], _ candidate: String.UTF8View, below limit: Int, _ rows: inout [Int]
  ) -> Int {
    let width = longest + 4
    for column in 0...word.count { rows[column] = column }
    var before: UInt8 = 0
    var line = 0
    for byte in candidate {
      let byte = lowercased(byte)
      line += 1
      let (this, last, beforeLast) = (line % 3 * width, (line + 2) % 3 * width, (line + 1) % 3 * width)
      rows[this] = line
      var least = line
      for column in 1...word.count {
        let replaced = rows[last + column - 1] + (word[column - 1] == byte ? 0 : 1)
        var cost = min(replaced, min(rows[last + column], rows[this + column - 1]) + 1)
        if line > 1, column > 1, word[column - 2] == byte, word[column - 1] == before {
          cost = min(cost, rows[beforeLast + column - 2] + 1)
        }
        rows[this + column] = cost
        least = min(least, cost)
      }
      // A swap costs one from two rows back, where the least is at most one less: no later row is below this one's.
      if least >= limit { return limit }
      before = byte
    }
    return rows[line % 3 * width + word.count]
  }
}
