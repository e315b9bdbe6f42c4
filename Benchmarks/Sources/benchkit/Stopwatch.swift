// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import CBench
import Glibc

/// The clocks that things are measured by.
enum Stopwatch {
  /// CPU time of this thread, in seconds: what others do on the machine is not in it.
  static func cpu() -> Double { read(CLOCK_THREAD_CPUTIME_ID) }

  /// Time that passes, in seconds.
  static func wall() -> Double { read(CLOCK_MONOTONIC) }

  /// CPU seconds of this thread in user mode and in the kernel. The kernel splits them by its ticks: good for sums
  /// of seconds, not for a single measurement.
  static func split() -> (user: Double, system: Double) {
    var user = 0.0
    var system = 0.0
    cbench_split(&user, &system)
    return (user, system)
  }

  /// The CPU time that a piece of work takes, in seconds.
  static func cpu(of work: () -> Void) -> Double {
    let start = cpu()
    work()
    return cpu() - start
  }

  private static func read(_ clock: clockid_t) -> Double {
    var time = timespec()
    _ = clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

/// Runs pairs of measurements in turns: A B, B A, A B, … until the time is over, five at least.
func inTurns(seconds: Double, _ first: () -> Double, _ second: () -> Double) -> ([Double], [Double]) {
  _ = first()
  _ = second()
  var samples: ([Double], [Double]) = ([], [])
  let end = Stopwatch.wall() + seconds
  while samples.0.count < 5 || (Stopwatch.wall() < end && samples.0.count < 1000) {
    if samples.0.count % 2 == 0 {
      samples.0.append(first())
      samples.1.append(second())
    } else {
      let later = second()
      samples.0.append(first())
      samples.1.append(later)
    }
  }
  return samples
}
