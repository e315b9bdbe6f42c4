// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// A recorder that is killed outright, again and again, while connections come and go.
  ///
  /// CONNWATCH_KILLS says how often, in place of the two forms' numbers.
  @Suite(.needsNamespaces, .needs("sqlite3"))
  struct KillTests {
    static let kills =
      ProcessInfo.processInfo.environment["CONNWATCH_KILLS"].flatMap { Int($0) }
      ?? Effort.of(short: 100, long: 1000)

    /// At what the kills are aimed, in turns; each in a database that goes on from one to the next.
    private enum Aim: String, CaseIterable {
      case anything, traced, start, checkpoint, traces, retention, oldest, retentionsStart

      var words: [String] {
        switch self {
        case .anything, .start, .checkpoint: ["--source", "proc"]
        case .traced, .traces: ["--source", "auto"]
        // Kept as long as KilledHistory.keep says.
        case .retention: ["--source", "proc", "--keep", "1s"]
        case .oldest: ["--source", "auto", "--max-size", "1M"]
        case .retentionsStart: ["--source", "auto", "--keep", "1s"]
        }
      }

      /// Some time between the program's start and its first sample.
      var isAtStart: Bool { self == .start || self == .retentionsStart }
      /// Which of the histories it goes on with.
      var history: String {
        switch self {
        case .retention, .retentionsStart: "kept"
        case .oldest: "sized"
        default: "whole"
        }
      }
    }

    @Test func aKillLosesNoMoreThanTheSampleInFlight() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      // Sockets in TIME_WAIT that soon go, so that lives finish all the time.
      try await puppet.order(["do": "sysctl", "name": "net.ipv4.tcp_max_tw_buckets", "value": 40])
      let listener = try await puppet.listen("web", KilledHistory.heldPort)
      for number in 0..<20 { _ = try await puppet.pair("held\(number)", listener) }
      for number in 0..<5 {
        let order: [String: Any] = ["do": "udp", "key": "u\(number)", "to_port": KilledHistory.heldPort]
        try await puppet.order(order)
      }
      try await puppet.order(["do": "churn", "rate": 250, "lifetime": 0.05])

      var histories: [String: KilledHistory] = [:]
      for name in ["whole", "kept", "sized"] {
        histories[name] = KilledHistory(stage, stage.path("\(name).db"), prunes: name != "whole")
      }
      try await fill(stage.path("sized.db"), stage, puppet)
      var startTakes = 0.3
      var killed: Set<pid_t> = []
      var hits: [String: Int] = [:]
      for number in 0..<Self.kills {
        let aim = Aim.allCases[number % Aim.allCases.count]
        var history = try #require(histories[aim.history])
        try await history.begin()
        let started = ContinuousClock.now
        let recorder = try stage.connwatch(
          ["record", "--interval", "20ms", "--for", "120s", "--print", "--json", "--db", history.path]
            + aim.words, in: puppet.namespace)
        if aim.isAtStart {
          try await Task.sleep(for: .seconds(.random(in: 0...startTakes)))
        } else {
          try await eventually("something to be seen\n\(recorder.errors)", within: 60) {
            if let status = recorder.status { throw TestFailure("\(status): \(recorder.errors)") }
            return recorder.output.isEmpty ? false : try await history.hasBeenAdded()
          }
          startTakes = min(5, Double((ContinuousClock.now - started) / .milliseconds(1)) / 1000)
          if aim == .checkpoint {
            if await history.waitForCheckpoint() { hits["checkpoint", default: 0] += 1 }
          } else {
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...100)))
          }
          if aim.words.contains("auto") { try expectNoTrace(of: killed.subtracting([recorder.pid])) }
          if aim != .checkpoint { try await history.acknowledge() }
        }
        recorder.send(SIGKILL)
        #expect(try await recorder.end() == 128 + SIGKILL, "\(recorder.errors)")
        killed.insert(recorder.pid)
        try await history.check(after: recorder, "kill \(number), at \(aim)")
        if number % 10 == 9 { try await history.checkAll("kill \(number)") }
        hits["\(aim)", default: 0] += 1
        histories[aim.history] = history
      }
      for history in histories.values { try await history.checkAll("in the end") }
      let whole = try #require(histories["whole"])
      try await whole.finish()
      #expect(whole.withoutLoss * 2 >= whole.compared, "half of the kills lose nothing that was printed")
      print("killed \(Self.kills) times: \(hits); whole: \(whole.figures)")
      for name in ["kept", "sized"] { print("\(name): \(histories[name]?.figures ?? "")") }
    }

    /// Records so many connections that the history is about as large as the least --max-size there is.
    private func fill(_ path: String, _ stage: Stage, _ puppet: Puppet) async throws {
      let recorder = try stage.connwatch(
        ["record", "--interval", "100ms", "--for", "120s", "--db", path], in: puppet.namespace)
      try await eventually("a sample\n\(recorder.errors)") { try await stage.samples(path) > 0 }
      var size = 0
      while size < 1_000_000 {
        try await puppet.order(["do": "burst", "rounds": 1, "width": 1500, "lifetime": 0.15])
        size =
          Int(
            try await stage.sql(
              "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()", path)[0][0]) ?? 0
      }
      try await stage.stop(recorder)
    }

    /// The first milliseconds: a database is made, or one of the first release is brought up to date.
    @Test(arguments: [false, true]) func aKillWhileTheDatabaseIsPrepared(isOld: Bool) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      try await puppet.listen("web", 8080)
      let fixture = Machine.root.appending(path: "Tests/Fixtures/history/version1.sql").path
      let kills = max(3, Self.kills / 25)
      func count(_ path: String) async throws -> [Int] {
        try await stage.sql(
          """
          SELECT (SELECT count(*) FROM life) + (SELECT count(*) FROM open_life),
            (SELECT sum(samples) FROM sample)
          """, path)[0].map { Int($0) ?? 0 }
      }
      var takes = 0.3
      var unfinished = 0
      for number in 0..<kills {
        let path = stage.path("\(number).db")
        if isOld { _ = try await stage.sql(".read \(fixture)", path) }
        let before = isOld ? try await count(path) : [0, 0]
        let recorder = try stage.connwatch(
          ["record", "--source", "proc", "--for", "120s", "--db", path], in: puppet.namespace)
        try await Task.sleep(for: .seconds(.random(in: 0...takes)))
        recorder.send(SIGKILL)
        #expect(try await recorder.end() == 128 + SIGKILL, "\(recorder.errors)")
        if access(path, F_OK) == 0 {
          #expect(try await stage.sql("PRAGMA integrity_check", path) == [["ok"]])
          // A database that is not made yet has no tables.
          if ((try? await count(path)) ?? [0, 0])[1] == before[1] { unfinished += 1 }
        } else {
          unfinished += 1
        }
        let started = ContinuousClock.now
        let next = try await stage.run(
          ["record", "--source", "proc", "--interval", "20ms", "--for", "40ms", "--db", path],
          in: puppet.namespace)
        takes = min(5, Double((ContinuousClock.now - started) / .milliseconds(1)) / 1000)
        #expect(next.status == 0, "\(next.errors)")
        #expect(try await stage.run(["db", "check", "--db", path]).status == 0)
        #expect(try await count(path)[0] >= before[0], "lives of the old database")
      }
      print(
        "killed \(kills) times while a database was prepared, old: \(isOld); \(unfinished) before a sample")
    }

    /// What a killed recorder left in the kernel is taken away by the next that traces.
    private func expectNoTrace(of killed: Set<pid_t>) throws {
      let left = ((try? Machine.traceInstances()) ?? []).filter { name in
        name.split(separator: ".").dropFirst().first.flatMap { pid_t($0) }.map(killed.contains) ?? false
      }
      #expect(left.isEmpty)
    }
  }
}
