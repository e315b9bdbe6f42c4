// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// Who gets a screen and who does not.
  @Suite struct LiveRefusalTests {
    private static let says = ["live", "connwatch list", "connwatch events -f"]

    @Test func withoutATerminalThereIsNoScreen() async throws {
      let stage = try Stage()
      defer { stage.end() }
      expectRefusal(try await stage.run(["live"]), ["standard output is not a terminal"] + Self.says)
      expectRefusal(try await stage.run(["live"], output: .path("/dev/null")), Self.says)
      for words in [["--json"], ["--csv"], ["-H"], ["--columns", "proto"]] {
        expectRefusal(try await stage.run(["live"] + words), ["a screen has no --json"])
      }
    }

    @Test(arguments: ["dumb", "", nil])
    func aTerminalWithoutAScreenIsRefused(term: String?) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let child = try stage.connwatch(
        ["live"], environment: ["TERM": term], output: .terminal(columns: 80))
      #expect(try await child.end() == 2)
      #expect(child.output.isEmpty)
      for text in ["connwatch: live: TERM="] + Self.says {
        #expect(child.errors.contains(text), "\(child.errors)")
      }
    }

    @Test(.needsNamespaces, .needs("tmux", "stty"))
    func keysComeFromTheTerminalWhateverStandardInputIs() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let play = try await LivePlay.begin(stage, in: puppet.namespace)
      let screen = play.screen
      try await play.live("< /dev/null")
      try await screen.type("2")
      try await screen.waitForLine("STATUS", "PROGRAM")
      try await play.quit()
      #expect(try await play.lastStatus() == 0)
      try await play.expectRestored()
      try await screen.shell("./live | cat; ./live > file; echo status $?")
      #expect(screen.latest.contains("status 2") && screen.latest.contains("is not a terminal"))
      let wrong = try await screen.shell("./live dport 99x; echo status $?")
      #expect(wrong.contains("status 2") && wrong.contains("unknown service '99x'"))
    }
  }

  /// Somebody without privileges has a screen too.
  @Suite(.needsNamespaces, .needs("tmux", "stty", "setpriv"))
  struct LiveOrdinaryUserTests {
    @Test func whatIsLackingIsSaidOnce() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let home = stage.path("home")
      try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
      chown(home, 65534, 65534)
      let play = try await LivePlay.begin(
        stage, in: puppet.namespace, columns: 120,
        environment: ["HOME": home, "XDG_STATE_HOME": nil, "CONNWATCH_DB": nil])
      let screen = play.screen
      let program = stage.path("connwatch")
      try FileManager.default.copyItem(atPath: try #require(Machine.connwatch), toPath: program)
      chmod(program, 0o755)
      let listener = try await puppet.listen("web", 8080)
      let port = try await puppet.pair("a", listener).port
      try await screen.enter(
        "setpriv --reuid=65534 --regid=65534 --clear-groups ./connwatch live --interval 200ms")
      try await play.shown()
      try await screen.waitForLine("sudo connwatch live")
      #expect(screen.latest.row(port, 8080)?.contains("(no permission)") == true)
      #expect(screen.latest.fits)
      try await screen.type("j")
      try await screen.wait("no more of it") { !$0.contains("sudo") && $0.lines[22].hasSuffix(" 2/2") }
      let next = try await puppet.pair("b", listener).port
      try await screen.wait("a new row") { $0.mark(next, 8080) == "+" }
      #expect(!screen.latest.contains("sudo"))
      try await puppet.close("b", reset: true)
      try await puppet.close("bs", reset: true)
      try await screen.wait("its end") { $0.row(next, 8080) == nil }
      #expect(!screen.latest.contains("sudo"))
      try await play.quit()
      #expect(try await play.lastStatus() == 0)
      try await play.expectRestored()
    }
  }
}
