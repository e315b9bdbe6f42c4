// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Numbers of a dictionary, a bit each.
struct NumberSet {
  private var words: [UInt64] = []
  private(set) var isEmpty = true

  init() {}

  mutating func insert(_ number: Int64) {
    guard number >= 0, number <= UInt32.max else { return }
    let word = Int(number >> 6)
    if word >= words.count {
      words += [UInt64](repeating: 0, count: max(word + 1 - words.count, words.count))
    }
    words[word] |= 1 << UInt64(number & 63)
    isEmpty = false
  }

  func contains(_ number: Int64) -> Bool {
    guard number >= 0, number >> 6 < words.count else { return false }
    return words[Int(number >> 6)] & 1 << UInt64(number & 63) != 0
  }
}
