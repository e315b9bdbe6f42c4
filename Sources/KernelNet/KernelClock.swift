// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Glibc

/// The clocks of the machine: clock_gettime(2). Both exist since Linux 2.6.39.
enum KernelClock {
  /// CLOCK_REALTIME, in whole microseconds.
  static func wall() -> Timestamp { Timestamp(microseconds: nanoseconds(CLOCK_REALTIME) / 1000) }
  /// CLOCK_BOOTTIME in whole microseconds.
  static func boot() -> Int64 { bootNanoseconds() / 1000 }
  /// CLOCK_BOOTTIME in nanoseconds.
  static func bootNanoseconds() -> Int64 { nanoseconds(CLOCK_BOOTTIME) }

  private static func nanoseconds(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    _ = clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
