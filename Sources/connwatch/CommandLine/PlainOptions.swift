// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// A command's options, read from the words that people mostly type.
///
/// The argument parser looks at a command by reflection, which takes longer than all the rest of a short listing. So the
/// plain words are tried first. Whatever is not plain is left to the parser: unknown and repeated options, values that
/// are missing, what asks for help, `--`. What is read here means the same there.
protocol PlainOptions {
  /// The words that are no options, in their order.
  var words: [String] { get set }
  /// Why the options cannot be meant together, nil where they can.
  var conflict: String? { get }

  /// The options when none is given.
  init()
  /// Sets a flag by its letter or its long name; false for a word that is none.
  mutating func set(_ flag: String) -> Bool
  /// Sets an option that has a value, by its long name; false for a word that is none, or a value that it cannot have.
  mutating func set(_ option: String, to value: String) -> Bool
}

extension PlainOptions {
  /// Reads words that ``ArgumentOrder`` has put in order; nil where the argument parser is to judge.
  init?(plain words: some Sequence<String>) {
    self.init()
    for word in words {
      guard take(word) else { return nil }
    }
    if conflict != nil { return nil }
  }

  private mutating func take(_ word: String) -> Bool {
    var rest = word.utf8[...]
    guard let first = rest.popFirst() else { return false }
    guard first == UInt8(ascii: "-") else {
      self.words.append(word)
      return true
    }
    guard rest.first == UInt8(ascii: "-") else {
      // Letters, several of them perhaps; none is no word for us.
      return !rest.isEmpty && rest.allSatisfy { $0 < 128 && set(String(UnicodeScalar($0))) }
    }
    rest.removeFirst()
    let equals = rest.firstIndex(of: UInt8(ascii: "="))
    let name = rest[..<(equals ?? rest.endIndex)]
    // A long name of one letter is not that letter's flag.
    guard name.count > 1, let name = String(name) else { return false }
    guard let equals else { return set(name) }
    let value = rest[rest.index(after: equals)...]
    guard !value.isEmpty, let value = String(value) else { return false }
    return set(name, to: value)
  }
}
