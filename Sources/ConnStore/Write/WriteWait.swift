// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Samples that could not be written when they were taken, and why: what is said of them once they are.
///
/// They were taken, so their time was watched; a gap of its own says that they were in memory alone meanwhile.
struct WriteWait {
  /// A gap a cause: reasons can take turns without end.
  private var gaps: [Gap] = []
  /// How many samples have been counted to one of them.
  private var counted = 0

  /// Notes that all that waits could not be written.
  ///
  /// - Parameters:
  ///   - first: the first sample that waits, and `last` the last one.
  ///   - samples: how many do.
  mutating func add(from first: Timestamp, to last: Timestamp, samples: Int, because error: StoreError) {
    let cause = GapCause(writingFailed: error)
    let more = max(0, samples - counted)
    counted = max(counted, samples)
    if let place = gaps.firstIndex(where: { $0.cause == cause.rawValue }) {
      gaps[place].until = max(gaps[place].until, last)
      gaps[place].samples += more
    } else {
      let since = min(gaps.map(\.until).max() ?? first, last)
      gaps.append(Gap(since: since, until: last, cause: cause, samples: more))
    }
  }

  /// The gaps to be stored with what waited. A single sample that the next one took along is not worth a word.
  ///
  /// - Parameters:
  ///   - batch: what is about to be written, all that waited among it.
  ///   - interval: microseconds between samples.
  func gaps(storedWith batch: Batch, interval: Int64) -> [Gap] {
    guard let first = gaps.first else { return [] }
    guard counted >= 2 || batch.last - first.since > interval + interval / 2 else { return [] }
    let lost = batch.givenUp
    return gaps.map { gap in
      var gap = gap
      gap.detail =
        lost == 0
        ? "written later from memory, nothing lost"
        : "written later from memory, but for \(lost) finished connections that were given up"
      return gap
    }
  }
}

extension GapCause {
  /// What a failure to write is called.
  init(writingFailed error: StoreError) {
    switch error.kind {
    case .full: self = .diskFull
    case .busy: self = .databaseLocked
    default: self = .databaseUnwritable
    }
  }
}
