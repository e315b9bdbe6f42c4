// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// Processes that call themselves things a terminal would obey, on a full screen.
  @Suite(.needsNamespaces, .needs("tmux", "stty"))
  struct LiveHostileTests {
    /// Names as the puppet takes them: a character a byte.
    private static let names = [
      "\u{1B}[31mevil\nname", "\u{1B}]0;evil\u{7}", "a\tb\rc\u{8}", "\u{9B}2J\u{9D}", "\u{FF}\u{FE}bad",
      bytes("名前名前名"), bytes("e\u{301}\u{302}\u{303}\u{304}x"), bytes("\u{202E}\u{2066}abc"),
      bytes("👨\u{200D}👩\u{200D}"), bytes("\u{301}\u{FE0F}\u{200B}"), "",
    ]

    private static func bytes(_ text: String) -> String {
      String(String.UnicodeScalarView(text.utf8.map { Unicode.Scalar($0) }))
    }

    /// What a terminal was sent, without the few sequences that a screen is made with.
    private func strange(in written: String) throws -> [String] {
      let bytes = FileManager.default.contents(atPath: written) ?? Data()
      let text = String(decoding: bytes, as: UTF8.self)
      let rest = text.replacing(/\u{1B}\[[?]?[0-9;]*[A-Za-z]/, with: "")
      #expect(rest.utf8.count < text.utf8.count)
      return rest.split { $0 == "\n" || $0 == "\r\n" || $0 == "\r" }.map(String.init).filter { line in
        line.unicodeScalars.contains {
          $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) || (0x202A..<0x202F).contains($0.value)
            || (0x2066..<0x206A).contains($0.value)
        }
      }
    }

    @Test func namesMoveNothing() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let own = try await stage.puppet()
      let play = try await LivePlay.begin(stage, in: own.namespace, columns: 150, rows: 40)
      let screen = play.screen
      try await screen.setTitle("unchanged")
      for (number, name) in Self.names.enumerated() {
        let puppet = try await stage.puppet(in: own.namespace)
        try await puppet.name(name)
        let listener = try await puppet.listen("l", 9000 + number)
        _ = try await puppet.pair("a", listener)
      }
      try await play.live("-a")
      for (view, first, columns) in [
        ("1", "STATE", ["PROTO", "LOCAL", "REMOTE", "PID", "PROCESS"]),
        ("2", "STATUS", ["PROTO", "LOCAL", "PID", "PROCESS", "PROGRAM"]),
        ("3", "SERVICE", ["PORT", "DIR"]),
      ] {
        try await screen.type(view)
        let last = view == "1" ? 3 : 1
        let picture = try await screen.wait("view \(view)") {
          $0.lines[4].dropFirst(2).hasPrefix(first)
            && $0.lines.count { $0.contains(":90") || $0.contains(" 90") } >= Self.names.count * last
        }
        let header = picture.lines[4]
        let rows = picture.lines[5...].filter {
          $0.contains("127.0.0.1:90") || (view == "3" && $0.contains("tcp"))
        }
        #expect(rows.count == Self.names.count * last, "\(picture.text)")
        #expect(picture.fits)
        // Each column begins where its header does, and a blank is before it.
        for name in columns where name != "PORT" && name != "PID" {
          let place = try #require(picture.column(of: name, in: header), "\(header)")
          for row in rows {
            #expect(
              Self.cell(place - 1, of: row) == " " && Self.cell(place, of: row) != " ",
              "\(name)\n\(picture.text)")
          }
        }
      }
      for keys in ["1", "a", "4"] {
        try await screen.type(keys)
        #expect(try await screen.look().fits)
      }
      try await screen.type("1")
      try await screen.type("aG")
      try await screen.press("Enter")
      try await screen.wait("a detail") { $0.contains("States") }
      try await screen.type("q")
      try await play.quit()
      #expect(screen.latest.title == "unchanged")
      #expect(try strange(in: screen.written) == [])
    }

    /// The character at a column of cells; nil where the second half of a wide one is there.
    private static func cell(_ column: Int, of row: String) -> Character? {
      var at = 0
      for character in row {
        if at == column { return character }
        at += TmuxScreen.Picture.width(of: String(character))
        if at > column { return at - column == 1 ? nil : character }
      }
      return " "
    }

    /// A path of nearly 4 KiB with everything in it.
    @Test func aLongPathMovesNothing() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let own = try await stage.puppet()
      let play = try await LivePlay.begin(stage, in: own.namespace, columns: 100)
      let screen = play.screen
      var folder = stage.path("long")
      while folder.utf8.count < 3700 {
        folder += "/" + String(repeating: "\u{1B}[31m名\u{301}\u{7}", count: 15)
      }
      let program = folder + "/evil"
      _ = try await stage.tool(["mkdir", "-p", folder])
      _ = try await stage.tool(["cp", try #require(Machine.python), program])
      let puppet = try await stage.puppet(in: own.namespace, python: program)
      let listener = try await puppet.listen("web", 8080)
      let port = try await puppet.pair("a", listener).port
      try await play.live()
      #expect(screen.latest.row(port, 8080) != nil && screen.latest.fits)
      for (key, text) in [("2", "PROGRAM"), ("3", "CONNS"), ("4", "EVENT"), ("1", "REMOTE")] {
        try await screen.type(key)
        try await screen.wait("view \(key)") { $0.lines[4].contains(text) && $0.fits }
      }
      for key in ["Enter", "e"] {
        try await screen.press(key)
        try await screen.wait("a page") { $0.bottom.hasPrefix("Esc back") }
        var isTold = false
        for _ in 0..<10 {
          let picture = try await screen.look()
          #expect(picture.fits)
          if picture.contains("\\x1b[31m名") { isTold = true }
          try await screen.press("PageDown")
        }
        #expect(isTold == (key == "Enter"), "the program's path is among the details")
        try await screen.press("Escape")
        try await play.shown()
      }
      try await play.quit()
      #expect(try strange(in: screen.written) == [])
      try await play.expectRestored()
    }
  }
}
