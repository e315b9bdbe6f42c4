// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// A disk that others fill: the history stops growing before nothing is left, and goes on with the room it has.
  @Suite(.needsNamespaces, .needs("sqlite3"))
  struct KeepFreeTests {
    @Test(.enabled(if: Machine.mounts, "needs the right to mount a tmpfs"))
    func aHeldHistoryGoesOnWhileOthersFillTheDisk() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let disk = try await SmallDisk(stage, size: "32M")
      defer { disk.unmount() }
      let puppet = try await stage.puppet()
      try await puppet.order(["do": "sysctl", "name": "net.ipv4.tcp_max_tw_buckets", "value": 100])
      let recorder = try stage.connwatch(
        ["record", "--db", disk.database, "--interval", "100ms", "--for", "1h", "--keep-free", "8M"],
        in: puppet.namespace)
      try await eventually("a sample\n\(recorder.errors)") { try await stage.samples(disk.database) > 0 }
      let rounds = Effort.of(short: 25, long: 120)
      try await burst(puppet, rounds)
      try await settle(stage, disk, recorder)
      let before = try await lives(stage, disk)
      try disk.fill(leaving: 2 << 20)
      try await eventually("that it is held\n\(recorder.errors)") { recorder.errors.contains("--keep-free") }
      let size = try await info(stage, disk)

      try await burst(puppet, rounds)
      try await settle(stage, disk, recorder)
      #expect(!recorder.errors.contains("no space"), "\(recorder.errors)")
      let held = try await info(stage, disk)
      let during = try await lives(stage, disk)
      print("held: \(size) then \(held), lives \(before) then \(during), \(disk.free) bytes free")
      #expect(during.newest > before.newest, "it goes on")
      #expect(during.oldest > before.oldest, "and the oldest go")
      #expect(during.count > before.count / 3, "but not all of them")

      // Not one byte is left, and what comes has room all the same.
      try disk.fill()
      try await burst(puppet, rounds)
      try await settle(stage, disk, recorder)
      let full = try await lives(stage, disk)
      print("full: \(try await info(stage, disk)), lives \(full), \(disk.free) bytes free")
      #expect(full.newest > during.newest)
      #expect(full.count > before.count / 3)
      #expect(!recorder.errors.contains("no space"), "\(recorder.errors)")

      try disk.clear()
      try await eventually("the end of it\n\(recorder.errors)") { recorder.errors.contains("room again") }
      try await stage.stop(recorder)
      #expect(recorder.errors.split(separator: "\n").filter { $0.contains("--keep-free") }.count == 1)
      #expect(try await stage.run(["db", "check", "--db", disk.database]).status == 0)
      let causes = Set(try await StoredGap.all(stage, disk.database).map(\.cause))
      #expect(causes.isSubset(of: ["overrun", "ends lost", "trace overrun"]), "\(causes)")
    }

    private func burst(_ puppet: Puppet, _ rounds: Int) async throws {
      try await puppet.order(["do": "burst", "rounds": rounds, "width": 300, "lifetime": 0.15])
    }

    /// Waits until what has ended is stored.
    private func settle(_ stage: Stage, _ disk: SmallDisk, _ recorder: Child) async throws {
      try await eventually("the end of all\n\(recorder.errors)", within: 60) {
        try await stage.sql("SELECT count(*) FROM open_life", disk.database) == [["0"]]
      }
    }

    private func lives(
      _ stage: Stage, _ disk: SmallDisk
    ) async throws -> (oldest: Int, newest: Int, count: Int) {
      let row = try await stage.sql(
        "SELECT coalesce(min(id), 0), coalesce(max(id), 0), count(*) FROM life", disk.database)
      return (Int(row[0][0]) ?? 0, Int(row[0][1]) ?? 0, Int(row[0][2]) ?? 0)
    }

    private func info(_ stage: Stage, _ disk: SmallDisk) async throws -> (size: Int, log: Int) {
      let row = try #require(
        try await stage.succeed(["db", "info", "--json", "--db", disk.database]).json().first)
      return (row.int("size") ?? 0, row.int("wal_size") ?? 0)
    }
  }
}
