// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore

extension LivePast {
  /// How far a key press goes.
  enum Step: CaseIterable {
    case sampleEarlier, sampleLater, tenMinutesEarlier, tenMinutesLater

    fileprivate var isLater: Bool { self == .sampleLater || self == .tenMinutesLater }
    fileprivate var isSample: Bool { self == .sampleEarlier || self == .sampleLater }
  }

  /// The least that a step goes, in microseconds.
  static let leastStep: Int64 = 1_000_000
  static let tenMinutes: Int64 = 600_000_000

  /// The next moment to look at. It is always another one, but before the first sample, where nothing is.
  ///
  /// A step that would end in a gap goes just inside of it, where the gap is told, and the next one to its other edge.
  ///
  /// - Parameter from: the moment that was asked for, not the one whose table was shown in its place.
  /// - Returns: nil for now: nothing was sampled later.
  func step(from: Timestamp, by step: Step) throws -> Timestamp? {
    try history.snapshot { () throws in
      guard let sampled = try history.sampled() else { return nil }
      let (first, last) = (sampled.lowerBound, sampled.upperBound)
      if step.isLater {
        guard from < last else { return nil }
        if from < first { return first }
        let next = try later(from, by: step)
        return next > last ? nil : next
      }
      guard from > first else { return first }
      return max(first, try earlier(from, by: step, last))
    }
  }

  private func target(_ from: Timestamp, _ step: Step) throws -> Timestamp {
    guard step.isSample else { return from + (step.isLater ? Self.tenMinutes : -Self.tenMinutes) }
    guard let (before, at, after) = try history.samples(around: from) else { return from + -Self.leastStep }
    let interval = max(at.interval, Self.leastStep)
    // Samples within a row are an interval apart; where rows begin and end there is one.
    if step.isLater {
      if from < at.last { return min(from + interval, at.last) }
      guard let next = after?.first, next > from else { return from + interval }
      return at.last < from ? min(from + interval, next) : next
    }
    if from > at.last { return max(from + -interval, at.last) }
    if from > at.first { return max(from + -interval, at.first) }
    guard let previous = before?.last, previous < from else { return from + -interval }
    return previous
  }

  private func later(_ from: Timestamp, by step: Step) throws -> Timestamp {
    let target = try target(from, step)
    let start = try edge(of: from, isLater: true)
    if start > from, start >= target || step.isSample { return start }
    let gaps = try gaps(start, target).filter { $0.holds(target) || step.isSample }
    return gaps.map(\.since).min().map { $0 + 1 } ?? target
  }

  private func earlier(_ from: Timestamp, by step: Step, _ last: Timestamp) throws -> Timestamp {
    let target = min(last, try target(from, step))
    let start = try edge(of: from, isLater: false)
    if start < from, start <= target || step.isSample { return start }
    let gaps = try gaps(target, start).filter { $0.holds(target) || step.isSample }
    return gaps.map(\.until).max().map { $0 + -1 } ?? target
  }

  /// Where the gap ends that a moment is in, and those that overlap with it; the moment itself where it was watched.
  private func edge(of moment: Timestamp, isLater: Bool) throws -> Timestamp {
    var edge = moment
    while let gap = try history.gap(over: edge) { edge = isLater ? gap.until : gap.since }
    return edge
  }

  /// Gaps that hold one of two moments, or are between them.
  private func gaps(_ since: Timestamp, _ until: Timestamp) throws -> [Gap] {
    try history.gaps(since: since, until: until).filter {
      $0.hidesTables && $0.until - $0.since > 1
        && ($0.holds(since) || $0.holds(until) || since <= $0.since && $0.until <= until)
    }
  }
}

extension Gap {
  /// True for a moment within it: its edges were watched.
  func holds(_ moment: Timestamp) -> Bool { since < moment && moment < until }
}
