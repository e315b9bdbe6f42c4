// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// A line that is being typed, and where in it.
struct LineEditor: Equatable, Sendable {
  /// The most characters it takes: as many as are taken of a paste.
  static let limit = 65_536

  private(set) var text: [Character] = []
  private(set) var place = 0

  init(_ text: String = "") {
    self.text = Array(text.prefix(Self.limit))
    place = self.text.count
  }

  var string: String { String(text) }

  /// Takes a key; false for one that does nothing to a line.
  mutating func take(_ key: Key) -> Bool {
    switch key {
    case .character(let character): insert([character])
    case .paste(let pasted): insert(Array(pasted))
    case .backspace:
      if place > 0 {
        place -= 1
        text.remove(at: place)
      }
    case .delete, .control("d"):
      if place < text.count { text.remove(at: place) }
    case .left, .control("b"): place = max(0, place - 1)
    case .right, .control("f"): place = min(text.count, place + 1)
    case .home, .control("a"): place = 0
    case .end, .control("e"): place = text.count
    case .control("u"):
      text.removeFirst(place)
      place = 0
    case .control("k"): text.removeLast(text.count - place)
    case .control("w"):
      let end = place
      while place > 0, text[place - 1] == " " { place -= 1 }
      while place > 0, text[place - 1] != " " { place -= 1 }
      text.removeSubrange(place..<end)
    default: return false
    }
    return true
  }

  private mutating func insert(_ characters: [Character]) {
    let fitting = characters.prefix(Self.limit - text.count)
    text.insert(contentsOf: fitting, at: place)
    place += fitting.count
  }
}
