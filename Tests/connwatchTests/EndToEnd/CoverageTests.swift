// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Foundation
import Testing

@testable import ConnStore

extension EndToEnd {
  /// What commands say of openings that were not recorded, and of databases that know nothing of them.
  @Suite struct CoverageTests {
    private static let words = "connwatch: saw 412 of 9,310 openings, 4 %"

    /// A minute of the past with one connection, and of another minute in which nothing was missed.
    private func fill(_ stage: Stage, source: String) throws {
      let start = Timestamp(microseconds: 1_767_261_600_000_000)
      let run = HistoryWriter.Run(bootID: "b", pid: 1, version: "0", source: source, interval: 1_000_000)
      let writer = try HistoryWriter(path: stage.database, run: run, now: start)
      let socket = SocketRow(
        proto: .tcp, state: .established, local: Endpoint(IPAddress(v4: 0xC000_020A), 40000),
        remote: Endpoint(IPAddress(v4: 0xC633_6407), 443), rawUID: 0)
      let life = Life(
        id: 1, row: socket, role: .connection, direction: .outbound, firstSeen: start, firstSeenBoot: 0,
        uncertainty: 0, sources: .proc)
      var batch = Batch(time: start, boot: 0, nextLife: 1, sockets: 1)
      batch.current = [life]
      batch.coverage = [
        Coverage(activeOpens: 9000, passiveOpens: 300, recorded: 402),
        Coverage(netns: "web", activeOpens: 10, recorded: 10),
      ]
      try writer.write(batch)
      var next = Batch(time: start + 60_000_000, boot: 60_000_000, nextLife: 2, sockets: 1)
      next.coverage = [Coverage(activeOpens: 50, recorded: 50)]
      try writer.write(next)
      try writer.close(now: start + 60_000_000)
    }

    @Test(arguments: [
      (["history"], "proc", true), (["history", "-i", "-t"], "proc", true),
      (["history", "-u"], "proc", false),
      (["history", "-l"], "proc", false), (["history", "proto", "udp"], "proc", false),
      (["events"], "proc", true), (["events", "-l"], "proc", false), (["services"], "proc", true),
      (["services", "proto", "udp"], "proc", false), (["history", "-q"], "proc", false),
      (["history"], "netlink+trace", true),
    ])
    func aRangeSaysWhatItMissed(_ words: [String], source: String, isSaid: Bool) async throws {
      let stage = try Stage()
      defer { stage.end() }
      try fill(stage, source: source)
      let missed = try await stage.succeed(words + ["--until", "@1767261630"])
      #expect(missed.errors.contains(Self.words) == isSaid, "\(missed.errors)")
      let isHinted = isSaid && !source.contains("trace")
      #expect(
        missed.errors.contains("4 %: short-lived ones are missed without") == isHinted, "\(missed.errors)")
      let all = try await stage.succeed(words + ["--since", "@1767261630"])
      #expect(!all.errors.contains("openings"), "\(all.errors)")
    }

    @Test func theTableOfAMomentSaysWhatItsMinuteMissed() async throws {
      let stage = try Stage()
      defer { stage.end() }
      try fill(stage, source: "proc")
      #expect(try await stage.succeed(["list", "--at", "@1767261600"]).errors.contains(Self.words))
      #expect(!(try await stage.succeed(["list", "--at", "@1767261660"]).errors.contains("openings")))
    }

    @Test func theDatabaseTellsOfAllOfIt() async throws {
      let stage = try Stage()
      defer { stage.end() }
      try fill(stage, source: "proc")
      let said = try await stage.succeed(["db", "info"])
      #expect(said.lines.contains("coverage      saw 462 of 9,360 openings, 4 %"), "\(said.output)")
      let info = try #require(try await stage.succeed(["db", "info", "--json"]).json().first)
      #expect(
        ["active_opens", "passive_opens", "attempt_fails", "recorded"].map(info.int) == [9060, 300, 0, 462])
      #expect(info.int("schema") == Int(Migration.latest))
    }

    /// Every command reads what connwatch 0.1.0 left, also where it may not bring it up to date.
    @Test(.needs("sqlite3"), arguments: [false, true])
    func aDatabaseOfTheFirstSchema(isMigrated: Bool) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let fixture = Machine.root.appending(path: "Tests/Fixtures/history/version1.sql").path
      _ = try await stage.sql(".read \(fixture)")
      if isMigrated {
        let said = try await stage.succeed(["db", "prune", "--max-size", "1G"])
        #expect(said.output.hasPrefix("0 connections taken out"))
      }
      let before = FileManager.default.contents(atPath: stage.database)
      let info = try #require(try await stage.succeed(["db", "info", "--json"]).json().first)
      #expect(
        info.int("schema") == (isMigrated ? Int(Migration.latest) : 1) && info.isNull("recorded")
          && info.int("open") == 6)
      #expect(!(try await stage.succeed(["db", "info"]).output.contains("coverage")))
      let history = try await stage.succeed(["history", "--json", "-a"])
      #expect(!history.errors.contains("openings"))
      #expect(try history.json().compactMap { $0.int("id") } == [9, 8, 7, 6, 5, 4, 3, 2, 1])
      for key in ["bytes_in", "bytes_out", "rtt_ms", "retransmits", "netns"] {
        #expect(try history.json().allSatisfy { $0.isNull(key) }, "\(key)")
      }
      #expect(try await stage.succeed(["history", "-i", "process", "python3"]).lines.count == 8)
      #expect(try await stage.succeed(["history", "--group-by", "netns,service", "--json"]).lines.count == 2)
      #expect(
        try await stage.succeed(["events", "--json"]).json().count { $0.string("event") == "closed" } == 4)
      #expect(try await stage.succeed(["services", "--json"]).json().map { $0.int("port") } == [8080])
      let then = try await stage.succeed(["list", "--at", "2026-11-22T15:21:24.5Z", "--json"])
      #expect(try then.json().contains { $0.string("state") == "TIME_WAIT" }, "\(then.output)")
      #expect(try await stage.succeed(["listeners", "--proc", stage.capturedProc()]).status == 0)
      #expect(try await stage.succeed(["db", "check"]).status == 0)
      #expect(try await stage.succeed(["db", "backup", stage.path("copy.db")]).status == 0)
      #expect(FileManager.default.contents(atPath: stage.database) == before)
    }
  }
}
