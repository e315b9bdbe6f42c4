// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// A map from socket inodes to small numbers, made anew for each look-up: open addressing, no boxes.
struct InodeTable {
  private var keys: [UInt64]
  private var values: [UInt32]
  /// How many low bits of a hash to drop; the number of keys is a power of two.
  private var shift: UInt64
  private(set) var count = 0

  /// Makes an empty table.
  init() {
    keys = [0, 0]
    values = [0, 0]
    shift = 63
  }

  /// Empties the table and makes room for `expected` keys, so that half of it stays free.
  mutating func reset(expecting expected: Int) {
    var size = 16
    while size < expected * 2 { size *= 2 }
    count = 0
    // A table that was needed once for a flood of sockets is given back.
    if keys.count >= size, keys.count <= size * 4 {
      for index in keys.indices { keys[index] = 0 }
      return
    }
    shift = UInt64(64 - size.trailingZeroBitCount)
    keys = [UInt64](repeating: 0, count: size)
    values = [UInt32](repeating: 0, count: size)
  }

  /// The number of a key, nil where it is not in the table. 0 is no key.
  @inline(__always)
  func value(of key: UInt64) -> UInt32? {
    if key == 0 { return nil }
    let slot = slot(of: key)
    return keys[slot] == key ? values[slot] : nil
  }

  /// Puts a key in, keeping the number of one that is there already; returns the number that stands.
  @inline(__always)
  @discardableResult
  mutating func insert(_ key: UInt64, _ value: UInt32) -> UInt32 {
    precondition(key != 0 && count < keys.count - 1, "0 is no key, and no more keys than were announced")
    let slot = slot(of: key)
    if keys[slot] == key { return values[slot] }
    keys[slot] = key
    values[slot] = value
    count += 1
    return value
  }

  /// Where a key is or would be. Fibonacci hashing: inodes are handed out in sequence, and it spreads those.
  @inline(__always)
  private func slot(of key: UInt64) -> Int {
    let mask = keys.count - 1
    var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) &>> shift)
    while keys[slot] != key, keys[slot] != 0 { slot = (slot + 1) & mask }
    return slot
  }
}
