// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// A recorder that is killed leaves its trace in the kernel; the next one takes it away.
  @Suite(.needsTrace)
  struct KernelKillTests {
    private func instances(of pid: pid_t) throws -> [String] {
      try Machine.traceInstances().filter { $0 == "connwatch.\(pid)" || $0.hasPrefix("connwatch.\(pid).") }
    }

    @Test func theNextRecorderCleansUpAndGoesOnWithTheSameLives() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      let first = try await stage.record(["--source", "trace"], in: puppet.namespace)
      let client = try await puppet.pair("a", listener)
      // A connection must be whole in the database before the kill, with what the trace told after the rows.
      try await eventually("both ends") {
        let rows = try await stage.history(["state", "established"])
        return rows.count == 2 && rows.allSatisfy { $0.states.count == 2 }
      }
      let before = try await stage.history()
      #expect(try instances(of: first.pid).count == 1)
      try await stage.stop(first, SIGKILL)
      #expect(try instances(of: first.pid).count == 1, "nobody was there to remove it")

      let second = try await stage.record(["--source", "trace"], in: puppet.namespace)
      #expect(try instances(of: first.pid).isEmpty)
      #expect(try instances(of: second.pid).count == 1)
      _ = try await puppet.pair("b", listener)
      try await puppet.close("b")
      try await puppet.close("bs")
      try await puppet.close("a")
      try await puppet.close("as")
      try await stage.stop(second, SIGINT)
      #expect(try instances(of: first.pid).isEmpty)
      #expect(try instances(of: second.pid).isEmpty)

      let after = try await stage.history()
      #expect(after.count == 4)
      for row in before {
        let later = try #require(after.first { $0.int("id") == row.int("id") })
        #expect(later.tuple == row.tuple)
        #expect(later.string("first_seen") == row.string("first_seen"))
        #expect(later.states.prefix(2) == row.states.prefix(2))
        #expect(later.moment("closed") != nil)
      }
      // Traced from its opening to its end by the one, from its opening only by the other.
      let old = after.filter { $0.int("local_port") == client.port }
      #expect(old.count == 1 && old.allSatisfy { $0.isWhole }, "\(old.map(\.text))")
      let new = after.filter { !before.map { $0.int("id") }.contains($0.int("id")) }
      #expect(new.map { $0.string("direction") }.sorted { $0 ?? "" < $1 ?? "" } == ["in", "out"])
      #expect(new.allSatisfy { $0.isWhole }, "\(new.map(\.text))")
      #expect(new.allSatisfy { $0.double("uncertainty_s") == 0 })
      #expect(
        try await stage.sql("SELECT count(*) FROM gaps WHERE cause = 'recorder killed'") == [["1"]])
    }

    /// Several may record at once, each to a database of its own.
    @Test func itLeavesTheTraceOfOneThatLivesAlone() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      let recorder = try await stage.record(["--source", "trace"], in: puppet.namespace)
      let other = try await stage.run(
        ["record", "--source", "trace", "--for", "100ms", "--db", stage.path("other.db")],
        in: puppet.namespace)
      #expect(other.status == 0, "\(other.errors)")
      #expect(try instances(of: recorder.pid).count == 1)
      _ = try await puppet.pair("a", listener)
      try await puppet.close("a")
      try await puppet.close("as")
      try await stage.stop(recorder)
      let rows = try await stage.history()
      #expect(
        rows.count == 2 && rows.allSatisfy { $0.isWhole }, "it was traced all the time: \(rows.map(\.text))")
    }
  }
}
