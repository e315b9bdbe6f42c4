// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// The views of the screen, and what is told of one line.
  @Suite(.needsNamespaces, .needs("tmux", "stty"))
  struct LiveViewTests {
    @Test func eachViewShowsItsOwn() async throws {
      let scene = try await LiveScenery.begin(connects: false, columns: 120)
      defer { scene.stage.end() }
      let (stage, puppet, play, screen, listener) = (
        scene.stage, scene.puppet, scene.play, scene.screen, scene.listener
      )
      try await puppet.listen("other", 8443)
      _ = try await puppet.pair("a", listener)
      try "tcp loopback 8080 *\n".write(toFile: stage.path("rules"), atomically: true, encoding: .utf8)
      try await play.live("--expected rules")
      let port = try await puppet.pair("b", listener).port
      try await screen.wait("the new rows") { $0.row(port, 8080) != nil && $0.row(8080, port) != nil }
      try await puppet.close("b", reset: true)
      try await puppet.close("bs", reset: true)
      try await screen.wait("their end") { $0.row(port, 8080) == nil }

      try await screen.type("2")
      try await screen.wait("listeners") { $0.line("127.0.0.1:8443", "python") != nil }
      let listeners = screen.latest
      #expect(listeners.line("STATUS", "EXPOSURE", "PROGRAM") != nil)
      let new = try #require(listeners.line("127.0.0.1:8443"))
      #expect(new.hasPrefix("! new ") && new.contains("loopback"))
      let accepted = try #require(listeners.line("127.0.0.1:8080"))
      #expect(accepted.hasPrefix("  expected ") && accepted.contains("http-alt"))

      try await screen.type("3")
      try await screen.wait("services") { $0.line("SERVICE", "CONNS", "HOSTS") != nil }
      let service = try #require(screen.latest.line("http-alt", "8080"))
      #expect(service.split(separator: " ").prefix(6) == ["http-alt", "8080", "tcp", "out", "1", "1"])

      try await screen.type("4")
      func words(_ picture: TmuxScreen.Picture) -> [[String]] {
        picture.lines.map { $0.split(separator: " ").map(String.init) }
          .filter { $0.contains("127.0.0.1:\(port)") }
      }
      // Their date is among the words: mark, day, time, event.
      try await screen.wait("the events of each end") { picture in
        words(picture).count { $0[3] == "opened" } == 2 && words(picture).count { $0[3] == "closed" } == 2
      }
      #expect(screen.latest.line("TIME", "EVENT", "STATE") != nil)
      let events = words(screen.latest)
      #expect(events.map { $0[2] } == events.map { $0[2] }.sorted(), "in order of time")
      let own = events.filter { $0.firstIndex(of: "127.0.0.1:\(port)") == 6 }
      #expect(own.first?[3] == "opened" && own.last?[3] == "closed")
      #expect(own.first?[0] == "+" && own.last?[0] == "-")

      // Round and back.
      try await screen.press("Tab")
      try await screen.wait("connections") {
        $0.line("STATE", "LOCAL", "REMOTE") != nil && !$0.contains("EVENT  ")
      }
      try await screen.press("BTab")
      try await screen.wait("events") { $0.line("TIME", "EVENT") != nil }
      try await play.quit()
    }

    /// Which lines of a text are seen, by its title.
    private func lines(_ picture: TmuxScreen.Picture) -> ClosedRange<Int>? {
      let title = picture.lines[1].split(separator: " ").map(String.init)
      guard let place = title.firstIndex(of: "lines"), place + 1 < title.count else { return nil }
      let ends = title[place + 1].split(separator: "-").compactMap { Int($0) }
      return ends.count == 2 && ends[0] <= ends[1] ? ends[0]...ends[1] : nil
    }

    @Test func oneLineIsToldAndExplained() async throws {
      let scene = try await LiveScenery.begin(connects: false)
      defer { scene.stage.end() }
      let (puppet, play, screen, listener) = (scene.puppet, scene.play, scene.screen, scene.listener)
      try await play.live("dport = :8080")
      let port = try await puppet.pair("a", listener).port
      try await screen.wait("the row") { $0.row(port, 8080) != nil }

      try await screen.press("Enter")
      try await screen.wait("the detail") { $0.contains("tcp 127.0.0.1:\(port) → 127.0.0.1:8080") }
      let detail = screen.latest
      #expect(detail.line("direction", "out") != nil)
      #expect(detail.line("process", "pid \(puppet.pid)") != nil)
      let states = detail.lines(after: "States", before: "Earlier")
      #expect(states.contains { $0.contains("ESTABLISHED") }, "\(detail.text)")
      #expect(detail.bottom.contains("back"))
      let told = "this end opened it, the service is the other end"
      for columns in [52, 80] {
        try await screen.resize(columns, 24)
        try await screen.wait("\(columns) columns") { $0.columns == columns && $0.words.contains(told) }
      }
      try await screen.press("Escape")
      try await play.shown()

      try await screen.type("e")
      try await screen.wait("words") { $0.contains("ESTABLISHED: ") }
      #expect(screen.latest.contains("Explain") && screen.latest.contains("pid \(puppet.pid)"))
      try await screen.type("q")
      try await play.shown()

      try await screen.type("?")
      try await screen.wait("the keys") {
        $0.line("1 2 3 4", "connections, listeners, services, events") != nil
      }
      #expect(!screen.latest.contains("Ctrl-Z"))
      // Down to the last line, and none is passed over.
      #expect(lines(screen.latest)?.lowerBound == 1)
      let seen = try #require(lines(screen.latest)?.upperBound)
      try await screen.press("PageDown")
      try await screen.wait("what follows") { lines($0).map { $0.lowerBound > 1 } == true }
      #expect(try #require(lines(screen.latest)?.lowerBound) <= seen + 1)
      try await screen.press("End")
      let last = "! a listener that is not expected; in events, a stretch that nobody watched"
      try await screen.wait("the last line") { $0.words.contains(last) }
      // Wrapped anew for a screen of another width.
      for columns in [60, 52, 100, 80] {
        try await screen.resize(columns, 24)
        try await screen.wait("\(columns) columns") {
          $0.columns == columns && $0.fits && $0.lines[1].count == columns && lines($0) != nil
        }
        try await screen.press("End")
        try await screen.wait("the last line") { $0.words.contains(last) }
      }
      try await screen.type("?")
      try await play.shown()
      try await play.quit()
    }

    @Test func groupsAndNamesOfPorts() async throws {
      let scene = try await LiveScenery.begin()
      defer { scene.stage.end() }
      let (puppet, play, screen, port) = (scene.puppet, scene.play, scene.screen, scene.port)
      try await play.live()
      try await screen.type("a")
      try await screen.waitForLine("by process")
      let heading = try #require(screen.latest.line("(\(puppet.pid))"))
      #expect(heading.contains("2 sockets") && heading.contains("2 ESTABLISHED"))
      #expect(screen.latest.row(port, 8080) != nil)
      try await screen.press("Enter")
      try await screen.wait("a folded group") {
        $0.row(port, 8080) == nil && $0.line("▸", "(\(puppet.pid))") != nil
      }
      try await screen.press("Enter")
      try await screen.wait("an open group") { $0.row(port, 8080) != nil }
      try await screen.type("a")
      try await screen.waitForNo("by process")
      #expect(screen.latest.line("2 sockets") == nil)

      try await screen.type("p")
      try await screen.waitForLine("127.0.0.1:http-alt")
      #expect(screen.latest.row(port, 8080) == nil)
      try await screen.type("p")
      try await screen.wait("numbers") { $0.row(port, 8080) != nil && !$0.contains(":http-alt") }
      try await play.quit()
    }

    @Test func whatIsShownIsExported() async throws {
      let scene = try await LiveScenery.begin()
      defer { scene.stage.end() }
      let (stage, puppet, play, screen, port) = (
        scene.stage, scene.puppet, scene.play, scene.screen, scene.port
      )
      try await play.live()
      try await screen.type("x")
      try await screen.wait("a name") {
        $0.line("Export to: connwatch-connections-") != nil && $0.showsCursor
      }
      try await screen.press("C-u")
      try await screen.type("out.json")
      try await screen.press("Enter")
      try await screen.waitForLine("2 rows written to out.json")
      let text = try String(contentsOfFile: stage.path("out.json"), encoding: .utf8)
      let rows = try text.split(separator: "\n").map { try JSONLine(String($0)) }
      #expect(
        Set(rows.map(\.tuple)) == [
          "tcp 127.0.0.1:\(port) 127.0.0.1:8080", "tcp 127.0.0.1:8080 127.0.0.1:\(port)",
        ])
      #expect(rows.allSatisfy { $0.process?.int("pid") == puppet.pid && $0.string("state") == "ESTABLISHED" })
      let listed = try await stage.succeed(["list", "--json"], in: puppet.namespace).json()
      #expect(rows.first?.keys == listed.first?.keys)

      // Nothing is written over.
      try await screen.type("x")
      try await screen.waitForLine("Export to: ")
      try await screen.press("C-u")
      try await screen.type("out.json")
      try await screen.press("Enter")
      try await screen.waitForLine("out.json: File exists")
      #expect(try String(contentsOfFile: stage.path("out.json"), encoding: .utf8) == text)
      // What was typed is there to be mended.
      #expect(screen.latest.line("Export to: out.json") != nil)
      try await screen.press("Escape")
      try await screen.waitForNo("Export to: ")
      try await play.quit()
    }
  }
}
