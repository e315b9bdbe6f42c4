// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// One recorder a database: a second one ends at once, and nothing that a first one left is in its way.
  @Suite(.needsNamespaces)
  struct SecondRecorderTests {
    private static let once = ["record", "--interval", "20ms", "--for", "100ms", "--source", "proc"]

    @Test func aSecondRecorderEndsAtOnceAndNamesTheFirst() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let link = stage.path("link.db")
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "test.db")
      // Through a link that leads nowhere yet.
      let first = try stage.connwatch(["record", "--for", "120s", "--db", link], in: puppet.namespace)
      try await eventually("the first\n\(first.errors)") { first.errors.contains("recording to") }
      for round in 1...Effort.of(short: 2, long: 50) {
        for path in [stage.database, link, stage.directory + "/./test.db"] {
          let start = ContinuousClock.now
          let second = try await stage.run(Self.once + ["--db", path], in: puppet.namespace)
          let took = ContinuousClock.now - start
          #expect(second.status == 2)
          #expect(second.errors.contains("pid \(first.pid) is recording to it already"), "\(second.errors)")
          #expect(second.errors.split(separator: "\n").count == 1, "\(second.errors)")
          // It takes some 50 ms; a busy machine more.
          #expect(took < .seconds(Effort.of(short: 5, long: 5)), "round \(round)")
        }
      }
      // Several that begin at once are no better.
      let crowd = try (1...Effort.of(short: 4, long: 20)).map { _ in
        try stage.connwatch(Self.once, in: puppet.namespace)
      }
      for child in crowd { #expect(try await child.end() == 2) }
      #expect(first.status == nil)
      try await stage.stop(first)
      #expect(try await stage.run(Self.once, in: puppet.namespace).status == 0, "the place is free again")
    }

    /// Of several that begin at once one records.
    @Test func ofManyOneRecords() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      for _ in 1...Effort.of(short: 1, long: 20) {
        let crowd = try (1...5).map { _ in
          try stage.connwatch(["record", "--for", "120s", "--source", "proc"], in: puppet.namespace)
        }
        try await eventually("all but one to end") { crowd.count { $0.status == nil } == 1 }
        let first = try #require(crowd.first { $0.status == nil })
        #expect(crowd.allSatisfy { $0.status == nil || $0.status == 2 })
        for other in crowd where other.status != nil {
          #expect(other.errors.contains("is recording to it already"), "\(other.errors)")
        }
        try await stage.stop(first)
      }
      #expect(try await stage.run(["db", "check"]).status == 0)
    }

    /// What is in the file of a lock that nobody has.
    enum LeftBehind: String, CaseIterable { case killed, othersPID, empty, rubbish, readOnly, huge }

    @Test(arguments: LeftBehind.allCases)
    func aLockThatIsLeftBehindIsNoObstacle(what: LeftBehind) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let lock = stage.database + ".lock"
      switch what {
      case .killed:
        let first = try await stage.record(in: puppet.namespace)
        try await stage.stop(first, SIGKILL)
        #expect(try String(contentsOfFile: lock, encoding: .utf8) == "\(first.pid)\n")
      case .othersPID: try "\(puppet.pid)\n".write(toFile: lock, atomically: false, encoding: .utf8)
      case .empty: try "".write(toFile: lock, atomically: false, encoding: .utf8)
      case .rubbish:
        try Data([0, 0xFF, 0x0A, 0x2D, 0x39]).write(to: URL(filePath: lock))
      case .readOnly:
        try "1\n".write(toFile: lock, atomically: false, encoding: .utf8)
        chmod(lock, 0o400)
      case .huge:
        try String(repeating: "9", count: 100_000).write(toFile: lock, atomically: false, encoding: .utf8)
      }
      let outcome = try await stage.run(Self.once, in: puppet.namespace)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(try await stage.samples() > 0)
      #expect(try await stage.information().isNull("recorder_pid"))
    }

    @Test(arguments: ["directory", "link", "fifo"])
    func whatIsNoLockIsRefusedWithItsName(what: String) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let lock = stage.database + ".lock"
      switch what {
      case "directory": mkdir(lock, 0o755)
      case "link": symlink("/etc/passwd", lock)
      default: mkfifo(lock, 0o600)
      }
      let outcome = try await stage.run(Self.once)
      #expect(outcome.status == 2)
      #expect(outcome.errors.hasPrefix("connwatch: \(lock): "), "\(outcome.errors)")
      #expect(!outcome.errors.contains("needs to write in its directory"), "\(outcome.errors)")
      #expect(access(stage.database, F_OK) != 0, "nothing is made then")
    }
  }
}
