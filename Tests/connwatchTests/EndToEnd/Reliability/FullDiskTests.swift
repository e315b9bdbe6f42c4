// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// A disk without space: sampling goes on, it is said once, and nothing that was seen is lost.
  @Suite(.needsNamespaces, .needs("sqlite3"))
  struct FullDiskTests {
    @Test(.enabled(if: Machine.mounts, "needs the right to mount a tmpfs"))
    func whatWaitsIsWrittenWhenThereIsSpaceAgain() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let disk = try await SmallDisk(stage, size: Effort.of(short: "4M", long: "64M"))
      defer { disk.unmount() }
      let database = disk.database
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      let recorder = try stage.connwatch(
        [
          "record", "--db", database, "--interval", "50ms", "--for", "180s", "--keep-free", "0", "--print",
          "--json",
        ],
        in: puppet.namespace)
      try await eventually("the listener\n\(recorder.errors)") { recorder.output.contains("listening") }

      try disk.fill()
      let kept = try await puppet.pair("kept", listener)
      try await eventually("the complaint\n\(recorder.errors)") { recorder.errors.contains("space") }
      // Sampling goes on meanwhile, and what comes and goes is told.
      var ports = [kept.port]
      for number in 1...10 {
        let socket = try await puppet.pair("a\(number)", listener)
        ports.append(socket.port)
        try await eventually("an opening while the disk is full\n\(recorder.errors)") {
          recorder.output.components(separatedBy: ":\(socket.port),").count >= 3
        }
        try await puppet.close("a\(number)", reset: true)
        try await puppet.close("a\(number)s", reset: true)
      }
      for _ in 0..<Effort.of(short: 1, long: 60) {
        try await puppet.order(["do": "burst", "rounds": 2, "width": 200, "lifetime": 0.2])
      }
      #expect(recorder.status == nil)
      let complaints = recorder.errors.split(separator: "\n").filter { $0.contains("space") }
      #expect(complaints.count == 1, "\(recorder.errors)")
      #expect(complaints.first?.contains(database) == true)
      #expect(complaints.first?.contains("sampling goes on") == true)
      // What is there can be read.
      #expect(try await stage.run(["db", "check", "--db", database]).status == 0)

      try disk.clear()
      let cleared = Int64(Date().timeIntervalSince1970 * 1e6)
      try await eventually("what waited\n\(recorder.errors)") {
        let history = try await stage.run(["history", "--json", "-q", "--db", database])
        let found = Set(try history.json().compactMap { $0.int("local_port") })
        return history.status == 0 && found.isSuperset(of: ports)
      }
      try await eventually("the end of what was closed") {
        let open = try await stage.succeed(["history", "--json", "-q", "--db", database]).json()
          .filter { $0.isNull("closed") }
        return open.count == 2
      }
      try await stage.stop(recorder)
      #expect(recorder.errors.split(separator: "\n").filter { $0.contains("space") }.count == 1)
      #expect(recorder.errors.contains("written again"), "\(recorder.errors)")
      #expect(try await stage.run(["db", "check", "--db", database]).status == 0)
      let lives = try await stage.succeed(["history", "--json", "-q", "--db", database]).json()
      #expect(
        lives.count >= 22 + Effort.of(short: 400, long: 60 * 400), "every connection, and most of the bursts")
      #expect(lives.filter { !$0.isNull("closed") }.allSatisfy { ($0.double("duration_s") ?? -1) >= 0 })
      let gaps = try await StoredGap.all(stage, database)
      let gap = try #require(gaps.first { $0.cause == "disk full" }, "\(gaps)")
      #expect(gap.samples > 10 && gap.until > gap.since && gap.detail.contains("nothing lost"), "\(gap)")
      // The next sample takes along what waited; the rest is for a machine that is busy.
      #expect(gap.until <= cleared + 50_000 + 5_000_000, "\(gap) after \(cleared)")
      #expect(gaps.allSatisfy { $0.cause == "disk full" || $0.cause == "overrun" }, "\(gaps)")
      print("full for \((gap.until - gap.since) / 1000) ms, \(gap.samples) samples, \(lives.count) lives")

      // The time was watched: who asks for it is told of no gap, who asks for gaps is.
      let since = "@\(Double(gap.since) / 1e6)"
      let until = "@\(Double(gap.until) / 1e6)"
      let history = try await stage.run(["history", "--db", database, "-S", since, "-U", until])
      #expect(!history.errors.contains("disk full"), "\(history.errors)")
      let middle = "@\(Double(gap.since + gap.until) / 2e6)"
      let table = try await stage.run(["list", "--at", middle, "--db", database])
      #expect(table.status == 0 && !table.errors.contains("disk full"), "\(table.errors)")
      let events = try await stage.succeed(["events", "--db", database])
      #expect(events.output.contains("stored late") && events.output.contains("disk full"))
      #expect(try await stage.succeed(["db", "info", "--db", database]).output.contains("disk full 1"))
    }

    /// What waited is gone with the process, and the next one's gap is over all of it.
    @Test(.enabled(if: Machine.mounts, "needs the right to mount a tmpfs"))
    func killedWhileTheDiskIsFull() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let disk = try await SmallDisk(stage, size: "4M")
      defer { disk.unmount() }
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      let words = [
        "record", "--db", disk.database, "--interval", "50ms", "--for", "120s", "--keep-free", "0",
      ]
      let recorder = try stage.connwatch(words, in: puppet.namespace)
      try await eventually("a sample\n\(recorder.errors)") { try await stage.samples(disk.database) > 0 }
      try disk.fill()
      _ = try await puppet.pair("a", listener)
      try await eventually("the complaint\n\(recorder.errors)") { recorder.errors.contains("space") }
      let full = Int64(Date().timeIntervalSince1970 * 1e6)
      try await puppet.order(["do": "burst", "rounds": 2, "width": 50, "lifetime": 0.2])
      recorder.send(SIGKILL)
      _ = try await recorder.end()
      let killed = Int64(Date().timeIntervalSince1970 * 1e6)
      try disk.clear()
      let next = try stage.connwatch(words, in: puppet.namespace)
      try await eventually("the gap\n\(next.errors)") {
        !(try await StoredGap.all(stage, disk.database)).isEmpty
      }
      try await stage.stop(next)
      let gaps = try await StoredGap.all(stage, disk.database)
      #expect(gaps.map(\.cause) == ["recorder killed"])
      #expect(gaps.allSatisfy { $0.since < full && $0.until > killed })
      #expect(try await stage.run(["db", "check", "--db", disk.database]).status == 0)
    }

    @Test(.enabled(if: Machine.mounts, "needs the right to mount a tmpfs"))
    func startingOnAFullDiskIsRefused() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let disk = try await SmallDisk(stage, size: "2M")
      defer { disk.unmount() }
      try disk.fill()
      let none = try await stage.run(["record", "--for", "1s", "--db", disk.database])
      #expect(none.status == 2 && none.errors.contains("no space left"), "\(none.errors)")
      try disk.clear()
      #expect(
        try await stage.run(["record", "--for", "100ms", "--interval", "20ms", "--db", disk.database]).status
          == 0)
      try disk.fill()
      let some = try await stage.run(["record", "--for", "1s", "--db", disk.database])
      #expect(some.status == 2 && some.errors.contains("no space left"), "\(some.errors)")
    }

    /// Stopped while the disk is full: says what is lost, and exits with 2.
    @Test(.enabled(if: Machine.mounts, "needs the right to mount a tmpfs"))
    func stoppingOnAFullDiskIsAFailure() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let disk = try await SmallDisk(stage, size: "2M")
      defer { disk.unmount() }
      let database = disk.database
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      let recorder = try stage.connwatch(
        ["record", "--db", database, "--interval", "50ms", "--for", "120s"], in: puppet.namespace)
      try await eventually("a sample\n\(recorder.errors)") {
        try await stage.run(["history", "-l", "-q", "--db", database]).output.contains("8080")
      }
      try disk.fill()
      _ = try await puppet.pair("a", listener)
      try await eventually("the complaint\n\(recorder.errors)") { recorder.errors.contains("space") }
      recorder.send(SIGTERM)
      #expect(try await recorder.end() == 2, "\(recorder.errors)")
      #expect(
        recorder.errors.split(separator: "\n").last?.contains("no space left") == true, "\(recorder.errors)")
      #expect(try await stage.run(["db", "check", "--db", database]).status == 0)
    }
  }
}
