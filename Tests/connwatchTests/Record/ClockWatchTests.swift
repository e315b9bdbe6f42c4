// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import connwatch

@Suite struct ClockWatchTests {
  /// Seconds that each clock advances by from the first reading to the second, and what is found.
  @Test(arguments: [
    (1.0, 1.0, 1.0, []),
    (1.4, 1.0, 1.0, []),
    (2.4, 2.4, 2.4, []),
    (3.0, 3.0, 3.0, ["overrun 2 0...3000000 a sample took 3.0 s"]),
    (3601.0, 3601.0, 1.0, ["suspended 3600 0...3601000000 for 3600.0 s"]),
    (3601.0, 1.0, 1.0, ["clock stepped 0 0...3601000000 by +3600.0 s"]),
    (-59.0, 1.0, 1.0, ["clock stepped 0 -59000000...0 by -60.0 s"]),
    (
      7201.0, 3601.0, 1.0,
      ["suspended 3600 0...3601000000 for 3600.0 s", "clock stepped 0 0...7201000000 by +3600.0 s"]
    ),
  ])
  func findings(_ wall: Double, _ boot: Double, _ monotonic: Double, _ expected: [String]) {
    var watch = ClockWatch(interval: 1_000_000)
    let start: Int64 = 1_700_000_000_000_000
    #expect(watch.take(.init(wall: Timestamp(microseconds: start), boot: 50, monotonic: 7)).isEmpty)
    let gaps = watch.take(
      .init(
        wall: Timestamp(microseconds: start + Int64(wall * 1e6)), boot: 50 + Int64(boot * 1e6),
        monotonic: 7 + Int64(monotonic * 1e6)))
    let found = gaps.map {
      "\($0.cause) \($0.samples) \($0.since.microseconds - start)...\($0.until.microseconds - start) \($0.detail ?? "")"
    }
    #expect(found == expected)
    #expect(gaps.allSatisfy { $0.since <= $0.until })
  }

  /// Seconds that the clock steps by with each of twenty samples, and how often that is told.
  @Test(arguments: [(0.3, 10), (-0.3, 10), (0.0005, 0), (0.02, 0), (0.1, 3), (0.0, 0)])
  func smallStepsAreAddedUp(step: Double, told: Int) {
    var watch = ClockWatch(interval: 1_000_000)
    var gaps: [Gap] = []
    for sample in 0...20 {
      let wall = Timestamp(microseconds: 1_700_000_000_000_000 + Int64(Double(sample) * (1 + step) * 1e6))
      let boot = Int64(sample) * 1_000_000
      gaps += watch.take(.init(wall: wall, boot: boot, monotonic: boot))
    }
    #expect(gaps.count == told, "\(gaps)")
    #expect(gaps.allSatisfy { $0.cause == "clock stepped" && $0.since <= $0.until })
  }
}
