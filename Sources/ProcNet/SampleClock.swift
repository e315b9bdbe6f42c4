// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore
import Glibc

/// One moment on two clocks.
public struct Moment: Hashable, Sendable {
  /// Wall-clock time: may step.
  public var wall: Timestamp
  /// CLOCK_BOOTTIME in microseconds: never steps, and counts time suspended.
  public var boot: Int64

  /// Makes a moment.
  public init(wall: Timestamp, boot: Int64) {
    self.wall = wall
    self.boot = boot
  }
}

/// Says what time it is; tests give their own.
public protocol SampleClock: Sendable {
  /// The present moment.
  func now() -> Moment
}

/// The clocks of the machine: clock_gettime(2), CLOCK_REALTIME and CLOCK_BOOTTIME.
public struct SystemClock: SampleClock {
  /// Makes a clock.
  public init() {}

  /// The present moment, in whole microseconds.
  ///
  /// Where the process was stopped between the two clocks they are read again: it would look like a step of one.
  public func now() -> Moment {
    var boot = Self.read(CLOCK_BOOTTIME)
    for _ in 0..<10 {
      let wall = Self.read(CLOCK_REALTIME)
      let after = Self.read(CLOCK_BOOTTIME)
      if after - boot < 1000 { return Moment(wall: Timestamp(microseconds: wall), boot: boot) }
      boot = after
    }
    return Moment(wall: Timestamp(microseconds: Self.read(CLOCK_REALTIME)), boot: boot)
  }

  private static func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    // Cannot fail: both clocks exist since Linux 2.6.39.
    _ = clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
  }
}
