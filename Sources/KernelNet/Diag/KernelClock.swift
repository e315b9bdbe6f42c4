// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Glibc

/// The clocks of the machine, in whole microseconds: clock_gettime(2). Both exist since Linux 2.6.39.
enum KernelClock {
  static func wall() -> Timestamp { Timestamp(microseconds: read(CLOCK_REALTIME)) }
  static func boot() -> Int64 { read(CLOCK_BOOTTIME) }

  private static func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    _ = clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
  }
}
