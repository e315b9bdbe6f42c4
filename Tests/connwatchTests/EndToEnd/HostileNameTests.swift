// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// Processes and programs that call themselves things a terminal would obey.
  @Suite(.needsNamespaces)
  struct HostileNameTests {
    static let names = [
      "\u{1B}[31mevil\nname", "\u{1B}]0;t\u{7}", "a\tb\rc\u{8}", "\u{9B}2J\u{9D}", "x\" y' \\", "{\"a\":1}",
      "\u{7F}del", "-", "a,b\n=1+1", "\u{FF}\u{FE}bad",
    ]

    /// Letters, lines and nothing that moves, colours or reorders.
    private func isHarmless(_ text: String) -> Bool {
      text.unicodeScalars.allSatisfy { scalar in
        scalar == "\n" || (scalar.value >= 0x20 && !(0x7F..<0xA0).contains(scalar.value))
      }
    }

    @Test func namesReachNoTerminalAsTheyAre() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      let recorder = try await stage.record(["--print"], in: puppet.namespace, interval: "50ms")
      for (number, name) in Self.names.enumerated() {
        try await puppet.name(name)
        let port = try await puppet.listen("l\(number)", 9000 + number).port
        _ = try await puppet.pair("c\(number)", listener)
        try await eventually("port \(port) in the history") {
          try await stage.succeed(["history", "-l", "--json", "-q"]).json().contains {
            $0.int("local_port") == port
          }
        }
        // A process is named once, as it is called when it is first looked at; live it is asked anew.
        let live = try await stage.succeed(["list", "--json"], in: puppet.namespace)
        for line in live.lines {
          let row = try JSONLine(line)
          if row.process?.int("pid") == puppet.pid {
            // JSON has the name itself; what is not UTF-8 in it is told as U+FFFD.
            let raw = String(decoding: name.unicodeScalars.map { UInt8($0.value) }.prefix(15), as: UTF8.self)
            #expect(row.process?.string("name") == raw)
          }
        }
        #expect(isHarmless(live.output))
        for words in [["list"], ["listeners"], ["list", "--color", "never", "-tulpn"]] {
          let outcome = try await stage.succeed(words, in: puppet.namespace)
          #expect(isHarmless(outcome.output), "\(words): \(outcome.output.debugDescription)")
          #expect(isHarmless(outcome.errors))
        }
        let terminal = try stage.connwatch(["list"], in: puppet.namespace, output: .terminal(columns: 100))
        #expect(try await terminal.end() == 0)
        let text = terminal.output.replacing(/\u{1B}\[[0-9;]*m/, with: "").replacing("\r\n", with: "\n")
        #expect(isHarmless(text), "\(text.debugDescription)")
        // A line a socket: no name breaks one.
        #expect(text.split(separator: "\n").count == live.lines.count + 1)
      }
      try await stage.stop(recorder)
      #expect(isHarmless(recorder.output), "\(recorder.output.debugDescription)")
      for words in [
        ["history", "-a"], ["events"], ["services"], ["list", "--at", "-0s"], ["history", "--json", "-a"],
        ["events", "--json"], ["services", "--json"], ["history", "--group-by", "process"],

      ] {
        let outcome = try await stage.succeed(words)
        #expect(isHarmless(outcome.output), "\(words): \(outcome.output.debugDescription)")
        if words.contains("--json") { #expect(!(try outcome.json()).isEmpty) }
      }
    }

    /// Users are named by whoever may write /etc/passwd, namespaces by whoever may write /run/netns, hosts by strangers.
    @Test(.needs("unshare", "mount")) func usersHostsAndNamespacesMayBeCalledAnything() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      _ = try await puppet.pair("a", listener)
      let name = "evil \u{1B}[31m\u{9B}2J\u{202E}\t\u{7}'); DROP TABLE life;--"
      // A line of /etc/passwd ends at a line end and its name at a colon; a file's name may have those too.
      let space = name + "\n:" + String(repeating: "x", count: 180)
      try "\(name):x:0:0::/:/bin/sh\n".write(
        toFile: stage.path("passwd"), atomically: true, encoding: .utf8)
      let host = "\u{1B}]0;x\u{7}\u{9B}2J\u{202E}evil"
      try "127.0.0.1 \(host)\n".write(toFile: stage.path("hosts"), atomically: true, encoding: .utf8)
      let script = """
        mount --bind "$0/passwd" /etc/passwd && mount --bind "$0/hosts" /etc/hosts && mount -t tmpfs none /run/netns && touch "/run/netns/$1" &&
        mount --bind /proc/$2/ns/net "/run/netns/$1" && shift 2 && exec "$@"
        """
      func disguised(_ words: [String], output: Child.Output = .file) throws -> Child {
        try stage.start(
          [
            "unshare", "--mount", "sh", "-c", script, stage.directory, space, "\(puppet.pid)",
            try #require(Machine.connwatch),
          ] + words,
          output: output)
      }
      let recorder = try disguised(["record", "--netns", "all", "--interval", "50ms", "--print"])
      try await eventually("its rows\n\(recorder.errors)") {
        try await stage.run(["history", "-a", "--json", "-q"]).json().contains { $0.string("netns") == space }
      }
      let present = ["list", "--netns", "all", "-a"]
      let past = ["history", "-a"]
      var named = 0
      for words in [
        present, present + ["-i"], present + ["-r"], present + ["--json"], ["listeners"], past, ["events"],
        past + ["--json"], ["events", "--json"], ["services"], ["port", "8080"], ["db", "info"],
      ] {
        let child = try disguised(words)
        #expect(try await child.end() == 0, "\(words): \(child.errors)")
        #expect(isHarmless(child.output), "\(words): \(child.output.debugDescription)")
        #expect(isHarmless(child.errors), "\(words): \(child.errors.debugDescription)")
        for line in child.output.split(separator: "\n") where words.contains("--json") {
          let row = try JSONLine(String(line))
          if row.string("user") == name && row.string("netns") == space { named += 1 }
        }
        let terminal = try disguised(words, output: .terminal(columns: 100))
        #expect(try await terminal.end() == 0)
        let text = terminal.output.replacing(/\u{1B}\[[0-9;]*m/, with: "").replacing("\r\n", with: "\n")
        #expect(isHarmless(text), "\(words): \(text.debugDescription)")
      }
      #expect(named > 0)
      try await stage.stop(recorder)
      #expect(isHarmless(recorder.output) && isHarmless(recorder.errors))
    }

    /// The same for a program's path, which is also written to the expected set and read again.
    @Test func aHostilePathIsExpectedAgain() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let own = try await stage.puppet()
      let folder = stage.path("bin \u{1B}[31m\nx #  ")
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      for name in ["evil \u{1B}]0;title\u{7}d\n", "ends in blanks  ", "*", "b\\x1b"] {
        let program = folder + "/" + name
        try FileManager.default.copyItem(atPath: try #require(Machine.python), toPath: program)
        let puppet = try await stage.puppet(in: own.namespace, python: program)
        try await puppet.listen("web", 8080)
        for words in [["listeners"], ["listeners", "accept", "--all"], ["listeners"]] {
          let outcome = try await stage.succeed(words, in: own.namespace)
          #expect(isHarmless(outcome.output), "\(words): \(outcome.output.debugDescription)")
        }
        let json = try await stage.succeed(["listeners", "--json"], in: own.namespace).json()
        let row = try #require(json.first { $0.int("port") == 8080 })
        #expect(row.process?.string("exe") == program)
        #expect(row.string("status") == "expected", "\(row.text)")
        #expect(try await stage.run(["listeners", "--check"], in: own.namespace).status == 0)
        puppet.child.finish()
      }
    }
  }
}
