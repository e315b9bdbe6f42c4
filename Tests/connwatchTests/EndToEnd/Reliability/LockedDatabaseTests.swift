// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// A database that others lock, read for long, or that cannot be written.
  @Suite(.needsNamespaces, .needs("sqlite3"))
  struct LockedDatabaseTests {
    /// SQLite's own program, told to take a lock and to keep it. Its own output would be held back, that of echo is not.
    private func lock(_ stage: Stage, _ kind: String) async throws -> Child {
      let child = try stage.start(["sqlite3", "-bail", stage.database], listens: true)
      for line in [".timeout 5000", "BEGIN \(kind);", ".system echo locked"] { try child.tell(line) }
      try await eventually("the lock\n\(child.errors)") { child.output.contains("locked") }
      return child
    }

    @Test(arguments: ["IMMEDIATE", "EXCLUSIVE"])
    func whatWaitsForALockIsWrittenAfterIt(_ kind: String) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      let recorder = try await stage.record(["--print", "--json"], in: puppet.namespace)
      let locker = try await lock(stage, kind)
      let held = ContinuousClock.now
      var ports: [Int] = []
      try await eventually("the complaint\n\(recorder.errors)") { recorder.errors.contains("locked") }
      var number = 0
      while ContinuousClock.now - held < .seconds(Effort.of(short: 4, long: 60)) {
        number += 1
        let socket = try await puppet.pair("a\(number)", listener)
        ports.append(socket.port)
        // Sampling does not wait.
        try await eventually("an opening while it is locked\n\(recorder.errors)") {
          recorder.output.contains(":\(socket.port),")
        }
        try await Task.sleep(for: .milliseconds(200))
        // Readers see what was stored before.
        let history = try await stage.run(["history", "--json", "-q"])
        #expect(history.status == 0, "\(history.errors)")
        #expect(!(try history.json().contains { $0.int("local_port") == socket.port }))
      }
      try locker.tell("COMMIT;")
      try await eventually("what waited\n\(recorder.errors)") {
        let rows = try await stage.succeed(["history", "--json", "-q"]).json()
        return Set(rows.compactMap { $0.int("local_port") }).isSuperset(of: ports)
      }
      try await stage.stop(recorder)
      let gaps = try await StoredGap.all(stage)
      let gap = try #require(gaps.first { $0.cause == "database locked" }, "\(gaps)")
      let seconds = Double(gap.until - gap.since) / 1e6
      print("\(kind): locked, \(gap.samples) samples of \(seconds) s waited")
      #expect(gap.detail.contains("nothing lost"))
      // Ten a second are due; a busy machine takes fewer.
      #expect(seconds > 1 && Double(gap.samples) > seconds * 2, "\(gap)")
      #expect(recorder.errors.split(separator: "\n").filter { $0.contains("locked by") }.count == 1)
      #expect(try await stage.run(["db", "check"]).status == 0)
    }

    @Test func startingOnALockedDatabaseIsRefused() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let proc = try stage.capturedProc()
      let words = ["record", "--proc", proc, "--interval", "20ms", "--for", "60ms"]
      #expect(try await stage.run(words).status == 0)
      let locker = try await lock(stage, "EXCLUSIVE")
      let refused = try await stage.run(words)
      #expect(
        refused.status == 2 && refused.errors.contains("locked by another process"), "\(refused.errors)")
      try locker.tell("COMMIT;")
      try locker.tell(".quit")
      _ = try await locker.end()
      #expect(try await stage.run(words).status == 0)
    }

    /// A limit on the sizes of files, which ends a program that does not expect it.
    @Test(.needs("prlimit"))
    func whatCannotBeWrittenForAnotherReasonWaitsToo() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      let recorder = try await stage.record(["--keep-free", "0"], in: puppet.namespace)
      // The soft limit alone: not everybody may raise the other again.
      _ = try await stage.tool(["prlimit", "--pid", "\(recorder.pid)", "--fsize=1024:"])
      var ports: [Int] = []
      for number in 1...10 {
        ports.append(try await puppet.pair("a\(number)", listener).port)
        try await Task.sleep(for: .milliseconds(150))
      }
      try await eventually("the complaint\n\(recorder.errors)") {
        recorder.errors.contains("sampling goes on")
      }
      #expect(recorder.status == nil)
      _ = try await stage.tool(["prlimit", "--pid", "\(recorder.pid)", "--fsize=unlimited:"])
      try await eventually("what waited\n\(recorder.errors)") {
        let rows = try await stage.succeed(["history", "--json", "-q"]).json()
        return Set(rows.compactMap { $0.int("local_port") }).isSuperset(of: ports)
      }
      try await stage.stop(recorder)
      let gaps = try await StoredGap.all(stage)
      #expect(gaps.contains { $0.cause == "database unwritable" && $0.samples >= 2 }, "\(gaps)")
    }

    @Test(.enabled(if: Machine.mounts, "needs the right to mount"))
    func aDirectoryThatCanOnlyBeReadIsNamed() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let proc = try stage.capturedProc()
      let place = stage.path("readonly")
      try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
      let database = place + "/test.db"
      let words = ["--proc", proc, "--interval", "20ms", "--for", "60ms", "--db"]
      #expect(try await stage.run(["record"] + words + [database]).status == 0)
      let connwatch = try #require(Machine.connwatch)
      let mount = "mount --bind '\(place)' '\(place)' && mount -o remount,ro,bind '\(place)' && exec \"$@\""
      for path in [database, place + "/none.db"] {
        let child = try stage.start(
          ["unshare", "--mount", "sh", "-c", mount, "sh", connwatch, "record"] + words + [path])
        #expect(try await child.end() == 2, "\(child.errors)")
        #expect(
          child.errors.contains(path) && child.errors.contains("Read-only file system"), "\(child.errors)")
        #expect(child.errors.contains("("), "a hint: \(child.errors)")
      }
      let reader = try stage.start(
        ["unshare", "--mount", "sh", "-c", mount, "sh", connwatch, "history", "-a", "--db", database])
      #expect(try await reader.end() == 0, "\(reader.errors)")
    }
  }
}
