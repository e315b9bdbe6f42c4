// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore

/// A time from the beginning of the history in which everything that listens is taken for expected: `--learn 7d`.
struct Learning {
  /// When it ends.
  let until: Timestamp
  /// What listened in it, as far as the history still knows.
  let listeners: [Listener]
  /// The history goes back to its beginning: nothing was taken out of what listened then and has ended since.
  let isWhole: Bool

  /// Microseconds that the first sample may come after the start of its recorder.
  private static let slack: Int64 = 3_600_000_000

  /// Looks at the first so many microseconds of a history; nil where nothing was recorded yet.
  init?(_ span: Int64, _ history: HistoryReader) throws {
    guard let begun = try history.firstRun() else { return nil }
    until = begun + span
    var query = LifeQuery()
    query.roles = [.listener]
    query.until = until
    let lives: [Life] = try history.lives(query)
    listeners = lives.filter(Self.tells).map { Listener($0) }
    isWhole = try history.sampled().map { $0.lowerBound < begun + Self.slack } ?? true
  }

  /// That of a history that begins now.
  init(_ span: Int64, from begun: Timestamp) {
    until = begun + span
    listeners = []
    isWhole = true
  }

  /// True for a life that something can be learnt from: of one that was never sampled, and whose owner is not known,
  /// nobody can say that it served anyone.
  static func tells(_ life: Life) -> Bool {
    life.owner.process != nil || !life.sources.isDisjoint(with: [.proc, .netlink])
  }

  /// Reads the value of the option.
  static func span(_ text: String) throws -> Int64 {
    let span = try Quantity.duration(text)
    guard span > 0 else { throw Failure("--learn \(HostileText.escaped(text)): too short") }
    // Half of all time, so that the sum is a time too.
    return min(span, .max / 4)
  }

  /// The rules that were learnt.
  var rules: Set<ExpectedRule> {
    var set = ExpectedSet()
    _ = set.learn(listeners)
    return set.rules
  }
}
