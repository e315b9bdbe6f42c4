// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// An open-addressing hash index from a socket's key to a slot number; linear probing, no tombstones.
///
/// An entry is the upper half of the key's hash and the slot number + 1, so a probe seldom has to look at the
/// slot itself. The seed is fresh in every process: remote ends choose ports, and must not choose collisions.
struct LifeIndex {
  private var entries = [UInt64](repeating: 0, count: 128)
  private var mask = 127
  private(set) var count = 0

  /// Finds the slot whose hash is `hash` and for which `matches` is true, or -1.
  @inline(__always)
  func find(_ hash: UInt64, _ matches: (Int) -> Bool) -> Int {
    var at = Int(truncatingIfNeeded: hash) & mask
    return entries.withUnsafeBufferPointer { entries in
      while true {
        let entry = entries[at]
        if entry == 0 { return -1 }
        if entry >> 32 == hash >> 32 {
          let slot = Int(entry & 0xFFFF_FFFF) - 1
          if matches(slot) { return slot }
        }
        at = (at + 1) & mask
      }
    }
  }

  /// Adds a slot. `hashOf` is asked for the hash of slots already there when the index grows.
  mutating func insert(_ slot: Int, hash: UInt64, hashOf: (Int) -> UInt64) {
    if (count + 1) * 2 > entries.count { grow(hashOf) }
    place(slot, hash)
    count += 1
  }

  private mutating func place(_ slot: Int, _ hash: UInt64) {
    var at = Int(truncatingIfNeeded: hash) & mask
    while entries[at] != 0 { at = (at + 1) & mask }
    entries[at] = (hash >> 32) << 32 | UInt64(slot + 1)
  }

  private mutating func grow(_ hashOf: (Int) -> UInt64) {
    let old = entries
    entries = [UInt64](repeating: 0, count: old.count * 2)
    mask = entries.count - 1
    for entry in old where entry != 0 {
      let slot = Int(entry & 0xFFFF_FFFF) - 1
      place(slot, hashOf(slot))
    }
  }

  /// Takes a slot out and closes the hole behind it.
  mutating func remove(_ slot: Int, hash: UInt64, hashOf: (Int) -> UInt64) {
    var hole = Int(truncatingIfNeeded: hash) & mask
    while Int(entries[hole] & 0xFFFF_FFFF) - 1 != slot {
      precondition(entries[hole] != 0, "the slot is not in the index")
      hole = (hole + 1) & mask
    }
    count -= 1
    var at = (hole + 1) & mask
    while entries[at] != 0 {
      let home = Int(truncatingIfNeeded: hashOf(Int(entries[at] & 0xFFFF_FFFF) - 1)) & mask
      // The entry may move into the hole unless its home lies behind it, cyclically in (hole, at].
      let stays = hole <= at ? (hole < home && home <= at) : (hole < home || home <= at)
      if !stays {
        entries[hole] = entries[at]
        hole = at
      }
      at = (at + 1) & mask
    }
    entries[hole] = 0
  }
}
