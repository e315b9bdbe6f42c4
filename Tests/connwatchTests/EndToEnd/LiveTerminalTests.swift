// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// The screen takes a terminal and gives it back as it was, whatever happens.
  @Suite(.needsNamespaces, .needs("tmux", "stty"))
  struct LiveTerminalTests {
    @Test func quittingGivesTheTerminalBack() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let play = try await LivePlay.begin(stage, in: puppet.namespace)
      let screen = play.screen
      for leave in ["q", "C-c"] {
        let before = try await screen.shell("echo what was there before")
        let live = try await play.live()
        #expect(!live.showsCursor && !live.contains("what was there"))
        try await screen.press(leave)
        let after = try await screen.promptReturns()
        #expect(after.lines.prefix(2) == before.lines.prefix(2) && after.contains("what was there before"))
        #expect(!after.contains("connwatch  "))
        #expect(try await play.lastStatus() == 0)
        try await play.expectRestored()
      }
    }

    @Test func suspendingGivesTheTerminalBackForAWhile() async throws {
      let scene = try await LiveScenery.begin()
      defer { scene.stage.end() }
      let (play, screen, port) = (scene.play, scene.screen, scene.port)
      var before = try await screen.shell("echo what was there before")
      let live = try await play.live()
      for _ in 0..<2 {
        try await screen.press("C-z")
        let shell = try await screen.wait("the shell") { $0.isAtPrompt && $0.contains("Stopped") }
        #expect(shell.lines.prefix(2) == before.lines.prefix(2) && shell.contains("what was there before"))
        try await play.expectRestored()
        before = try await screen.shell("echo what was there before")
        try await screen.enter("fg")
        let again = try await play.shown()
        #expect(again.row(port, 8080) == live.row(port, 8080) && again.bottom == live.bottom)
        #expect(again.fits && !again.showsCursor)
      }
      // The size may have changed meanwhile.
      try await screen.press("C-z")
      try await screen.promptReturns()
      try await screen.resize(100, 30)
      try await screen.enter("fg")
      try await play.shown()
      try await screen.wait("all of the larger screen") { $0.rows == 30 && $0.bottom.contains("quit") }
      try await play.quit()
      try await screen.resize(80, 24)
      try await play.expectRestored()
    }

    /// Signals, and what the shell says of a process that had one.
    private static let ends: [(signal: Int32, status: Int32)] = [
      (SIGTERM, 0), (SIGHUP, 0), (SIGINT, 0), (SIGQUIT, 131), (SIGSEGV, 139), (SIGABRT, 134), (SIGBUS, 135),
    ]

    @Test(arguments: ends)
    func aSignalGivesTheTerminalBack(signal: Int32, status: Int32) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let play = try await LivePlay.begin(stage, in: puppet.namespace)
      let screen = play.screen
      try await screen.shell("echo what was there before")
      try await play.live()
      kill(try await play.pid(), signal)
      let after = try await screen.promptReturns()
      #expect(after.contains("what was there before") && !after.contains("connwatch  "))
      #expect(try await play.lastStatus() == status)
      try await play.expectRestored()
    }

    /// Where the runtime tells of a crash, it does so on the shell's screen, and the process ends all the same.
    @Test(arguments: [SIGQUIT, SIGSEGV])
    func aCrashThatIsToldEndsToo(signal: Int32) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let play = try await LivePlay.begin(
        stage, in: puppet.namespace,
        environment: ["SWIFT_BACKTRACE": "enable=yes,interactive=no,color=no,threads=crashed,limit=2"])
      try await play.live()
      kill(try await play.pid(), signal)
      try await play.screen.promptReturns()
      #expect(try await play.lastStatus() == 128 + signal)
      try await play.expectRestored()
    }

    /// Stopped without being asked, it cannot leave the screen; it is whole again when it goes on.
    @Test func stoppedFromOutsideItGoesOn() async throws {
      let scene = try await LiveScenery.begin()
      defer { scene.stage.end() }
      let (play, screen, port) = (scene.play, scene.screen, scene.port)
      try await play.live()
      kill(try await play.pid(), SIGSTOP)
      try await screen.waitForLine(TmuxScreen.prompt)
      // The shell's user makes the best of it.
      try await screen.send(Array("stty sane\n".utf8))
      try await screen.send(Array("printf '\\033[?1049l'; echo now\"here\"\n".utf8))
      try await screen.wait("the shell's own screen") { !$0.isAlternate && $0.contains("nowhere") }
      let modes = try await play.currentModes()
      try await screen.enter("fg")
      try await play.shown()
      try await screen.wait("the whole screen") {
        $0.row(port, 8080) != nil && $0.lines[0].contains("connwatch")
      }
      #expect(!screen.latest.contains("nowhere") && !screen.latest.showsCursor)
      // Keys are read as before.
      try await screen.type("2")
      try await screen.waitForLine("STATUS", "PROGRAM")
      try await play.quit()
      #expect(try await play.currentModes() == modes, "what the shell had made of it")
    }

    @Test func aTerminalThatGoesEndsIt() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let play = try await LivePlay.begin(stage, in: puppet.namespace)
      try await play.live()
      let pid = try await play.pid()
      play.screen.server.send(SIGKILL)
      try await eventually("the end of \(pid)") {
        // Its parent is gone: who waits for it may not do so at once.
        let state = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        return state.map { $0.contains(") Z ") || $0.contains(") X ") } ?? true
      }
    }

    @Test func everySizeIsFilledAndNothingWraps() async throws {
      let scene = try await LiveScenery.begin()
      defer { scene.stage.end() }
      let (play, screen, port) = (scene.play, scene.screen, scene.port)
      let wide = try await play.live()
      for view in ["1", "2", "3", "4", "?"] {
        try await screen.type(view)
        for (columns, rows) in [(52, 8), (200, 50), (40, 5), (53, 16), (1, 1), (80, 24)] {
          try await screen.resize(columns, rows)
          let isSmall = columns < 52 || rows < 8
          let last = isSmall ? "" : view == "?" ? "Esc back" : "? keys"
          let picture = try await screen.wait("\(columns)x\(rows) of view \(view)") {
            $0.columns == columns && $0.rows == rows && $0.bottom.hasPrefix(last)
              && (isSmall
                ? $0.text.hasPrefix("too small: 52x8 at least".prefix(columns))
                : $0.lines[0].hasPrefix(" connwatch  "))
          }
          #expect(picture.fits, "\(picture.text)")
          if isSmall {
            #expect(picture.lines.dropFirst().allSatisfy { $0.isEmpty }, "\(picture.text)")
          }
        }
      }
      try await screen.type("q1")
      try await screen.wait("what there was at first") { $0.row(port, 8080) != nil }
      #expect(screen.latest.lines[1...5] == wide.lines[1...5])
      // Both addresses do not fit: the remote one has a line of its own, whole.
      try await screen.resize(52, 12)
      try await screen.wait("two lines a row") { picture in
        picture.lines.contains("  > 127.0.0.1:\(port)") && picture.fits
      }
      try await play.quit()
    }
  }
}
