// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// A history is nobody else's business: who may read what is written, under any umask, and where others may write too.
  @Suite struct FilePermissionTests {
    /// A table of two sockets that can be imported.
    static let table = """
      Active Internet connections (servers and established)
      tcp        0      0 0.0.0.0:22     0.0.0.0:*      LISTEN      1/sshd
      tcp        0      0 10.0.0.1:22    10.0.0.2:4000  ESTABLISHED 1/sshd

      """

    private func mode(_ path: String) -> Int? {
      var status = stat()
      return lstat(path, &status) == 0 ? Int(status.st_mode & 0o7777) : nil
    }

    private func run(
      umask: String, _ words: [String], _ stage: Stage, environment: [String: String?] = [:]
    ) async throws -> Stage.Outcome {
      let program = try #require(Machine.connwatch)
      let child = try stage.start(
        ["sh", "-c", "umask \(umask); exec \"$@\"", "sh", program] + words, environment: environment)
      let status = try await child.end()
      return Stage.Outcome(status: status, output: child.output, errors: child.errors)
    }

    @Test(arguments: ["000", "022", "077"])
    func nobodyElseReadsWhateverTheUmask(umask: String) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let table = stage.path("netstat.txt")
      try Self.table.write(toFile: table, atomically: true, encoding: .utf8)
      // Directories above it that are not there yet, as /var/lib/connwatch is not.
      let database = stage.path("var/lib/connwatch/history.db")
      let recorder = try stage.start(
        [
          "sh", "-c", "umask \(umask); exec \"$@\"", "sh", try #require(Machine.connwatch), "record", "--db",
          database, "--proc", try stage.capturedProc(), "--source", "proc", "--interval", "100ms", "--for",
          "120s",
        ])
      // Whenever one of its files is there it is closed to others: nothing is opened first and closed later.
      try await eventually("samples\n\(recorder.errors)") {
        for suffix in ["", "-wal", "-shm", "-journal", ".lock"] {
          if let mode = mode(database + suffix) {
            #expect(mode & 0o137 == 0, "\(suffix): \(String(mode, radix: 8))")
          }
        }
        return try await stage.samples(database) > 0
      }
      for suffix in ["", "-wal", "-shm", ".lock"] { #expect(mode(database + suffix) == 0o640, "\(suffix)") }
      for folder in ["var", "var/lib", "var/lib/connwatch"] { #expect(mode(stage.path(folder)) == 0o750) }
      let copy = stage.path("copy.db")
      #expect(try await run(umask: umask, ["db", "backup", copy, "--db", database], stage).status == 0)
      #expect(mode(copy) == 0o640)
      try await stage.stop(recorder)

      let imported = stage.path("evidence/imported.db")
      let importing = ["import", table, "--at", "-1h", "--host", "h", "--db", imported]
      #expect(try await run(umask: umask, importing, stage).status == 0)
      #expect(mode(imported) == 0o640 && mode(stage.path("evidence")) == 0o750)
      let rules = stage.path("etc/expected")
      let accepting = ["listeners", "accept", "--all", "--file", rules, "--proc", stage.path("proc")]
      let accepted = try await run(umask: umask, accepting, stage)
      #expect(accepted.status == 0, "\(accepted.errors)")
      #expect(mode(rules) == 0o640 && mode(stage.path("etc")) == 0o750)
    }

    @Test func aDirectoryThatIsThereStaysAsItIs() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let table = stage.path("netstat.txt")
      try Self.table.write(toFile: table, atomically: true, encoding: .utf8)
      let folder = stage.path("open")
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      chmod(folder, 0o1777)
      let words = ["import", table, "--at", "-1h", "--host", "h", "--db", folder + "/x.db"]
      #expect(try await run(umask: "000", words, stage).status == 0)
      #expect(mode(folder) == 0o1777 && mode(folder + "/x.db") == 0o640)
    }

    @Test func ownLinksAreFollowed() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let table = stage.path("netstat.txt")
      try Self.table.write(toFile: table, atomically: true, encoding: .utf8)
      let folder = stage.path("real")
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      // A link to a link, the second one relative; nothing is at their end yet.
      symlink("second.db", stage.path("first.db"))
      symlink("real/x.db", stage.path("second.db"))
      let words = ["import", table, "--at", "-1h", "--host", "h", "--db", stage.path("first.db")]
      _ = try await stage.succeed(words)
      #expect(mode(folder + "/x.db") == 0o640)
      let rows = try await stage.succeed([
        "history", "-a", "--host", "h", "--json", "-q", "--db", stage.path("first.db"),
      ])
      #expect(rows.lines.count == 2)
    }

    /// As in /tmp: somebody else puts a link there, and root comes along.
    @Test(.enabled(if: Machine.isRoot, "needs root, to make a link of somebody else"))
    func somebodyElsesLinkIsRefused() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let table = stage.path("netstat.txt")
      try Self.table.write(toFile: table, atomically: true, encoding: .utf8)
      let folder = stage.path("sticky")
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      chmod(folder, 0o1777)
      let proc = try stage.capturedProc()
      _ = try await stage.succeed([
        "import", table, "--at", "-1h", "--host", "h", "--db", stage.path("good.db"),
      ])
      let treasure = stage.path("treasure")
      for target in [treasure, stage.path("nothing"), stage.path("good.db")] {
        let link = folder + "/x.db"
        try? FileManager.default.removeItem(atPath: treasure)
        try "precious".write(toFile: treasure, atomically: true, encoding: .utf8)
        let before = try Data(contentsOf: URL(filePath: stage.path("good.db")))
        symlink(target, link)
        lchown(link, 65534, 65534)
        let commands = [
          ["record", "--for", "1s", "--source", "proc", "--proc", proc, "--db", link],
          ["import", table, "--at", "-2h", "--host", "h", "--db", link],
          ["history", "--db", link], ["db", "info", "--db", link],
          ["db", "prune", "--keep", "1s", "--db", link],
          ["listeners", "accept", "--all", "--file", link, "--proc", proc],
        ]
        for words in commands where target != stage.path("nothing") || !["history", "db"].contains(words[0]) {
          let outcome = try await stage.run(words)
          #expect(outcome.status == 2, "\(words)")
          let says = outcome.errors.contains(link) && outcome.errors.contains("a link to \(target)")
          #expect(says, "\(words): \(outcome.errors)")
        }
        let named = try await stage.run(["db", "info"], environment: ["CONNWATCH_DB": link])
        #expect(named.status == 2)
        // What is copied to a path never goes through what is there.
        let backup = try await stage.run(["db", "backup", link, "--db", stage.path("good.db")])
        #expect(backup.status == 2)
        #expect(try String(contentsOfFile: treasure, encoding: .utf8) == "precious")
        #expect(access(stage.path("nothing"), F_OK) != 0)
        #expect(try Data(contentsOf: URL(filePath: stage.path("good.db"))) == before)
        #expect(access(folder + "/x.db.lock", F_OK) != 0 && access(treasure + ".lock", F_OK) != 0)
        unlink(link)
      }
      // And beside a database that is none: its log, its index, its journal, the lock.
      for suffix in ["-wal", "-shm", "-journal", ".lock"] {
        let database = folder + "/y.db"
        symlink(treasure, database + suffix)
        lchown(database + suffix, 65534, 65534)
        let outcome = try await stage.run([
          "record", "--for", "1s", "--source", "proc", "--proc", proc, "--db", database,
        ])
        #expect(outcome.status == 2)
        #expect(
          outcome.errors.contains("y.db\(suffix): a link to \(treasure)"), "\(suffix): \(outcome.errors)")
        #expect(try String(contentsOfFile: treasure, encoding: .utf8) == "precious")
        for file in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
          unlink(folder + "/" + file)
        }
      }
      // Another name of a file is no lock: it would be emptied.
      link(treasure, folder + "/z.db.lock")
      let locked = try await stage.run([
        "record", "--for", "1s", "--source", "proc", "--proc", proc, "--db", folder + "/z.db",
      ])
      #expect(
        locked.status == 2 && locked.errors.contains("z.db.lock: not a file of its own"), "\(locked.errors)")
      #expect(try String(contentsOfFile: treasure, encoding: .utf8) == "precious")
    }

    /// FIFOs and devices in place of files: said at once, waited for by nobody.
    @Test func whatIsNoFileIsNotWaitedFor() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let proc = try stage.capturedProc()
      let fifo = stage.path("fifo")
      mkfifo(fifo, 0o600)
      for (path, kind) in [(fifo, "a FIFO"), ("/dev/zero", "a device")] {
        let commands = [
          ["record", "--for", "1s", "--source", "proc", "--proc", proc, "--db", path],
          ["history", "--db", path],
          ["listeners", "--proc", proc, "--expected", path],
          ["record", "--for", "1s", "--source", "proc", "--proc", proc, "--expected", path],
          ["import", path, "--at", "-1h", "--host", "h"],
        ]
        for words in commands {
          let outcome = try await stage.run(words)
          #expect(outcome.status == 2, "\(words): \(outcome.errors)")
          #expect(outcome.errors.contains("\(path): \(kind)"), "\(words): \(outcome.errors)")
        }
      }
      #expect(access(stage.database, F_OK) != 0)
      // A shell's <(…) is a FIFO too, and somebody writes to it, if only after a while.
      let table = stage.path("netstat.txt")
      try Self.table.write(toFile: table, atomically: true, encoding: .utf8)
      let program = try #require(Machine.connwatch)
      let shell = "(sleep 0.3; cat '\(table)') > '\(fifo)' & exec \"$0\" import '\(fifo)' --at -1h --host h"
      let piped = try stage.start(["sh", "-c", shell, program])
      #expect(try await piped.end() == 0, "\(piped.errors)")
      #expect(piped.errors.contains("2 rows of h: 2 new"), "\(piped.errors)")
    }
  }
}
