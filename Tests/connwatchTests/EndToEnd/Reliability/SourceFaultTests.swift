// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ConnStore

extension EndToEnd {
  /// /proc that cannot be read, or not whole, or not in time: a gap with its cause, no false close, and recording goes on
  /// by itself.
  @Suite(.needsFaults)
  struct SourceFaultTests {
    private static let rounds = Effort.of(short: 1, long: 10)

    /// A fault that makes a table unreadable, and the words that tell of it.
    struct Unreadable: CustomTestStringConvertible, Sendable {
      var testDescription: String
      var rule: @Sendable () -> Faults.Rule
      var words: String
    }

    static let unreadable = [
      Unreadable(
        testDescription: "EACCES", rule: { .open("/proc/net/tcp", EACCES) }, words: "Permission denied"),
      Unreadable(
        testDescription: "ENOENT", rule: { .open("/proc/net/tcp", ENOENT) },
        words: "No such file or directory"),
      Unreadable(
        testDescription: "EIO at once", rule: { .read("/proc/net/tcp", EIO) }, words: "Input/output error"),
      Unreadable(
        testDescription: "EIO in the middle of the table", rule: { .read("/proc/net/tcp", EIO, after: 400) },
        words: "Input/output error"),
      Unreadable(testDescription: "0 bytes", rule: { .read("/proc/net/tcp", 0) }, words: "/proc/net/tcp: "),
      Unreadable(
        testDescription: "no header", rule: { .skip("/proc/net/tcp", bytes: 150) }, words: "/proc/net/tcp: "),
      Unreadable(
        testDescription: "EPERM for udp", rule: { .open("/proc/net/udp", EPERM) },
        words: "/proc/net/udp: "),
    ]

    @Test(arguments: unreadable)
    func aTableThatCannotBeReadIsAGap(fault: Unreadable) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let scene = try await FaultScene(stage, source: "proc")
      for round in 1...Self.rounds {
        let closing = try await scene.open()
        scene.faults.set(fault.rule())
        try await eventually("the remark\n\(scene.recorder.errors)") {
          scene.said("sampling goes on, the time until it can be read is a gap") == round
        }
        try await scene.reset(closing)
        try await Task.sleep(for: .milliseconds(400))
        #expect(try await scene.lives(of: closing.socket).allSatisfy { $0.isNull("closed") }, "nobody knows")
        scene.faults.set()
        let gap = try await scene.gap("/proc unreadable", beyond: round - 1)
        #expect(gap.detail.contains(fault.words), "\(gap)")
        #expect(gap.until - gap.since >= 400_000, "\(gap)")
        #expect(scene.said(fault.words) == round, "\(scene.recorder.errors)")
        try await eventually("the end of what ended meanwhile") {
          try await scene.lives(of: closing.socket).allSatisfy { !$0.isNull("closed") }
        }
        try await scene.close(try await scene.open())
        try await scene.expectSound()
      }
      try await scene.end()
    }

    /// A table that is cut short closes nothing: not what stood behind the cut either.
    @Test func aTornTableClosesNothing() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let scene = try await FaultScene(stage, source: "proc")
      let through = try await scene.open()
      scene.faults.set(.read("/proc/net/tcp", 0, after: 150 + 150 + 70))
      try await eventually("torn tables to be counted") {
        try await stage.sql("SELECT coalesce(sum(incomplete), 0) > 3 FROM samples") == [["1"]]
      }
      #expect(try await scene.lives(of: through.socket).allSatisfy { $0.isNull("closed") })
      try await scene.expectSound()
      scene.faults.set()
      try await scene.close(through)
      try await scene.expectNoGaps()
      try await scene.end()
    }

    @Test func aSlowProcIsAnOverrun() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let scene = try await FaultScene(stage, source: "proc")
      let through = try await scene.open()
      scene.faults.set(.slow("/proc/net/*", milliseconds: 250))
      let gap = try await scene.gap("overrun")
      #expect(gap.detail.hasPrefix("a sample took "), "\(gap)")
      #expect(gap.until - gap.since > 600_000, "\(gap)")
      scene.faults.set()
      try await scene.close(through)
      try await scene.end()
    }

    /// Without a descriptor left for a table the one of the last sample is read again.
    @Test(arguments: [EMFILE, ENFILE], ["proc", "auto"])
    func withoutDescriptorsTheTablesAreReadAllTheSame(code: Int32, source: String) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let scene = try await FaultScene(stage, source: source)
      let through = try await scene.open()
      scene.faults.set(.open("*", code))
      let after = try await scene.open()
      try await scene.close(after)
      try await scene.close(through)
      scene.faults.set()
      try await scene.sample()
      try await scene.expectNoGaps()
      try await scene.end()
    }

    /// The same by the limit of the process itself, from the start and while it runs.
    @Test(.needs("prlimit"), arguments: ["proc", "auto"])
    func aLimitOfDescriptorsIsNoEnd(source: String) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let scene = try await FaultScene(stage, source: source)
      let through = try await scene.open()
      let used = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(scene.recorder.pid)/fd").count
      _ = try await stage.tool(["prlimit", "--nofile=\(used):", "--pid", "\(scene.recorder.pid)"])
      let after = try await scene.open()
      try await scene.close(through)
      _ = try await stage.tool(["prlimit", "--nofile=1024:", "--pid", "\(scene.recorder.pid)"])
      try await scene.close(after)
      try await scene.end()
    }

    /// Disks are other tests' business; one that fails for a moment keeps nothing from being recorded.
    @Test(arguments: [ENOSPC, EIO])
    func aDiskThatFailsForAMomentLosesNothing(code: Int32) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let scene = try await FaultScene(stage, source: "proc")
      scene.faults.set(.write(stage.database + "*", code))
      let socket = try await scene.puppet.pair("meanwhile", scene.listener)
      try await eventually("the complaint\n\(scene.recorder.errors)") {
        scene.said("sampling goes on, and what waits is written as soon as it can be") == 1
      }
      try await Task.sleep(for: .milliseconds(300))
      scene.faults.set()
      try await eventually("what waited\n\(scene.recorder.errors)") {
        try await scene.lives(of: socket).count == 2
      }
      try await scene.end()
    }

    /// What is not known to be on the disk stays in the log, through the end of a recorder too.
    @Test func aDiskThatDoesNotSyncLosesNothing() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let scene = try await FaultScene(stage)
      let log = { HistoryReader.fileSize(stage.database + "-wal") }
      scene.faults.set(.sync(stage.database + "*", EIO))
      let before = try await scene.open()
      // More than a log holds that SQLite writes back by itself.
      try await scene.puppet.order([
        "do": "burst", "rounds": Effort.of(short: 8, long: 80), "width": 400, "lifetime": 0.2,
      ])
      try await scene.restart(status: 2) {
        #expect(scene.said("nothing is lost") == 1, "\(scene.recorder.errors)")
        #expect(log() > 0, "a log that could not be written back is not to be taken away")
      }
      let after = try await scene.open()
      scene.faults.set()
      for connection in [before, after] {
        #expect(try await scene.lives(of: connection.socket).count == 2)
        try await scene.close(connection)
      }
      try await scene.end()
      #expect(log() == 0, "written back")
    }
  }
}
