// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import ConnStore

private let hour: Int64 = 3600
private let year: Int64 = 365 * 24 * hour

@Suite struct PruningClockTests {
  /// Asks it at an hour by CLOCK_BOOTTIME, with the wall clock so many seconds ahead of what is right.
  private func ask(_ clock: inout PruningClock, hour at: Int64, ahead: Int64 = 0) -> Int64 {
    let now = clock.now(wall: moment(at * hour + ahead), boot: at * hour * 1_000_000)
    return (now.microseconds - moment(at * hour).microseconds) / 1_000_000
  }

  @Test func whatIsAheadIsBelievedAfterADay() {
    var clock = PruningClock(offset: nil, earlier: nil)
    #expect(ask(&clock, hour: 0) == 0)
    #expect(ask(&clock, hour: 1, ahead: year) == 0)
    #expect(ask(&clock, hour: 24, ahead: year) == 0)
    #expect(ask(&clock, hour: 25, ahead: year) == year)
    #expect(ask(&clock, hour: 26, ahead: year) == year)
  }

  @Test func whatWasAheadForAMomentIsForgotten() {
    var clock = PruningClock(offset: nil, earlier: nil)
    #expect(ask(&clock, hour: 0) == 0)
    #expect(ask(&clock, hour: 1, ahead: year) == 0)
    #expect(ask(&clock, hour: 2) == 0)
    #expect(ask(&clock, hour: 30, ahead: year) == 0)
    #expect(ask(&clock, hour: 53, ahead: year) == 0)
    #expect(ask(&clock, hour: 54, ahead: year) == year)
  }

  /// A clock goes back at once, and a little ahead at once.
  @Test func smallStepsAndStepsBackAreBelieved() {
    var clock = PruningClock(offset: nil, earlier: nil)
    #expect(ask(&clock, hour: 0) == 0)
    #expect(ask(&clock, hour: 1, ahead: 50) == 50)
    #expect(ask(&clock, hour: 2, ahead: -year) == -year)
    #expect(ask(&clock, hour: 3) == -year)
    #expect(ask(&clock, hour: 27) == 0)
  }

  /// Only as much as it has been ahead by all the time is believed.
  @Test func oneThatGoesAheadAgainWaitsAgain() {
    var clock = PruningClock(offset: nil, earlier: nil)
    #expect(ask(&clock, hour: 0) == 0)
    #expect(ask(&clock, hour: 1, ahead: hour) == 0)
    #expect(ask(&clock, hour: 24, ahead: year) == 0)
    #expect(ask(&clock, hour: 25, ahead: year) == hour)
    #expect(ask(&clock, hour: 48, ahead: year) == hour)
    #expect(ask(&clock, hour: 49, ahead: year) == year)
  }

  /// After a restart of the machine the clock alone says how long it was off.
  @Test func aNewBootGoesOnFromTheLastSample() {
    var clock = PruningClock(offset: nil, earlier: moment(-40 * 24 * hour))
    #expect(ask(&clock, hour: 0) == -40 * 24 * hour)
    #expect(ask(&clock, hour: 24) == 0)
    var back = PruningClock(offset: nil, earlier: moment(year))
    #expect(ask(&back, hour: 0) == 0)
  }

  @Test func theSamplesOfThisBootAreRemembered() throws {
    let scratch = try Scratch()
    do {
      let writer = try scratch.writer()
      try writer.write(makeBatch(0, next: 1))
      // A year ahead, a minute after.
      var batch = makeBatch(year, next: 1)
      batch.boot = 60 * 1_000_000
      batch.gaps = [Gap(since: moment(0), until: moment(year), cause: "clock stepped", samples: 0)]
      try writer.write(batch)
      try writer.close(now: moment(year))
    }
    let same = try scratch.writer(at: year)
    #expect(same.pruningClock.offset == moment(0).microseconds)
    let other = try scratch.writer(boot: "boot-2", at: year)
    #expect(other.pruningClock.offset == nil)
  }
}
