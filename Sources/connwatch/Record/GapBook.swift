// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore

/// When a recorder did not watch: what its clocks say, the pause since the recorder before it, and the time in which the
/// tables could not be read.
struct GapBook {
  /// Microseconds between samples.
  var interval: Int64 { didSet { clocks.interval = interval } }
  /// The last sample that was whole.
  private(set) var lastSample: Timestamp?
  private var clocks: ClockWatch
  private var resumedCause: GapCause?
  /// The first reason that tables could not be read since the last good sample, and how often.
  private var unreadable: (why: String, samples: Int, since: Timestamp)?
  /// What the clocks and the kernel's sources told while the tables could not be read.
  private var untold: [Gap] = []

  /// Begins where an earlier recorder ended.
  init(interval: Int64, resumption: HistoryWriter.Resumption) {
    self.interval = interval
    clocks = ClockWatch(interval: interval)
    lastSample = resumption.lastSample
    resumedCause = resumption.cause
  }

  /// True as long as nothing can be told: nothing was sampled yet, or the tables cannot be read.
  var isBlind: Bool { unreadable != nil || lastSample == nil }

  /// Takes the moment of a sample.
  ///
  /// - Parameters:
  ///   - lost: what the kernel's own sources told as lost.
  ///   - failure: why the tables could not be read; nil where they were.
  /// - Returns: the gaps that have ended, nil where the tables could not be read: they are told later.
  mutating func take(_ moment: ClockWatch.Reading, lost: [Gap], failure: String?) -> [Gap]? {
    untold += clocks.take(moment) + lost
    if let failure {
      if unreadable == nil { unreadable = (failure, 0, lastSample ?? moment.wall) }
      unreadable?.samples += 1
      return nil
    }
    var gaps = untold
    untold = []
    if let cause = resumedCause, let since = lastSample {
      gaps.insert(gap(since, moment.wall, cause, detail: nil), at: 0)
    }
    resumedCause = nil
    if let unreadable = endUnreadable(moment.wall) { gaps.append(unreadable) }
    lastSample = moment.wall
    return gaps
  }

  /// Keeps what was lost until there is a sample to tell it with.
  mutating func keep(_ lost: [Gap]) { untold += lost }

  /// What is to be told when nothing more is sampled: a gap that has not ended, and what was kept with it.
  mutating func finish(at time: Timestamp) -> [Gap] {
    guard let gap = endUnreadable(time) else { return [] }
    defer { untold = [] }
    return untold + [gap]
  }

  private mutating func endUnreadable(_ now: Timestamp) -> Gap? {
    guard let (why, samples, since) = unreadable else { return nil }
    unreadable = nil
    var gap = gap(since, now, .procUnreadable, detail: why)
    gap.samples = samples
    return gap
  }

  private func gap(_ since: Timestamp, _ until: Timestamp, _ cause: GapCause, detail: String?) -> Gap {
    let (since, until) = (min(since, until), max(since, until))
    return Gap(
      since: since, until: until, cause: cause, samples: Int(max(0, (until - since) / interval - 1)),
      detail: detail)
  }
}
