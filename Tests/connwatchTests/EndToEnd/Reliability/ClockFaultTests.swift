// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// Clocks that step, and machines that sleep: durations are those that passed, nothing is closed for it, and it is told.
  @Suite(.needsFaults)
  struct ClockFaultTests {
    static let sources = ["proc", "netlink", "auto"]
    private static let rounds = Effort.of(short: 1, long: 10)
    private static let day = 86_400.0

    private static func now() -> Double { Date().timeIntervalSince1970 }

    private static func at(_ moment: Double) -> String { String(format: "@%.3f", moment) }

    /// A connection goes on across something that is done to the clocks, and its duration is as long as it was, and
    /// `more` seconds.
    private func live(
      through fault: () async throws -> Void, more: Double = 0, _ scene: FaultScene
    ) async throws {
      let begun = Self.now()
      let through = try await scene.open()
      let opened = Self.now()
      try await fault()
      let after = try await scene.open()
      let closing = Self.now()
      try await scene.close(through)
      let closed = Self.now()
      for life in try await scene.lives(of: through.socket) {
        let duration = life.double("duration_s") ?? -1
        let slack = (life.double("uncertainty_s") ?? 0) + 0.05
        #expect(duration >= closing - opened + more - slack, "\(life.text)")
        #expect(duration <= closed - begun + more + slack, "\(life.text)")
      }
      try await scene.close(after)
      try await scene.expectSound()
    }

    static let steps = Effort.of(short: [3600, -30 * day], long: [3600, -3600, 30 * day, -30 * day])

    @Test(arguments: sources, steps)
    func theWallClockSteps(source: String, seconds: Double) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let scene = try await FaultScene(stage, source: source)
      for round in 1...Self.rounds {
        let moment = Self.now()
        try await live(
          through: {
            scene.faults.set(.wallClock(ahead: seconds * Double(round)))
            let gap = try await scene.gap("clock stepped", beyond: round - 1)
            #expect(abs(Double(gap.until - gap.since) / 1e6 - abs(seconds)) < 10, "\(gap)")
            #expect(gap.detail.hasPrefix(seconds < 0 ? "by -" : "by +"), "\(gap)")
          }, scene)
        if round > 1 { continue }
        // Nothing is lost of what was before, nor of what came after.
        let earliest = Self.at(moment + min(0, seconds) - 60)
        let ports = Set(scene.held.map(\.port))
        let since = try await stage.history(["--since", earliest])
        #expect(since.count { ports.contains($0.int("local_port") ?? 0) } == 2)
        #expect(Effort.isLong || since.count == 8, "\(since.map(\.tuple))")
        let table = try await stage.succeed(["list", "--json", "-q", "--at", Self.at(moment)]).json()
        #expect(Set(table.compactMap { $0.int("local_port") }).isSuperset(of: ports))
        if seconds > 0 {
          let late = try await stage.history(["--since", Self.at(moment + seconds / 2)])
          #expect(Effort.isLong || late.count == 6, "what is held, and what was opened after the step")
        }
      }
      try await scene.expectNoGaps("suspended")
      // A recorder that begins on another clock than the last one ended on.
      try await scene.restart { scene.faults.set() }
      try await scene.sample()
      try await scene.end()
    }

    @Test(arguments: sources)
    func theMachineSleeps(source: String) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let scene = try await FaultScene(stage, source: source)
      for round in 1...Self.rounds {
        try await live(
          through: {
            // Events on their way into the trace would be dated by another clock than they were taken by.
            try await scene.sample(5)
            let asleep = 3600 * Double(round)
            scene.faults.set(.wallClock(ahead: asleep), .bootClock(ahead: asleep))
            let gap = try await scene.gap("suspended", beyond: round - 1)
            #expect(abs(Double(gap.until - gap.since) / 1e6 - 3600) < 10, "\(gap)")
            #expect(gap.detail.hasPrefix("for 3599.") || gap.detail.hasPrefix("for 36"), "\(gap)")
          }, more: 3600, scene)
      }
      try await scene.expectNoGaps("clock stepped")
      try await scene.end()
    }

    /// Each step is too small to be told; all together are not.
    @Test(arguments: [0.2, -0.2])
    func manySmallSteps(seconds: Double) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let scene = try await FaultScene(stage, source: "proc")
      let steps = Effort.of(short: 15, long: 150)
      try await live(
        through: {
          for step in 1...steps {
            scene.faults.set(.wallClock(ahead: seconds * Double(step)))
            try await Task.sleep(for: .milliseconds(110))
          }
          try await scene.sample()
        }, scene)
      let gaps = try await scene.gaps("clock stepped")
      let told = gaps.map { Double($0.detail.split(separator: " ")[1]) ?? 0 }.reduce(0, +)
      // Tenths of a second are cut off each, and the last half may be untold.
      #expect(abs(told - seconds * Double(steps)) <= 0.6 + 0.1 * Double(steps), "\(gaps)")
      #expect(abs(told) > abs(seconds) * Double(steps) / 2)
      try await scene.end()
    }

    /// To and fro, at any moment of samples that take long.
    @Test func theClockStepsWhileASampleIsTaken() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let scene = try await FaultScene(stage, source: "proc")
      try await live(
        through: {
          for step in 1...Effort.of(short: 12, long: 200) {
            scene.faults.set(
              .slow("*/net/*", milliseconds: 10), .wallClock(ahead: step.isMultiple(of: 2) ? -3600 : 3600))
            try await Task.sleep(for: .milliseconds(Int.random(in: 20...120)))
          }
          scene.faults.set()
          try await scene.gap("clock stepped")
          try await scene.sample()
        }, scene)
      try await scene.end()
    }

    @Test(arguments: ["proc", "auto"], [3600.0, -3600.0])
    func aRecorderBeginsAnewOnAnotherClock(source: String, seconds: Double) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let scene = try await FaultScene(stage, source: source)
      let through = try await scene.open()
      let left = try await scene.open()
      // Leaves a TIME_WAIT behind, which is nothing new for the next recorder.
      try await scene.puppet.close(left.key)
      try await scene.puppet.close(left.key + "s")
      try await eventually("its end") {
        try await scene.lives(of: left.socket).allSatisfy { !$0.isNull("closed") }
      }
      let numbers = try await scene.lives().compactMap { $0.int("id") }
      try await scene.restart { scene.faults.set(.wallClock(ahead: seconds)) }
      try await scene.sample()
      let after = try await scene.lives().compactMap { $0.int("id") }
      #expect(Effort.isLong || Set(after) == Set(numbers), "no life is there twice")
      try await scene.close(through)
      #expect(try await scene.gaps("recorder stopped").count == 1)
      try await scene.end()
    }

    /// A clock that is ahead by a year for some samples takes nothing of the history with it; one that stays there does.
    @Test func aClockThatIsAheadPrunesNothingForADay() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let scene = try await FaultScene(stage, source: "proc", ["--keep", "30d"], interval: "50ms")
      let old = try await scene.open()
      try await scene.close(old)
      let year = 365 * Self.day
      scene.faults.set(.wallClock(ahead: year))
      try await scene.gap("clock stepped")
      try await scene.sample(10)
      #expect(try await scene.lives(of: old.socket).count == 2, "gone with a clock that was ahead")
      // Nor with a recorder that begins in that time.
      try await scene.restart()
      try await scene.sample(10)
      #expect(try await scene.lives(of: old.socket).count == 2, "gone with a recorder that began then")
      scene.faults.set()
      try await scene.gap("clock stepped", beyond: 1)
      try await scene.sample(10)
      #expect(try await scene.lives(of: old.socket).count == 2)
      // A day later it is a year later.
      scene.faults.set(.wallClock(ahead: year))
      try await scene.gap("clock stepped", beyond: 2)
      scene.faults.set(.wallClock(ahead: year + 1.1 * Self.day), .bootClock(ahead: 1.1 * Self.day))
      try await scene.gap("suspended")
      try await eventually("what is older than a month to go") {
        try await scene.lives(of: old.socket).isEmpty
      }
      try await scene.end()
    }
  }
}
