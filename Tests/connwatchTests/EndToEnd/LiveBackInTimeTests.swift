// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// The screen and the history: back in time, and kept meanwhile.
  @Suite(.needsNamespaces, .needs("tmux", "stty", "sqlite3"))
  struct LiveBackInTimeTests {
    /// A moment as somebody types it.
    private func typed(_ microseconds: Int) -> String {
      var seconds = time_t(microseconds / 1_000_000)
      var parts = tm()
      gmtime_r(&seconds, &parts)
      return String(
        format: "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1,
        Int(parts.tm_mday), Int(parts.tm_hour), Int(parts.tm_min), Int(parts.tm_sec), microseconds % 1_000_000
      )
    }

    private func go(to microseconds: Int, _ screen: TmuxScreen) async throws {
      try await screen.type("@")
      try await screen.waitForLine("Go to time:")
      try await screen.type(typed(microseconds))
      try await screen.press("Enter")
    }

    @Test func thePastIsWalkedThrough() async throws {
      let scene = try await LiveScenery.begin(columns: 100)
      defer { scene.stage.end() }
      let (stage, puppet, play, screen, listener, old) = (
        scene.stage, scene.puppet, scene.play, scene.screen, scene.listener, scene.port
      )
      let first = try await stage.record(in: puppet.namespace)
      let port = try await puppet.pair("b", listener).port
      let shown = "SELECT count(*) FROM connections WHERE local_port = \(port)"
      try await eventually("the opening") { try await stage.sql(shown) == [["1"]] }
      let seen = try await stage.samples()
      try await eventually("samples with it") { try await stage.samples() > seen + 2 }
      try await puppet.close("b", reset: true)
      try await puppet.close("bs", reset: true)
      try await eventually("the end") {
        try await stage.sql("SELECT count(*) FROM connections WHERE closed_us NOT NULL") == [["2"]]
      }
      try await stage.stop(first)
      let second = try await stage.record(in: puppet.namespace)
      try await stage.stop(second)

      let now = try await play.live()
      #expect(now.row(old, 8080) != nil && now.row(port, 8080) == nil)
      // To when it was open.
      let life = try #require(
        try await stage.sql("SELECT first_seen_us, closed_us FROM connections WHERE local_port = \(port)")
          .first
      ).compactMap { Int($0) }
      try await go(to: (life[0] + life[1]) / 2, screen)
      try await screen.wait("the row that is gone") { $0.row(port, 8080) != nil }
      #expect(screen.latest.row(port, 8080)?.contains("ESTABLISHED") == true)
      #expect(screen.latest.row(old, 8080) != nil)
      let day = typed(life[0]).prefix(10)
      #expect(screen.latest.lines[0].contains("AT \(day) "))
      #expect(!screen.latest.lines[0].contains("every") && screen.latest.bottom.hasPrefix("n now"))
      try await screen.type(" ")
      try await screen.waitForLine("the past stands still")

      // Where nobody watched.
      let gap = try #require(
        try await stage.sql("SELECT since_us, until_us FROM gaps WHERE cause = 'recorder stopped'").first
      ).compactMap { Int($0) }
      try await go(to: (gap[0] + gap[1]) / 2, screen)
      try await screen.waitForLine("! not watching ", "(recorder stopped)")
      #expect(screen.latest.lines[2].hasPrefix("! not watching "))
      #expect(screen.latest.row(old, 8080) != nil, "the table of the last sample before")
      try await screen.type("4")
      try await screen.waitForLine("EVENT", "STATE")
      #expect(screen.latest.line("closed", "127.0.0.1:\(port) ") != nil)
      try await screen.type("1")

      // A sample earlier, and on; more than there is leads to the first and to now.
      try await go(to: gap[1], screen)
      try await screen.wait("a moment that was watched") { !$0.contains("! not watching") }
      try await screen.type("[")
      try await screen.wait("the table before the gap") {
        $0.row(old, 8080) != nil && $0.bottom.hasPrefix("n now")
      }
      try await screen.type("{")
      try await screen.wait("the first sample") { $0.row(port, 8080) == nil && $0.bottom.hasPrefix("n now") }
      try await screen.type("n")
      try await screen.waitForLine("connwatch  ", "every 200ms")
      #expect(screen.latest.row(old, 8080) != nil && screen.latest.row(port, 8080) == nil)
      #expect(screen.latest.bottom.hasPrefix("? keys"))

      // What is no time, and what has not come.
      try await screen.type("@whenever")
      try await screen.press("Enter")
      try await screen.waitForLine("\"whenever\" is not a time")
      try await go(to: (life[0] + 86_400_000_000), screen)
      try await screen.waitForLine("that is in the future")
      #expect(screen.latest.line("connwatch  ", "every 200ms") != nil)
      try await play.quit()

      // The same from the command line.
      try await play.live("--at \(typed((life[0] + life[1]) / 2))")
      #expect(screen.latest.row(port, 8080) != nil && screen.latest.lines[0].contains("AT \(day) "))
      try await play.quit()
    }

    @Test func itRecordsMeanwhile() async throws {
      let scene = try await LiveScenery.begin(connects: false)
      defer { scene.stage.end() }
      let (stage, puppet, play, screen, listener) = (
        scene.stage, scene.puppet, scene.play, scene.screen, scene.listener
      )
      try await play.live("--record")
      #expect(screen.latest.lines[0].contains("recording"))
      let port = try await puppet.pair("a", listener).port
      try await screen.wait("the row") { $0.row(port, 8080) != nil }
      try await puppet.close("a", reset: true)
      try await puppet.close("as", reset: true)
      try await screen.wait("its end") { $0.row(port, 8080) == nil }
      // Nobody records beside it.
      expectRefusal(
        try await stage.run(["record", "--for", "1s"], in: puppet.namespace),
        [stage.database, "\(try await play.pid())"])
      try await play.quit()
      #expect(try await play.lastStatus() == 0)
      let rows = try await stage.succeed(["history", "--json"]).json()
      #expect(rows.map { $0.int("local_port") }.contains(port) && rows.count == 2)
      #expect(rows.allSatisfy { !$0.isNull("closed") })
      #expect(try await stage.run(["db", "check"]).status == 0)
      #expect(try await stage.sql("SELECT count(*) FROM run WHERE stopped IS NOT NULL") == [["1"]])
      // And again, with what was stored before.
      try await play.live("--record")
      try await screen.type("[")
      try await screen.wait("the past") { $0.lines[0].contains(" AT ") }
      try await play.quit()
    }

    @Test func besideARecorderItDoesNotRecord() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let play = try await LivePlay.begin(stage, in: puppet.namespace)
      let recorder = try await stage.record(in: puppet.namespace)
      try await play.screen.shell("./live --record; echo status $?")
      let picture = play.screen.latest
      #expect(picture.contains("status 2"))
      #expect(picture.text.replacing("\n", with: "").contains("pid \(recorder.pid)"), "\(picture.text)")
      let bytes = try String(contentsOfFile: play.screen.written, encoding: .utf8)
      #expect(!bytes.contains("\u{1B}"), "the screen was touched")
      try await play.expectRestored()
      // It shows beside one.
      try await play.live()
      try await play.quit()
      try await stage.stop(recorder)
    }
  }
}
