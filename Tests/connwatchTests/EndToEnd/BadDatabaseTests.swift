// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// Databases that cannot be used: each is refused with its reason, none is changed, none ends the program badly.
  @Suite(.needs("sqlite3"))
  struct BadDatabaseTests {
    private static let readers = [
      ["history"], ["events"], ["services"], ["list", "--at", "-1s"], ["db", "info"], ["db", "check"],
      ["events", "-f"], ["db", "prune", "--keep", "1d"], ["listeners"], ["list"],
    ]

    /// Runs every reader and the recorder on a file, which must refuse it and leave it alone.
    private func expectRefusals(_ stage: Stage, _ path: String, _ says: String...) async throws {
      let bytes = FileManager.default.contents(atPath: path)
      let mode = try? FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
      for words in Self.readers + [["record", "--for", "1s"]] {
        expectRefusal(try await stage.run(words + ["--db", path]), [path] + says)
      }
      #expect(FileManager.default.contents(atPath: path) == bytes)
      #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == mode)
    }

    @Test func aMissingDatabaseIsNamed() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let missing = stage.path("none.db")
      for words in Self.readers {
        expectRefusal(
          try await stage.run(words + ["--db", missing]), [missing, "no such database", "record"])
      }
      #expect(!FileManager.default.fileExists(atPath: missing))
      // Named by the environment, or by nobody.
      expectRefusal(try await stage.run(["history"]), [stage.database, "no such database"])
      let nobody = try await stage.run(["history"], environment: ["CONNWATCH_DB": nil])
      if !FileManager.default.fileExists(atPath: "/var/lib/connwatch/connwatch.db") {
        expectRefusal(nobody, ["no history yet", "record"])
      }
      #expect(try await stage.run(["list"]).status == 0, "the present needs no history")
      #expect(try await stage.run(["listeners"]).status == 0)
    }

    @Test func filesThatAreNoDatabaseAreLeftAlone() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let text = stage.path("text.db")
      try String(repeating: "Not a database at all.\n", count: 500)
        .write(toFile: text, atomically: true, encoding: .utf8)
      try await expectRefusals(stage, text, "not a connwatch database")
      let short = stage.path("short.db")
      try "hello\n".write(toFile: short, atomically: true, encoding: .utf8)
      try await expectRefusals(stage, short, "not a connwatch database")
      let directory = stage.path("directory")
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      for words in Self.readers + [["record", "--for", "1s"]] {
        expectRefusal(try await stage.run(words + ["--db", directory]), [directory, "directory"])
      }
    }

    @Test func databasesOfOthersAreLeftAlone() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let other = stage.path("other.db")
      _ = try await stage.sql("CREATE TABLE cookies(name)", other)
      try await expectRefusals(stage, other, "not one of connwatch")
    }

    @Test func aNewerDatabaseIsNotTouched() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let proc = try stage.capturedProc()
      #expect(
        try await stage.run(["record", "--proc", proc, "--interval", "20ms", "--for", "60ms"]).status == 0)
      _ = try await stage.sql("PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)")
      try await expectRefusals(stage, stage.database, "made by a newer connwatch", "99")
    }

    @Test(.needsNamespaces)
    func damageIsFoundAndNamed() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let recorder = try await stage.record(in: puppet.namespace, interval: "50ms")
      try await puppet.order(["do": "burst", "rounds": 3, "width": 400, "lifetime": 0.3])
      try await eventually("2,400 lives") {
        try await stage.sql("SELECT count(*) >= 2000 FROM connections WHERE closed_us IS NOT NULL") == [["1"]]
      }
      try await stage.stop(recorder)
      #expect(try await stage.run(["db", "check"]).status == 0)
      let whole = try #require(FileManager.default.contents(atPath: stage.database))
      let pages = whole.count / 4096
      #expect(pages > 40)

      // A page in the middle, as a bad sector leaves it.
      var damaged = whole
      damaged.replaceSubrange(
        pages / 2 * 4096..<(pages / 2 + 1) * 4096, with: Data(repeating: 0xA5, count: 4096))
      try replace(stage, damaged)
      let check = try await stage.run(["db", "check"])
      #expect(check.status == 2)
      #expect(check.errors.hasPrefix("connwatch: \(stage.database): "))
      #expect(check.errors.contains("damaged"))
      try await expectNoCrash(stage, puppet, "a page of rubbish")

      // Its beginning.
      damaged = whole
      damaged.replaceSubrange(0..<100, with: Data(repeating: 0, count: 100))
      try replace(stage, damaged)
      for words in Self.readers {
        expectRefusal(try await stage.run(words + ["--db", stage.database]), [stage.database])
      }
      // Whoever records puts it aside and begins another.
      let anew = try await stage.run(
        ["record", "--interval", "20ms", "--for", "100ms"], in: puppet.namespace)
      #expect(anew.status == 0 && anew.errors.contains(stage.database + ".corrupt-"), "\(anew.errors)")
      #expect(try await stage.sql("SELECT cause FROM gaps") == [["database damaged"]])
      // Cut short; and then bytes anywhere.
      try replace(stage, whole.prefix(whole.count / 2))
      try await expectNoCrash(stage, puppet, "half a file")
      for seed in 0..<6 {
        damaged = whole
        var place = 7919 &* (seed + 1)
        for _ in 0..<200 {
          place = (place &* 1_103_515_245 &+ 12345) & 0x7FFF_FFFF
          damaged[100 + place % (whole.count - 100)] = UInt8(truncatingIfNeeded: place >> 8)
        }
        try replace(stage, damaged)
        try await expectNoCrash(stage, puppet, "200 wrong bytes, \(seed)")
      }
    }

    /// A file that SQLite finds sound can still say what cannot be.
    @Test(.needsNamespaces)
    func impossibleNumbersEndNothing() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      let recorder = try await stage.record(in: puppet.namespace, interval: "50ms")
      for name in ["a", "b", "c"] { _ = try await puppet.pair(name, listener) }
      try await eventually("six lives") { try await stage.sql("SELECT count(*) FROM connections") == [["6"]] }
      try await puppet.close("a", reset: true)
      try await puppet.close("as", reset: true)
      try await eventually("the end of two") {
        try await stage.sql("SELECT count(*) FROM connections WHERE closed_us IS NOT NULL") == [["2"]]
      }
      try await stage.stop(recorder)
      let whole = try #require(FileManager.default.contents(atPath: stage.database))
      let big = "9223372036854775807"
      for change in [
        "UPDATE life SET opened = \(big), duration = \(big), seen = \(big)",
        "UPDATE life SET opened = -\(big), duration = -\(big), seen = -\(big)",
        "UPDATE life SET lport = \(big), rport = -1, flags = \(big), pid = \(big), uncertainty = -\(big)",
        "UPDATE open_life SET opened = \(big), seen = \(big), opened_boot = -\(big), inode = -1, flags = -1",
        "UPDATE open_life SET opened = -\(big), opened_boot = \(big), duration = \(big), lport = -\(big)",
        "UPDATE sample SET first = -\(big), last = \(big), samples = \(big), next_life = \(big), boot = -\(big)",
        "UPDATE sample SET boot = \(big), last = -\(big)", "UPDATE path SET states = '[]' || id",
        "UPDATE path SET states = 'rubbish' || id, last = ''",
        "UPDATE path SET states = '[\"NONSENSE\",\"X' || id || '\"]'",
        "UPDATE address SET bytes = CAST(id AS BLOB), text = ''",
        "UPDATE run SET interval = 0, boot_id = ''",
        "UPDATE run SET interval = \(big)", "DELETE FROM address", "DELETE FROM sample", "DELETE FROM run",
        "INSERT INTO gap VALUES(NULL, -\(big), \(big), 'x', \(big), NULL)",
        "INSERT INTO gap VALUES(NULL, \(big), -\(big), 'recorder stopped', -1, '')",
        "UPDATE open_life SET offsets = '99999999999999999999999999,-,,x'",
        "UPDATE program SET uid = \(big), name = '', exe = char(27) || '[2J'", "DROP VIEW connections",
      ] {
        try replace(stage, whole)
        _ = try await stage.sql(change)
        try await expectNoCrash(stage, puppet, change)
      }
    }

    private func replace(_ stage: Stage, _ bytes: Data) throws {
      for suffix in ["-wal", "-shm", "-journal"] {
        try? FileManager.default.removeItem(atPath: stage.database + suffix)
      }
      try bytes.write(to: URL(filePath: stage.database))
    }

    /// Every reader ends by itself with 0 or 2, and the recorder too.
    private func expectNoCrash(_ stage: Stage, _ puppet: Puppet, _ what: String) async throws {
      for words in [
        ["history", "--json", "-a"], ["events"], ["services", "direction", "in"], ["list", "--at", "-1s"],
        ["list"],
        ["db", "check"], ["record", "--interval", "20ms", "--for", "50ms"],
      ] {
        let outcome = try await stage.run(words, in: puppet.namespace)
        #expect(
          outcome.status == 0 || outcome.status == 2, "\(what): \(words): \(outcome.errors.suffix(2000))")
        #expect(!outcome.output.contains("\u{1B}") && !outcome.errors.contains("\u{1B}"), "\(what): \(words)")
      }
    }

    @Test func aSecondRecorderNamesTheFirst() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let proc = try stage.capturedProc()
      let first = try stage.connwatch([
        "record", "--interval", "50ms", "--for", "60s", "--proc", proc,
      ])
      try await eventually("a recorder") { try await stage.samples() > 0 }
      let second = try await stage.run(["record", "--interval", "50ms", "--for", "1s"])
      expectRefusal(second, [stage.database, "pid \(first.pid)", "recording to it already"])
      let prune = try await stage.run(["db", "prune", "--keep", "1d"])
      expectRefusal(prune, ["pid \(first.pid)"])
      let info = try #require(try await stage.succeed(["db", "info", "--json"]).json().first)
      #expect(info.bool("recording") == true)
      #expect(info.int("recorder_pid") == Int(first.pid))
      #expect(first.status == nil, "the first goes on")
      try await stage.stop(first)
      #expect(
        try await stage.run(["record", "--proc", proc, "--interval", "50ms", "--for", "100ms"]).status == 0)
    }
  }
}
