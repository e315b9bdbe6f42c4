// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore

/// Which table of the past is shown for a moment, and why that one.
struct PastMoment: Equatable {
  /// Why a table is shown, or none.
  enum Why: Equatable {
    /// It is the table of the moment, or of one so little before it that no sample is missing.
    case watched
    /// The moment has not come.
    case future
    /// Nothing was ever recorded.
    case nothingRecorded
    /// It was before the first sample: there is no table.
    case beforeFirst(Timestamp)
    /// Nothing was recorded after this sample.
    case afterLast(Timestamp)
    /// Nobody watched: it is the table of the last sample before.
    case gap(Gap)
  }

  /// The moment that was asked for.
  var asked: Timestamp
  /// The moment whose table is shown; the one that was asked for where there is no table.
  var shown: Timestamp
  var why: Why

  /// True where what is shown is known to be the table of the moment.
  var isKnown: Bool { why == .watched }

  /// False where there is nothing to show.
  var hasTable: Bool {
    switch why {
    case .watched, .afterLast, .gap: true
    case .future, .nothingRecorded, .beforeFirst: false
    }
  }

  init(asked: Timestamp, shown: Timestamp, why: Why) {
    self.asked = asked
    self.shown = shown
    self.why = why
  }

  /// Finds the table of a moment: its own, or that of the last sample before it.
  ///
  /// - Parameter now: what comes after is the future; nil where that is not asked.
  init(_ asked: Timestamp, now: Timestamp? = nil, in history: HistoryReader) throws {
    self.asked = asked
    shown = asked
    if Self.isFuture(asked, now: now) {
      why = .future
    } else if let sampled = try history.sampled() {
      (shown, why) = try Self.find(asked, sampled, history)
    } else {
      why = .nothingRecorded
    }
  }

  static func isFuture(_ asked: Timestamp, now: Timestamp?) -> Bool { now.map { asked > $0 } ?? false }

  private static func find(
    _ asked: Timestamp, _ sampled: ClosedRange<Timestamp>, _ history: HistoryReader
  ) throws -> (Timestamp, Why) {
    if asked < sampled.lowerBound { return (asked, .beforeFirst(sampled.lowerBound)) }
    let last = sampled.upperBound
    if asked > last {
      let isNext = asked - last <= 3 * (try history.lastInterval() ?? 0)
      return (last, isNext ? .watched : .afterLast(last))
    }
    guard let gap = try history.gap(over: asked) else { return (asked, .watched) }
    return (min(gap.since, try history.sample(atOrBefore: gap.since) ?? gap.since), .gap(gap))
  }
}

extension HistoryReader {
  /// The stretch without samples that a moment is in, nil where it was watched. The edges of one were.
  func gap(over moment: Timestamp) throws(StoreError) -> Gap? {
    try gaps(since: moment, until: moment).first {
      $0.holds(moment) && $0.hidesTables
    }
  }
}

extension Gap {
  /// True where there are no tables of the time in it. Where the clock went back, what it went back over was watched, if
  /// under other times; what it leapt over never was.
  var hidesTables: Bool {
    switch meaning {
    case .unwatched: true
    case .clock: detail?.hasPrefix("by -") != true
    case .writtenLate: false
    }
  }
}

extension PastMoment {
  /// What is to be said where the table is not that of the moment, or there is none; nil where all is well.
  ///
  /// - Parameter text: writes a moment.
  func remark(_ text: (Timestamp) -> String) -> String? {
    switch why {
    case .watched: nil
    case .future: "that is in the future"
    case .nothingRecorded: "nothing was recorded at \(text(asked))"
    case .beforeFirst(let first):
      "nothing was recorded at \(text(asked)): the first sample is of \(text(first))"
    case .afterLast(let last): "nothing is recorded after \(text(last)): showing the table of that moment"
    case .gap(let gap):
      """
      not watching from \(text(gap.since)) to \(text(gap.until)) (\(gap.cause)): \
      showing the table of \(text(shown))
      """
    }
  }

  /// The same in the few words that a header has room for: `not watching 03:10:02–03:12:40 (recorder stopped)`.
  func note(in zone: Zone) -> String? {
    switch why {
    case .watched: return nil
    case .future: return "in the future"
    case .nothingRecorded: return "nothing recorded yet"
    case .beforeFirst(let first):
      return "nothing recorded before \(first.text(in: zone, precision(first, zone)))"
    case .afterLast(let last):
      return "nothing recorded after \(last.text(in: zone, precision(last, zone)))"
    case .gap(let gap):
      let isOfDay = precision(gap.since, zone) == .short && precision(gap.until, zone) == .short
      let both = isOfDay ? TimeText.Precision.short : .yearless
      let (since, until) = (gap.since.text(in: zone, both), gap.until.text(in: zone, both))
      return "not watching \(since)–\(until) (\(HostileText.escaped(gap.cause)))"
    }
  }

  /// How much of a time is said beside the one that was asked for.
  private func precision(_ time: Timestamp, _ zone: Zone) -> TimeText.Precision {
    // `2026-01-01` is the same day.
    time.text(in: zone).prefix(10) == asked.text(in: zone).prefix(10) ? .short : .yearless
  }
}
