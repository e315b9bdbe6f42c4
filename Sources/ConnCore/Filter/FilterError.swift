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
  public static func nearest(to word: some StringProtocol, among candidates: some Sequence<String>) -> String?
  {
    let word = Array(word.lowercased().utf8)
    guard !word.isEmpty, word.count <= 32 else { return nil }
    var best: String?
    var bestDistance = word.count <= 2 ? 1 : word.count <= 4 ? 2 : 3
    for candidate in candidates {
      let other = Array(candidate.lowercased().utf8)
      guard abs(other.count - word.count) < bestDistance else { continue }
      let distance = edits(word, other)
      if distance < bestDistance {
        best = candidate
        bestDistance = distance
      }
    }
    return best
  }

  /// Optimal string alignment distance.
  private static func edits(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for i in left.indices {
      var row = [i + 1]
      row.reserveCapacity(right.count + 1)
      for j in right.indices {
        var cost = min(last[j] + (left[i] == right[j] ? 0 : 1), min(last[j + 1], row[j]) + 1)
        if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
          cost = min(cost, beforeLast[j - 1] + 1)
        }
        row.append(cost)
      }
      beforeLast = last
      last = row
    }
    return last[right.count]
  }
}
