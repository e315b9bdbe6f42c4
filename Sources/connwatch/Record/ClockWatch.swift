// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Finds stretches that a recorder did not see by comparing its clocks from sample to sample.
///
/// CLOCK_REALTIME can step, CLOCK_BOOTTIME counts suspension, CLOCK_MONOTONIC does not: what two of them disagree
/// on tells which it was (clock_gettime(2)). Pure: the clocks are read elsewhere.
struct ClockWatch {
  /// One reading of all clocks; boot and monotonic in microseconds.
  struct Reading: Equatable {
    var wall: Timestamp
    var boot: Int64
    var monotonic: Int64
  }

  /// Smaller differences are the noise of reading one clock after the other, and time daemons slewing.
  static let tolerance: Int64 = 500_000

  var interval: Int64
  private var last: Reading?
  /// Steps that were too small to be told, together: less what a time daemon may have slewed the clock by.
  private var drift: Int64 = 0
  /// A thousandth of the time that passes is taken for slewing, twice what the kernel's own does (adjtimex(2)).
  private static let slewing: Int64 = 1000

  /// Watches samples that are due each `interval` microseconds.
  init(interval: Int64) { self.interval = interval }

  /// Takes the next reading, and tells what happened since the one before.
  mutating func take(_ now: Reading) -> [Gap] {
    defer { last = now }
    guard let last else { return [] }
    var gaps: [Gap] = []
    let monotonic = now.monotonic - last.monotonic
    let asleep = now.boot - last.boot - monotonic
    let passed = now.boot - last.boot
    let stepped = (now.wall - last.wall) - passed
    drift += stepped
    // On the clock of before the step, so that a gap is never longer than the time that passed.
    let until = now.wall + -stepped
    if asleep > Self.tolerance {
      gaps.append(
        gap(last.wall, until, .suspended, samples: asleep / interval, "for \(Self.seconds(asleep)) s"))
    }
    if monotonic > interval * 5 / 2 && monotonic > interval + Self.tolerance {
      gaps.append(
        gap(
          last.wall, until, .overrun, samples: max(1, monotonic / interval - 1),
          "a sample took \(Self.seconds(monotonic)) s"))
    }
    if abs(drift) > Self.tolerance {
      let sign = drift < 0 ? "-" : "+"
      gaps.append(
        gap(
          min(last.wall, now.wall), max(last.wall, now.wall), .clockStepped, samples: 0,
          "by \(sign)\(Self.seconds(abs(drift))) s"))
      drift = 0
    } else {
      let slewed = min(abs(drift), max(0, passed) / Self.slewing)
      drift -= drift < 0 ? -slewed : slewed
    }
    return gaps
  }

  private func gap(
    _ since: Timestamp, _ until: Timestamp, _ cause: GapCause, samples: Int64, _ detail: String
  ) -> Gap {
    Gap(since: since, until: until, cause: cause, samples: Int(samples), detail: detail)
  }

  private static func seconds(_ microseconds: Int64) -> String {
    "\(microseconds / 1_000_000).\(microseconds / 100_000 % 10)"
  }
}
