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
      let disk = stage.path("disk")
      try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
      _ = try await stage.tool(["mount", "-t", "tmpfs", "-o", "size=2M", "none", disk])
      // Lazily: the recorder may still be on it.
      defer { _ = umount2(disk, 2) }
      let database = disk + "/test.db"
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      let recorder = try stage.connwatch(
        ["record", "--db", database, "--interval", "50ms", "--for", "120s", "--print", "--json"],
        in: puppet.namespace)
      try await eventually("the listener\n\(recorder.errors)") { recorder.output.contains("listening") }

      try fill(disk)
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
      try await puppet.order(["do": "burst", "rounds": 2, "width": 200, "lifetime": 0.2])
      #expect(recorder.status == nil)
      let complaints = recorder.errors.split(separator: "\n").filter { $0.contains("space") }
      #expect(complaints.count == 1, "\(recorder.errors)")
      #expect(complaints.first?.contains(database) == true)
      #expect(complaints.first?.contains("sampling goes on") == true)
      // What is there can be read.
      #expect(try await stage.run(["db", "check", "--db", database]).status == 0)

      try FileManager.default.removeItem(atPath: disk + "/filler")
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
      #expect(try await stage.run(["db", "check", "--db", database]).status == 0)
      let lives = try await stage.succeed(["history", "--json", "-q", "--db", database]).json()
      #expect(lives.count >= 22 + 400, "every connection, and most of the burst")
      #expect(lives.filter { !$0.isNull("closed") }.allSatisfy { ($0.double("duration_s") ?? -1) >= 0 })
      // The time was watched: no gap, however late it was written.
      #expect(try await stage.sql("SELECT count(*) FROM gaps", database) == [["0"]])
    }

    /// Stopped while the disk is full: says what is lost, and exits with 2.
    @Test(.enabled(if: Machine.mounts, "needs the right to mount a tmpfs"))
    func stoppingOnAFullDiskIsAFailure() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let disk = stage.path("disk")
      try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
      _ = try await stage.tool(["mount", "-t", "tmpfs", "-o", "size=2M", "none", disk])
      defer { _ = umount2(disk, 2) }
      let database = disk + "/test.db"
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      let recorder = try stage.connwatch(
        ["record", "--db", database, "--interval", "50ms", "--for", "120s"], in: puppet.namespace)
      try await eventually("a sample\n\(recorder.errors)") {
        try await stage.run(["history", "-l", "-q", "--db", database]).output.contains("8080")
      }
      try fill(disk)
      _ = try await puppet.pair("a", listener)
      try await eventually("the complaint\n\(recorder.errors)") { recorder.errors.contains("space") }
      recorder.send(SIGTERM)
      #expect(try await recorder.end() == 2, "\(recorder.errors)")
      #expect(
        recorder.errors.split(separator: "\n").last?.contains("no space left") == true, "\(recorder.errors)")
      #expect(try await stage.run(["db", "check", "--db", database]).status == 0)
    }

    /// Leaves not one byte.
    private func fill(_ disk: String) throws {
      let file = open(disk + "/filler", O_WRONLY | O_CREAT | O_APPEND, 0o600)
      defer { close(file) }
      for size in [4096, 1] {
        let bytes = [UInt8](repeating: 1, count: size)
        while write(file, bytes, size) == size {}
        guard errno == ENOSPC else {
          throw TestFailure("filling \(disk): \(String(cString: strerror(errno)))")
        }
      }
    }
  }
}
