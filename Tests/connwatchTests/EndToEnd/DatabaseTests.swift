// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// The database as a file: looked at, copied, pruned, bounded.
  @Suite(.needsNamespaces, .needs("sqlite3"))
  struct DatabaseTests {
    @Test func infoBackupAndCheckWhileRecording() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let recorder = try await stage.record(in: puppet.namespace, interval: "50ms")
      try await puppet.order(["do": "burst", "rounds": 2, "width": 300, "lifetime": 0.3])
      try await puppet.order(["do": "churn", "rate": 100])
      try await eventually("1,000 lives") { try await info(stage).int("finished") ?? 0 >= 1000 }
      let live = try await info(stage)
      #expect(live.bool("recording") == true)
      #expect(live.int("recorder_pid") == Int(recorder.pid))
      #expect(live.string("path") == stage.database)
      #expect(live.int("gaps") == 0)
      #expect(try #require(live.int("bytes_per_connection")) > 20)
      #expect(try await stage.succeed(["db", "check"]).output == "\(stage.database): ok\n")

      let copy = stage.path("copy.db")
      _ = try await stage.succeed(["db", "backup", copy])
      #expect(!FileManager.default.fileExists(atPath: copy + "-wal"))
      #expect(try await stage.sql("PRAGMA integrity_check", copy) == [["ok"]])
      _ = try await stage.succeed(["db", "check", "--db", copy])
      let copied = try await stage.succeed(["history", "--json", "-q", "--db", copy]).json()
      #expect(copied.count >= 1000)
      expectRefusal(try await stage.run(["db", "backup", copy]), [copy, "File exists"])
      expectRefusal(try await stage.run(["db", "backup", stage.path("no/such/place")]), ["No such file"])

      // The copy is a moment of the original: what it has, that one has too, the same.
      try await puppet.order(["do": "calm"])
      try await stage.stop(recorder)
      let all = Set(try await stage.succeed(["history", "--json", "-q"]).lines)
      let finished = copied.filter { !$0.isNull("closed") && $0.string("state") != "TIME_WAIT" }
      #expect(all.isSuperset(of: finished.map(\.text)))
      #expect(try await info(stage).bool("recording") == false)
      // A recorder can go on with a copy.
      let again = try await stage.run(
        ["record", "--db", copy, "--interval", "20ms", "--for", "100ms"], in: puppet.namespace)
      #expect(again.status == 0, "\(again.errors)")
    }

    @Test func pruningTakesTheOldestAndGivesSpaceBack() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let recorder = try await stage.record(in: puppet.namespace, interval: "50ms")
      try await puppet.order(["do": "burst", "rounds": 6, "width": 400, "lifetime": 0.3])
      try await eventually("4,000 lives") { try await info(stage).int("finished") ?? 0 >= 4000 }
      try await stage.stop(recorder)
      let before = try await lives(stage)
      let size = try #require(try await info(stage).int("size"))
      let said = try await stage.succeed(["db", "prune", "--max-size", "\(size / 2048)K"])
      #expect(said.output.contains("connections taken out"))
      let after = try await lives(stage)
      #expect(
        after.count < before.count && after.count > before.count / 10, "\(after.count) of \(before.count)")
      // By number: a connection that is first heard of at its end has a later one than its beginning would give it.
      let first = before.sorted()[before.count - after.count]
      #expect(after == before.filter { $0 >= first })
      let left = try await info(stage)
      #expect(try #require(left.int("size")) <= size / 2 + 8192)
      #expect(try await stage.succeed(["db", "check"]).status == 0)
      _ = try await stage.succeed(["db", "prune", "--keep", "1d"])
      #expect(try await lives(stage).count == after.count)
      try await Task.sleep(for: .milliseconds(1100))
      _ = try await stage.succeed(["db", "prune", "--keep", "1s"])
      // What was open when the recorder stopped is not finished, and a recorder may go on with it.
      #expect(try await info(stage).int("finished") == 0)
    }

    @Test func aLimitKeepsTheFileBoundedAndTheNewestInIt() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let recorder = try await stage.record(
        ["--max-size", "1M", "--print", "--json"], in: puppet.namespace, interval: "50ms")
      var largest = 0
      for _ in 0..<8 {
        try await puppet.order(["do": "burst", "rounds": 2, "width": 600, "lifetime": 0.25])
        largest = max(largest, try #require(try await info(stage).int("size")))
      }
      try await eventually("the ends of all") {
        try await stage.sql("SELECT count(*) < 10 FROM connections WHERE closed_us IS NULL") == [["1"]]
      }
      try await stage.stop(recorder)
      #expect(recorder.output.components(separatedBy: "\"opened\"").count > 15_000, "enough to need a limit")
      // One sample's worth above it, and the pages that wait to be given back.
      #expect(largest < 2_000_000, "\(largest)")
      let left = try await info(stage)
      #expect(try #require(left.int("size")) < 1_500_000)
      #expect(try #require(left.int("finished")) > 1000, "a limit is no reason to forget everything")
      let told = try recorder.lines.map { try JSONLine(String($0)) }.compactMap { $0.int("id") }
      #expect(try await lives(stage).max() == told.max(), "the newest is there")
      #expect(try await stage.succeed(["db", "check"]).status == 0)
    }

    private func info(_ stage: Stage) async throws -> JSONLine {
      try #require(try await stage.succeed(["db", "info", "--json"]).json().first)
    }

    private func lives(_ stage: Stage) async throws -> [Int] {
      try await stage.succeed(["history", "--json", "-q"]).json().compactMap { $0.int("id") }
    }
  }
}
