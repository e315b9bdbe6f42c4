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
}
