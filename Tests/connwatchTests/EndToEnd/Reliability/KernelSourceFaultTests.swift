// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// What the kernel tells of its own accord, and loses where nobody takes it in time.
  @Suite(.needsFaults)
  struct KernelSourceFaultTests {
    private static let rounds = Effort.of(short: 1, long: 10)
    private static let burst = Effort.of(short: 400, long: 2000)

    private func burst(_ scene: FaultScene) async throws {
      try await scene.puppet.order(["do": "burst", "rounds": 2, "width": Self.burst, "lifetime": 0.05])
    }

    /// That nothing of a burst is still open: what ended unheard is seen to be gone.
    private func expectNoneOpen(_ scene: FaultScene) async throws {
      if Effort.isLong { try await scene.puppet.order(["do": "calm"]) }
      var open: [[String]] = []
      try await eventually(
        "only what is held to be open: \(open.prefix(6))\n\(scene.recorder.errors)", within: 60
      ) {
        open = try await scene.stage.sql("SELECT * FROM connections WHERE closed_us IS NULL")
        return open.count == scene.held.count * 2
      }
    }

    /// A buffer for ends that holds three messages.
    @Test(arguments: ["netlink", "auto"])
    func lostEndsAreAGap(source: String) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let scene = try await FaultScene(stage, source: source, rules: .receive(2048))
      for _ in 0..<Self.rounds {
        let before = try await scene.gaps("ends lost").count
        try await burst(scene)
        let gap = try await scene.gap("ends lost", beyond: before)
        #expect(gap.detail.contains("buffer was full"), "\(gap)")
        try await scene.close(try await scene.open())
        try await scene.expectSound()
      }
      try await expectNoneOpen(scene)
      try await scene.end()
    }

    /// Stopped for longer than the trace's buffer lasts, which somebody has made small.
    @Test(.needsTrace) func aTraceThatOverflowsIsAGap() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let scene = try await FaultScene(stage)
      _ = try await stage.tool([
        "unshare", "--mount", "sh", "-c",
        "mount -t tracefs none /mnt && echo 4 > /mnt/instances/connwatch.\(scene.recorder.pid)/buffer_size_kb",
      ])
      for _ in 0..<Self.rounds {
        let before = try await scene.gaps("trace overrun").count
        scene.recorder.send(SIGSTOP)
        try await burst(scene)
        scene.recorder.send(SIGCONT)
        let gap = try await scene.gap("trace overrun", beyond: before)
        #expect(gap.detail.contains("events lost"), "\(gap)")
        try await scene.close(try await scene.open())
        try await scene.expectSound()
      }
      try await expectNoneOpen(scene)
      try await scene.end()
    }

    /// A trace that cannot be read any more is told once; ends and samples go on.
    @Test(.needsTrace) func aTraceThatFailsEndsAlone() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let scene = try await FaultScene(stage)
      let through = try await scene.open()
      scene.faults.set(.read("*trace_pipe_raw", EIO))
      try await eventually("the remark\n\(scene.recorder.errors)") { scene.said("the trace has ended") == 1 }
      try await scene.gap("trace overrun")
      scene.faults.set()
      try await scene.close(through)
      try await scene.close(try await scene.open())
      #expect(scene.said("the trace has ended") == 1)
      try await scene.end()
    }

    /// Nobody needs tracefs to stay mounted.
    @Test(.needsTrace) func tracefsMayBeUnmounted() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      // In a mount namespace of its own, which ends with it.
      let recorder = try stage.start(
        [
          "unshare", "--mount", "sh", "-c",
          """
          mount -t tracefs none /sys/kernel/tracing 2>/dev/null
          "$0" record --interval 100ms --for 120s & trap 'kill $!' TERM
          read -r line < "$1"; umount -l /sys/kernel/tracing; echo unmounted; wait $!; wait $!
          """, try #require(Machine.connwatch), stage.path("unmount"),
        ], in: puppet.namespace)
      mkfifo(stage.path("unmount"), 0o600)
      try await eventually("a sample\n\(recorder.errors)") { try await stage.samples() > 0 }
      let order = try stage.start(["sh", "-c", "echo > \(stage.path("unmount"))"])
      _ = try await order.end()
      try await eventually("the unmounting\n\(recorder.errors)") { recorder.output.contains("unmounted") }
      let socket = try await puppet.pair("short", listener)
      try await puppet.close("short")
      try await puppet.close("shorts")
      try await eventually("a connection that only the trace knows whole\n\(recorder.errors)") {
        let lives = try await stage.history(["port", "\(socket.port)"])
        return lives.count == 2 && lives.allSatisfy { $0.string("source")?.contains("trace") == true }
      }
      try await stage.stop(recorder)
    }

    /// Stopped while connections come and go, and one ends that was held.
    @Test(arguments: ["proc", "netlink", "auto"])
    func aStoppedProcessIsAGap(source: String) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let scene = try await FaultScene(stage, source: source)
      let stopped = Effort.of(short: 1.5, long: 5)
      for _ in 0..<Effort.of(short: 1, long: 20) {
        let through = try await scene.open()
        let before = try await scene.gaps("overrun").count
        scene.recorder.send(SIGSTOP)
        try await burst(scene)
        try await scene.reset(through)
        try await Task.sleep(for: .seconds(stopped))
        scene.recorder.send(SIGCONT)
        // A sample that a busy machine took late is an overrun too, but a short one.
        try await scene.gap("overrun", beyond: before, lasting: stopped)
        try await eventually("the end of what ended meanwhile") {
          try await scene.lives(of: through.socket).allSatisfy { !$0.isNull("closed") }
        }
        try await scene.expectSound()
      }
      try await scene.expectNoGaps("suspended")
      try await scene.expectNoGaps("clock stepped")
      try await expectNoneOpen(scene)
      try await scene.end()
    }
  }
}
