// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// A database that is moved, cut or overwritten under a recorder, which goes on in another file and misses nothing.
  @Suite(.needsNamespaces, .needs("sqlite3"))
  struct DamageTests {
    /// All lives that are there, in a file that somebody may be about to replace; nil where it cannot be read.
    static func lives(_ stage: Stage, _ path: String, _ which: String) async throws -> [String]? {
      let child = try stage.start([
        "sqlite3", "-readonly", "-cmd", ".timeout 5000", path,
        """
        SELECT id || ' ' || local_addr || ':' || local_port FROM (
          SELECT id, local_addr, local_port, closed_us FROM connections UNION ALL
          SELECT id, local_addr, local_port, closed_us FROM listening) WHERE \(which) ORDER BY id
        """,
      ])
      return try await child.end() == 0 ? child.lines.map(String.init) : nil
    }

    /// Gaps that tell of a file.
    static func gaps(_ stage: Stage, _ path: String) async throws -> [[String]] {
      guard access(path, F_OK) == 0 else { return [] }
      let child = try stage.start([
        "sqlite3", "-readonly", "-cmd", ".timeout 5000", path,
        "SELECT cause, coalesce(detail, '') FROM gaps WHERE cause LIKE 'database%'",
      ])
      guard try await child.end() == 0 else { return [] }
      return child.lines.map { $0.split(separator: "|", maxSplits: 1).map(String.init) }
    }

    @Test(arguments: Damage.allCases)
    func theRecorderGoesOn(_ damage: Damage) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let folder = stage.path("state")
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let (path, older, other) = (folder + "/test.db", stage.path("older.db"), stage.path("other.db"))
      let proc = try stage.capturedProc()
      _ = try await stage.succeed([
        "record", "--db", other, "--proc", proc, "--interval", "20ms", "--for", "60ms",
      ])
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      // A file of many pages, none of them in the log.
      let words = ["record", "--db", path, "--interval", "50ms", "--for", "120s"]
      let first = try stage.connwatch(words, in: puppet.namespace)
      try await puppet.order(["do": "burst", "rounds": 2, "width": 200, "lifetime": 0.2])
      try await eventually("800 lives\n\(first.errors)") {
        try await Self.lives(stage, path, "closed_us IS NOT NULL")?.count ?? 0 >= 700
      }
      _ = try await puppet.pair("before", listener)
      try await stage.stop(first)
      let recorder = try stage.connwatch(words, in: puppet.namespace)
      try await eventually("a sample\n\(recorder.errors)") {
        try await Self.lives(stage, path, "local_port = 8080")?.count == 2
      }
      _ = try await stage.succeed(["db", "backup", older, "--db", path])
      _ = try await puppet.pair("open", listener)
      try await eventually("what is open") {
        try await Self.lives(stage, path, "local_port = 8080 AND closed_us IS NULL")?.count == 3
      }
      let open = try #require(try await Self.lives(stage, path, "closed_us IS NULL"))
      #expect(open.count == 5)

      try damage.inflict(on: path, older: older, other: other)
      let after = try await puppet.pair("after", listener)
      try await puppet.close("after", reset: true)
      try await puppet.close("afters", reset: true)
      try await eventually("another file\n\(recorder.errors)") {
        let closed = try await Self.lives(stage, path, "local_port = \(after.port) AND closed_us IS NOT NULL")
        let gaps = try await Self.gaps(stage, path)
        return closed?.count ?? 0 >= 1 && !gaps.isEmpty
      }
      try await eventually("all that is open\n\(recorder.errors)") {
        let now = try await Self.lives(stage, path, "closed_us IS NULL") ?? []
        return damage == .anotherHistory ? now.count == open.count : now == open
      }
      #expect(recorder.status == nil)
      let gaps = try await Self.gaps(stage, path)
      #expect(gaps.map(\.first) == [damage.cause], "\(gaps)")
      let told = recorder.errors.split(separator: "\n").filter { $0.contains(" goes on") }
      #expect(told.count == 1, "\(recorder.errors)")
      #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o640)
      try await checkOldFile(stage, folder, damage, gaps)
      try await stage.stop(recorder)
      let check = try await stage.run(["db", "check", "--db", path])
      #expect(check.status == 0, "\(check.output)\(check.errors)")
      try await restartIsSilent(stage, puppet, words, path, open, damage)
    }

    /// What was damaged is kept, and SQLite can open it under its new name.
    private func checkOldFile(_ stage: Stage, _ folder: String, _ damage: Damage, _ gaps: [[String]])
      async throws
    {
      let kept = try FileManager.default.contentsOfDirectory(atPath: folder).filter {
        $0.contains(".corrupt-")
      }
      guard damage.isPutAside else {
        #expect(kept.isEmpty)
        if damage == .movedAway {
          #expect(try await stage.run(["db", "check", "--db", folder + "/test.db.moved"]).status == 0)
        }
        return
      }
      let mains = kept.filter { !$0.hasSuffix("-wal") && !$0.hasSuffix("-shm") }
      #expect(mains.count == 1 && mains.allSatisfy { $0.hasPrefix("test.db.corrupt-2") }, "\(kept)")
      // Whoever looks at an empty database by SQLite removes the log beside it.
      #expect(damage == .emptied || kept.contains { $0 == mains.first.map { $0 + "-wal" } }, "\(kept)")
      #expect(gaps.first?.last?.contains(folder + "/" + (mains.first ?? "?")) == true, "\(gaps)")
    }

    /// The next recorder goes on as after any other.
    private func restartIsSilent(
      _ stage: Stage, _ puppet: Puppet, _ words: [String], _ path: String, _ open: [String], _ damage: Damage
    ) async throws {
      let before = try await stage.samples(path)
      let recorder = try stage.connwatch(words, in: puppet.namespace)
      try await eventually("more samples\n\(recorder.errors)") { try await stage.samples(path) > before + 2 }
      try await stage.stop(recorder)
      #expect(!recorder.errors.contains("goes on"), "\(recorder.errors)")
      let still = try await Self.lives(stage, path, "closed_us IS NULL")
      #expect(damage == .anotherHistory ? still?.count == open.count : still == open)
      #expect(try await stage.run(["db", "check", "--db", path]).status == 0)
    }
  }
}
