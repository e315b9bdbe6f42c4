// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Numbers that look random and are the same in each run (SplitMix64).
struct RandomNumbers {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }

  /// At least 0 and less than 1.
  mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// At least 0 and less than `count`.
  mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }

  /// Log-normal, with this median.
  mutating func logNormal(median: Double, sigma: Double) -> Double {
    let radius = (-2 * log(1 - unit())).squareRoot()
    return median * exp(sigma * radius * cos(2 * .pi * unit()))
  }
}

/// Ranks by Zipf's law: rank k comes with a share of 1/(k + 1).
struct Zipf {
  private let cumulative: [Double]

  init(_ count: Int) {
    var sum = 0.0
    cumulative = (1...count).map {
      sum += 1 / Double($0)
      return sum
    }
  }

  func rank(_ numbers: inout RandomNumbers) -> Int {
    let wanted = numbers.unit() * (cumulative.last ?? 0)
    var low = 0
    var high = cumulative.count - 1
    while low < high {
      let middle = (low + high) / 2
      if cumulative[middle] < wanted { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
