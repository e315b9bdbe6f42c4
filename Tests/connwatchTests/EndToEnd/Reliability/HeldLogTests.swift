// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// The log beside the database: who reads an old state makes it grow, and ours do not.
  @Suite(.needsNamespaces, .needs("sqlite3"))
  struct HeldLogTests {
    private func logSize(_ stage: Stage) -> Int {
      let attributes = try? FileManager.default.attributesOfItem(atPath: stage.database + "-wal")
      return attributes?[.size] as? Int ?? 0
    }

    /// Begins to read, and does not end.
    private func hold(_ stage: Stage) async throws -> Child {
      let child = try stage.start(["sqlite3", "-bail", "-readonly", stage.database], listens: true)
      for line in ["BEGIN;", "SELECT count(*) FROM life;", ".system echo reading"] { try child.tell(line) }
      try await eventually("a reader\n\(child.errors)") { child.output.contains("reading") }
      return child
    }

    /// Whether somebody reads a state of the database that is not the newest.
    private func isHeld(_ stage: Stage) async throws -> Bool {
      try await stage.sql("PRAGMA wal_checkpoint(RESTART)").first?.first == "1"
    }

    @Test func aPagerThatIsLeftOpenHoldsNothing() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let recorder = try await stage.record(in: puppet.namespace)
      try await puppet.order([
        "do": "burst", "rounds": Effort.of(short: 6, long: 60), "width": 400, "lifetime": 0.2,
      ])
      try await eventually("4,000 lives") {
        try await stage.sql("SELECT count(*) > 4000 FROM life") == [["1"]]
      }
      for words in [["history", "--json"], ["events", "--json"]] {
        // Nobody reads, and more is to be written than a pipe takes.
        let pipe = stage.path(words[0])
        #expect(mkfifo(pipe, 0o600) == 0)
        let reader = open(pipe, O_RDONLY | O_NONBLOCK)
        defer { close(reader) }
        let child = try stage.connwatch(words, output: .path(pipe))
        try await eventually("\(words) to be at a stand") {
          var count: Int32 = 0
          return ioctl(reader, UInt(FIONREAD), &count) == 0 && count >= 65_536
        }
        try await puppet.order(["do": "burst", "rounds": 2, "width": 100, "lifetime": 0.2])
        try await eventually("\(words) to hold nothing") { try await !isHeld(stage) }
        #expect(child.status == nil)
        child.send(SIGKILL)
        _ = try await child.end()
      }
      // That the question can be answered otherwise:
      _ = try await hold(stage)
      try await puppet.order(["do": "burst", "rounds": 2, "width": 100, "lifetime": 0.2])
      try await eventually("a reader that holds it") { try await isHeld(stage) }
      try await stage.stop(recorder)
    }

    /// Said once when it is large, emptied when the reader has gone.
    @Test(.enabled(if: Effort.isLong, "a log of 64 MB takes minutes: make soak"))
    func aReaderThatStaysIsNamed() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let recorder = try stage.connwatch(
        ["record", "--interval", "50ms", "--for", "900s", "--keep-free", "0"], in: puppet.namespace)
      try await eventually("a sample\n\(recorder.errors)") { try await stage.samples() > 0 }
      try await puppet.order(["do": "churn", "rate": 1000, "lifetime": 0.2])
      var most = 0
      for _ in 0..<200 {
        try await Task.sleep(for: .milliseconds(100))
        most = max(most, logSize(stage))
      }
      #expect(most <= 20 << 20, "the log without a reader: \(most)")
      print("the log without a reader: \(most) bytes at the most in 20 s")
      let holder = try await hold(stage)
      let began = ContinuousClock.now
      try await eventually("the warning\n\(recorder.errors)", within: 400) {
        recorder.errors.contains("an old state")
      }
      print("with one: \(logSize(stage)) bytes after \(ContinuousClock.now - began)")
      #expect(recorder.errors.contains("by pid \(holder.pid)"), "\(recorder.errors)")
      try holder.tell("COMMIT;")
      try await eventually("an empty log\n\(recorder.errors)", within: 60) {
        recorder.errors.contains("-wal: emptied")
      }
      #expect(logSize(stage) <= 20 << 20)
      try await puppet.order(["do": "calm"])
      try await stage.stop(recorder)
      #expect(recorder.errors.split(separator: "\n").filter { $0.contains("an old state") }.count == 1)
      #expect(try await stage.run(["db", "check"]).status == 0)
    }
  }
}
