// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
import Testing

@testable import connwatch

private typealias H = PastHistory

@Suite struct LivePastStepTests {
  /// Where steps of one kind lead from a moment, in seconds; "now" at the end of the history.
  private func walk(
    _ history: PastHistory, from: Double, _ step: LivePast.Step, _ count: Int
  ) throws -> [String] {
    let past = LivePast(try history.reader())
    var at = H.at(from)
    var places: [String] = []
    for _ in 0..<count {
      guard let next = try past.step(from: at, by: step) else { return places + ["now"] }
      at = next
      places.append("\(H.seconds(next))")
    }
    return places
  }

  private func gapped() throws -> PastHistory {
    let history = try PastHistory()
    for time in 0..<10 { try history.sample(Double(time)) }
    try history.sample(200, gaps: [H.gap(9, 200)])
    for time in 201..<210 { try history.sample(Double(time)) }
    return history
  }

  @Test func `Later, over a gap, to now`() throws {
    let history = try gapped()
    #expect(
      try walk(history, from: 7, .sampleLater, 20) == [
        "8.0", "9.0", "9.000001", "200.0", "201.0", "202.0", "203.0", "204.0", "205.0", "206.0", "207.0",
        "208.0", "209.0", "now",
      ])
    #expect(try walk(history, from: 100, .sampleLater, 1) == ["200.0"])
    #expect(try walk(history, from: -50, .sampleLater, 2) == ["0.0", "1.0"])
    #expect(try walk(history, from: 5000, .sampleLater, 2) == ["now"])
  }

  @Test func `Earlier, over a gap, to the first sample`() throws {
    let history = try gapped()
    #expect(
      try walk(history, from: 202, .sampleEarlier, 14) == [
        "201.0", "200.0", "199.999999", "9.0", "8.0", "7.0", "6.0", "5.0", "4.0", "3.0", "2.0", "1.0",
        "0.0", "0.0",
      ])
    #expect(try walk(history, from: 100, .sampleEarlier, 1) == ["9.0"])
    // From now: what was sampled last, however long ago.
    #expect(try walk(history, from: 209.4, .sampleEarlier, 2) == ["209.0", "208.0"])
    #expect(try walk(history, from: 99_999, .sampleEarlier, 1) == ["209.0"])
    #expect(try walk(history, from: 99_999, .tenMinutesEarlier, 1) == ["209.0"])
    #expect(try walk(history, from: -50, .sampleEarlier, 1) == ["0.0"])
  }

  @Test func `Ten minutes`() throws {
    let history = try PastHistory()
    for minute in 0..<20 { try history.sample(Double(minute * 60)) }
    try history.sample(3000, gaps: [H.gap(1140, 3000)])
    for minute in 51..<65 { try history.sample(Double(minute * 60)) }
    #expect(
      try walk(history, from: 0, .tenMinutesLater, 9) == [
        "600.0", "1140.000001", "3000.0", "3600.0", "now",
      ])
    #expect(
      try walk(history, from: 3840, .tenMinutesEarlier, 7) == [
        "3240.0", "2999.999999", "1140.0", "540.0", "0.0", "0.0", "0.0",
      ])
  }

  private static let intervals: [(Double, [Double], [String])] = [
    (300, [300, 601, 899], ["300.0", "601.0", "899.0", "now"]),
    (0.25, [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2], ["1.0", "2.0", "now"]),
    (10, [10, 20, 30, 40, 50, 61, 71], ["10.0", "20.0", "30.0", "40.0", "50.0", "61.0", "71.0", "now"]),
  ]

  /// Of one that takes a sample each five minutes, real samples are found; of a quick one, none is less than a second away.
  @Test(arguments: intervals)
  func `The recorder's interval`(interval: Double, samples: [Double], places: [String]) throws {
    let history = try PastHistory(interval: interval)
    try history.sample(0)
    for time in samples { try history.sample(time) }
    #expect(try walk(history, from: 0, .sampleLater, 20) == places)
    let back: [String] = places.dropLast(2).reversed() + ["0.0"]
    #expect(try walk(history, from: samples.last!, .sampleEarlier, places.count - 1) == back)
  }

  @Test func `Gaps that overlap are left at the end of the last`() throws {
    let history = try PastHistory()
    try history.sample(0)
    try history.sample(
      60, gaps: [H.gap(0, 30, "overrun"), H.gap(20, 60, "recorder stopped"), H.gap(60, 90, "ends lost")])
    try history.sample(90)
    try history.sample(91)
    #expect(
      try walk(history, from: 0, .sampleLater, 9) == [
        "1e-06", "60.0", "60.000001", "90.0", "91.0", "now",
      ])
    #expect(
      try walk(history, from: 91, .sampleEarlier, 6) == [
        "90.0", "89.999999", "60.0", "59.999999", "0.0", "0.0",
      ])
  }

  /// The hour that the clock went back over was watched.
  @Test func `A clock that went back is no gap`() throws {
    let history = try PastHistory()
    for time in 0..<5 { try history.sample(Double(time)) }
    var step = H.gap(2, 4, "clock stepped")
    step.detail = "by -2.0 s"
    try history.sample(2, gaps: [step], boot: 5)
    for time in 3..<8 { try history.sample(Double(time), boot: Double(time + 3)) }
    #expect(try walk(history, from: 0, .sampleLater, 9).last == "now")
    #expect(try walk(history, from: 2.5, .sampleLater, 1) != ["4.0"])
  }

  @Test(arguments: 0..<12)
  func `A step goes the way it says`(seed: Int) throws {
    var random = SplitMix(seed: UInt64(seed))
    let history = try PastHistory(interval: Double.random(in: 0.2...90, using: &random))
    var time = 0.0
    try history.sample(0)
    for _ in 0..<15 {
      let next = time + Double.random(in: 0.1...90, using: &random)
      let isGap = Int.random(in: 0..<4, using: &random) == 0
      let start = max(0, time - Double.random(in: 0...9, using: &random))
      try history.sample(next, gaps: isGap ? [H.gap(start, next)] : [])
      time = next
    }
    let past = LivePast(try history.reader())
    for _ in 0..<60 {
      let from = H.at(Double.random(in: 0.001...time, using: &random))
      for step in LivePast.Step.allCases {
        let next = try past.step(from: from, by: step)
        switch step {
        case .sampleEarlier, .tenMinutesEarlier: #expect(try #require(next) < from)
        case .sampleLater, .tenMinutesLater: if let next { #expect(next > from) }
        }
      }
    }
    // Every way comes to its end.
    #expect(try walk(history, from: 0, .sampleLater, 1600).last == "now")
    #expect(try walk(history, from: time, .sampleEarlier, 1600).last == "0.0")
  }

  /// The same numbers in each run.
  private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }
}
