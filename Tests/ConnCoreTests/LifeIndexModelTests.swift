// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ConnCore

@Suite struct LifeIndexModelTests {
  /// Adds, looks up and takes out at random, beside a dictionary that does the same.
  ///
  /// - Parameter spread: how many different hashes there are: few make long chains that wrap around.
  @Test(arguments: [3, 40, 5000, 1 << 40] as [UInt64])
  func agreesWithADictionary(_ spread: UInt64) {
    var random = SplitMix(state: spread)
    var index = LifeIndex()
    var hashes: [Int: UInt64] = [:]
    var next = 0
    for round in 0..<6000 {
      let grows = round % 2000 < 1200
      if random.next() % 10 < (grows ? 7 : 3) {
        // Low bits that all begin near the end of the table, so that runs wrap.
        let low = (random.next() % spread) &+ 60
        let hash = ((random.next() % spread) << 32) | (low & 0xFFFF_FFFF)
        hashes[next] = hash
        index.insert(next, hash: hash) { hashes[$0]! }
        next += 1
      } else if let slot = hashes.keys.min(by: { ($0 &* 7919) % 1009 < ($1 &* 7919) % 1009 }) {
        index.remove(slot, hash: hashes[slot]!) { hashes[$0]! }
        hashes[slot] = nil
      }
      #expect(index.count == hashes.count)
      if round % 50 == 0 {
        for (slot, hash) in hashes { #expect(index.find(hash) { $0 == slot } == slot) }
        #expect(index.find(1 << 63 | 61) { _ in true } == -1)
      }
    }
  }
}
