// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// Filter, order and pause of the screen, and how it reads what is typed.
  @Suite(.needsNamespaces, .needs("tmux", "stty"))
  struct LiveFilterTests {
    @Test func theFilterIsInForceAsItIsTyped() async throws {
      let scene = try await LiveScenery.begin()
      defer { scene.stage.end() }
      let (play, screen, port) = (scene.play, scene.screen, scene.port)
      try await play.live()
      try await screen.type("/dport = :8080")
      try await screen.wait("one row") { $0.row(port, 8080) != nil && $0.row(8080, port) == nil }
      #expect(screen.latest.contains("Filter: dport = :8080"))
      #expect(screen.latest.showsCursor && screen.latest.cursor == (22, 21))
      // What is wrong is marked, and the filter before stays.
      try await screen.type(" and stat")
      try await screen.waitForLine("unknown word 'stat'")
      #expect(screen.latest.row(port, 8080) != nil && screen.latest.row(8080, port) == nil)
      #expect(
        try await screen.looks().contains {
          $0.contains("Filter") && $0.contains("\u{1B}[1;7m\u{1B}[91mstat\u{1B}[0m")
        })
      try await screen.press("Enter")
      try await screen.waitForLine("unknown word 'stat'")
      for _ in 0..<9 { try await screen.press("BSpace") }
      try await screen.press("Enter")
      try await screen.waitForLine("filter: dport = :8080")
      #expect(screen.latest.row(8080, port) == nil)
      #expect(!screen.latest.showsCursor)
      try await screen.press("Escape")
      try await screen.wait("both rows") { $0.row(port, 8080) != nil && $0.row(8080, port) != nil }
      #expect(!screen.latest.contains("filter:"))

      try await screen.type("/state syn-sent")
      try await screen.waitForLine("nothing fits the filter")
      try await screen.press("Escape")
      try await screen.wait("both rows") { $0.row(port, 8080) != nil && $0.row(8080, port) != nil }
      try await play.quit()
      // One from the command line is there from the start.
      try await play.live("sport = :8080")
      #expect(screen.latest.row(8080, port) != nil && screen.latest.row(port, 8080) == nil)
      #expect(screen.latest.contains("filter: sport = :8080"))
      try await play.quit()
    }

    /// What is pasted is text: none of it is a key.
    @Test func whatIsPastedRunsNoKeys() async throws {
      let scene = try await LiveScenery.begin(columns: 120)
      defer { scene.stage.end() }
      let (play, screen, port) = (scene.play, scene.screen, scene.port)
      try await play.live()
      try await screen.paste("q\nq\u{3}\u{1A}4x")
      try await screen.type("/")
      try await screen.waitForLine("Filter:")
      try await screen.paste("sport = :8080\nand\tstate\u{3} established\n")
      try await screen.waitForLine("Filter: sport = :8080 and state established")
      try await screen.wait("one row") { $0.row(port, 8080) == nil && $0.row(8080, port) != nil }
      try await screen.press("Enter")
      try await screen.waitForLine("filter: sport = :8080 and state established")
      #expect(screen.latest.isAlternate)
      try await play.quit()
    }

    @Test func keysAreUnderstoodHoweverTheyCome() async throws {
      let scene = try await LiveScenery.begin(connects: false)
      defer { scene.stage.end() }
      let (puppet, play, screen, listener) = (scene.puppet, scene.play, scene.screen, scene.listener)
      for number in 0..<4 { _ = try await puppet.pair("p\(number)", listener) }
      try await play.live()
      // At once.
      try await screen.type("jjjjjjk")
      try await screen.wait("the sixth line") { $0.lines[22].hasSuffix(" 6/8") }
      try await screen.type("gjG4123/state established")
      try await screen.waitForLine("Filter: state established")
      #expect(screen.latest.line("SERVICE", "CONNS") != nil)
      try await screen.press("Escape")
      try await screen.waitForNo("Filter:")
      try await screen.type("1g")
      try await screen.wait("the first line") { $0.lines[22].hasSuffix(" 1/8") }
      // In pieces, and in the other forms that terminals have.
      try await screen.send([0x1B], [0x5B, 0x42])
      try await screen.wait("the second line") { $0.lines[22].hasSuffix(" 2/8") }
      try await screen.send([0x1B, 0x4F], [0x42])
      try await screen.wait("the third line") { $0.lines[22].hasSuffix(" 3/8") }
      try await screen.send([0x1B, 0x5B, 0x46])
      try await screen.wait("the last line") { $0.lines[22].hasSuffix(" 8/8") }
      // A letter of two bytes, cut between them.
      try await screen.type("/")
      try await screen.send([0xC3], [0xA9])
      try await screen.waitForLine("Filter: é")
      try await screen.press("Escape")
      try await screen.waitForNo("Filter:")
      // A key that there is not does nothing.
      try await screen.send(Array("\u{1B}[99~\u{1B}[<0;1;1M\u{1B}]0;title\u{7}".utf8))
      try await screen.type("g")
      try await screen.wait("the first line") { $0.lines[22].hasSuffix(" 1/8") }
      try await play.quit()
    }

    @Test func orderIsChosen() async throws {
      let scene = try await LiveScenery.begin(connects: false, columns: 120)
      defer { scene.stage.end() }
      let (puppet, play, screen, listener) = (scene.puppet, scene.play, scene.screen, scene.listener)
      for number in 0..<3 { _ = try await puppet.pair("p\(number)", listener) }
      try await play.live()
      func locals(_ picture: TmuxScreen.Picture) -> [Int] {
        picture.lines.compactMap { line in
          line.split(separator: " ").first { $0.hasPrefix("127.0.0.1:") }.flatMap { Int($0.dropFirst(10)) }
        }
      }
      #expect(screen.latest.contains("AGE▼"))
      for _ in 0..<20 where !screen.latest.contains("LOCAL▼") {
        let header = try #require(screen.latest.line("STATE", "REMOTE"))
        try await screen.type("s")
        try await screen.wait("another order") { !$0.contains(header) }
      }
      try await screen.wait("upwards by local port") {
        locals($0).count == 6 && locals($0) == locals($0).sorted()
      }
      try await screen.type("S")
      try await screen.waitForLine("LOCAL▲")
      try await screen.wait("downwards") { locals($0) == locals($0).sorted().reversed() }
      try await play.quit()
    }

    @Test func aPauseStandsStill() async throws {
      let scene = try await LiveScenery.begin(connects: false)
      defer { scene.stage.end() }
      let (stage, puppet, play, screen, listener) = (
        scene.stage, scene.puppet, scene.play, scene.screen, scene.listener
      )
      _ = try await puppet.pair("a", listener)
      try await play.live()
      try await screen.type(" ")
      let paused = try await screen.waitForLine("PAUSED")
      let port = try await puppet.pair("b", listener).port
      for _ in 0..<3 {
        let listed = try await stage.succeed(["list", "--json"], in: puppet.namespace).json()
        #expect(listed.contains { $0.int("local_port") == port })
      }
      #expect(try await screen.look().lines == paused.lines)
      // Keys go on to work.
      try await screen.type("j")
      try await screen.wait("the second line") { $0.lines[22].hasSuffix(" 2/2") }
      try await screen.type(" ")
      try await screen.wait("what came meanwhile") { $0.row(port, 8080) != nil && !$0.contains("PAUSED") }
      try await play.quit()
    }
  }
}
