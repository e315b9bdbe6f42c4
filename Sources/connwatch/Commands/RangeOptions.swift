// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConnCore
import ConnStore
import Glibc
import ProcNet

/// Which stretch of the history.
struct RangeOptions: ParsableArguments {
  @Option(
    name: [.customLong("since"), .customShort("S")],
    help: ArgumentHelp(
      "What went on at or after: 1h, -90m, today, 03:14, 2026-01-01 10:00.", valueName: "time"))
  var since: String?

  @Option(
    name: [.customLong("until"), .customShort("U")],
    help: ArgumentHelp("What was opened at or before.", valueName: "time"))
  var until: String?

  @Option(help: ArgumentHelp("At most so many rows.", valueName: "n"))
  var limit: Int?

  func validate() throws {
    if let limit, limit < 0 { throw ValidationError("--limit \(limit): not less than 0") }
  }

  /// The moments, read.
  func range(_ global: GlobalOptions) throws -> (since: Timestamp?, until: Timestamp?) {
    let now = SystemClock().now().wall
    let since = try since.map { text throws(UnreadableText) in try global.time(text, now: now) }
    let until = try until.map { text throws(UnreadableText) in try global.time(text, now: now) }
    if let since, let until, since > until {
      throw Failure(
        "--since \(global.text(since)) is after --until \(global.text(until)) (a range goes forward in time)")
    }
    return (since, until)
  }
}

extension GlobalOptions {
  /// Says on standard error what of a range was not watched, or not seen: no rows and not watching are not the same
  /// answer.
  ///
  /// - Parameters:
  ///   - protos: what was asked for; openings are counted of TCP alone. Empty where only listeners were.
  ///   - hosts: whose lives were asked for.
  func remarkGaps(
    _ history: HistoryReader, since: Timestamp?, until: Timestamp?, protos: ProtoSet = .all,
    hosts: HostChoice = .own
  ) throws {
    // Evidence is of single moments, and nobody watched between them.
    if quiet || !hosts.includesOwn { return }
    let now = SystemClock().now().wall
    guard let sampled = try history.sampled() else {
      if hosts == .all, try !history.evidenceHosts().isEmpty { return }
      remark("nothing has been recorded yet in \(history.path)")
      return
    }
    if let since, since < sampled.lowerBound {
      remark("nothing is recorded before \(text(sampled.lowerBound))")
    }
    let gaps = try history.gaps(since: since, until: until).filter(\.isBlind)
    if gaps.count > 3 {
      let total = gaps.reduce(0) { $0 + ($1.until - $1.since) }
      remark(
        "\(gaps.count) gaps, \(TimeText.age(total)) in all, were not watched (connwatch events shows them)")
    } else {
      for gap in gaps {
        remark("not watching from \(text(gap.since)) to \(text(gap.until)): \(gap.cause)")
      }
    }
    let interval = try history.lastInterval() ?? 0
    let end = min(until ?? now, now)
    if end - sampled.upperBound > max(3 * interval, 3_000_000) {
      let why = RecorderLock.holder(database: history.path) == .none ? ": no recorder is running" : ""
      remark("nothing is recorded after \(text(sampled.upperBound))\(why)")
    }
    if protos.contains(.tcp) || protos.contains(.tcp6) {
      try remarkCoverage(history, since: since, until: until)
    }
  }

  /// Says how many openings of a range were missed, where it is worth a word.
  func remarkCoverage(_ history: HistoryReader, since: Timestamp?, until: Timestamp?) throws {
    guard !quiet, let coverage = try history.coverage(since: since, until: until).total else { return }
    let isTraced = try history.source(since: since, until: until)?.contains("trace") == true
    let isRoot = geteuid() == 0
    if let words = CoverageWords.sentence(coverage, isTraced: isTraced, isRoot: isRoot) { remark(words) }
  }
}
