// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// What the full-screen view says of sockets that come, change and go.
  @Suite(.needsNamespaces, .needs("tmux", "stty"))
  struct LiveRowTests {
    @Test func rowsComeChangeAndGo() async throws {
      let scene = try await LiveScenery.begin(connects: false)
      defer { scene.stage.end() }
      let (puppet, play, screen, listener) = (scene.puppet, scene.play, scene.screen, scene.listener)
      let old = try await puppet.pair("a", listener).port
      // Slow enough for a busy machine to see each mark.
      let first = try await play.live(every: "700ms")
      #expect(first.mark(old, 8080) == " " && first.mark(8080, old) == " ", "nothing is new at first")
      #expect(first.contains("Sockets 3  ESTABLISHED 2  LISTEN 1"))
      #expect(first.contains("every 700ms"))

      let port = try await puppet.pair("b", listener).port
      try await screen.wait("new rows") { $0.mark(port, 8080) == "+" && $0.mark(8080, port) == "+" }
      #expect(screen.latest.row(port, 8080)?.contains("ESTABLISHED") == true)
      #expect(screen.latest.mark(old, 8080) == " ")
      #expect(screen.latest.contains("Sockets 5  ESTABLISHED 4  LISTEN 1"))
      #expect(try await screen.looks().contains { $0.contains(":\(port)") && $0.contains("\u{1B}[32m") })
      try await screen.wait("rows that are new no longer") {
        $0.mark(port, 8080) == " " && $0.mark(8080, port) == " "
      }

      try await puppet.close("b")
      try await screen.wait("changed rows") { $0.mark(port, 8080) == "~" && $0.mark(8080, port) == "~" }
      #expect(screen.latest.row(port, 8080)?.contains("FIN_WAIT2") == true)
      #expect(screen.latest.row(8080, port)?.contains("CLOSE_WAIT") == true)
      #expect(screen.latest.line("Sockets 5", "FIN_WAIT2 1", "CLOSE_WAIT 1") != nil)

      try await puppet.close("bs")
      try await screen.wait("a closed row") { $0.mark(8080, port) == "-" }
      #expect(screen.latest.line("Sockets 4", "TIME_WAIT 1") != nil)
      #expect(screen.latest.mark(port, 8080) == "~")
      try await screen.wait("no closed row") { $0.row(8080, port) == nil }
      #expect(screen.latest.mark(old, 8080) == " ")

      try await puppet.listen("other", 8443)
      try await screen.waitForLine("New listeners 1")
      #expect(!screen.latest.contains(":8443"), "listeners are not among connections")
      try await play.quit()
      try await play.live("-a")
      #expect(screen.latest.line("LISTEN", "127.0.0.1:8443") != nil)
      try await play.quit()
    }

    @Test func closedOnesAreKept() async throws {
      let scene = try await LiveScenery.begin()
      defer { scene.stage.end() }
      let (puppet, play, screen, listener, port) = (
        scene.puppet, scene.play, scene.screen, scene.listener, scene.port
      )
      try await play.live()
      try await screen.type("t")
      try await screen.waitForLine("closed kept")
      try await puppet.close("a", reset: true)
      try await puppet.close("as", reset: true)
      try await screen.wait("closed rows") { $0.mark(port, 8080) == "-" && $0.mark(8080, port) == "-" }
      #expect(screen.latest.contains("Sockets 1  LISTEN 1"))
      // Three refreshes later, which is as long as another one is new.
      let next = try await puppet.pair("b", listener).port
      try await screen.wait("a new row") { $0.mark(next, 8080) == "+" }
      try await screen.wait("a row that is new no longer") { $0.mark(next, 8080) == " " }
      #expect(screen.latest.mark(port, 8080) == "-")
      try await screen.type("t")
      try await screen.wait("no closed rows") { $0.row(port, 8080) == nil && $0.row(8080, port) == nil }
      #expect(screen.latest.row(next, 8080) != nil)
      try await play.quit()
    }

    @Test func everyStateIsShownAndCounted() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let (_, ready) = try await stage.scene("all_states.py", ["--hold", "0"])
      let namespace = try #require(ready.string("netns"))
      let expected = try #require(ready.objects("expected"))
      let play = try await LivePlay.begin(stage, in: namespace, columns: 200, rows: 100)
      try await play.live("-a")
      let counts = Dictionary(grouping: expected) { $0.string("state") ?? "" }.mapValues(\.count)
      #expect(counts.count == 11, "every state of TCP and UDP but CLOSE")
      try await play.screen.wait("\(counts)") { picture in
        let words = picture.lines[1].split(separator: " ").map(String.init)
        return words.prefix(2) == ["Sockets", "\(expected.count)"]
          && counts.allSatisfy { state, count in
            words.firstIndex(of: state).map { words[$0 + 1] == "\(count)" } == true
          }
      }
      // And each in the table, as often as it is there.
      let rows = play.screen.latest.lines[5...].compactMap { $0.dropFirst(2).split(separator: " ").first }
      for (state, count) in counts {
        #expect(rows.count { $0 == state } == count, "\(state)\n\(play.screen.latest.text)")
      }
      try await play.quit()
    }
  }
}
