// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// What cannot be done: exit status 2, one clear line, nothing on standard output.
  @Suite struct BadUseTests {
    /// A command line and what the message must say.
    struct Case: CustomTestStringConvertible, Sendable {
      var words: [String]
      var says: [String]
      var testDescription: String { words.joined(separator: " ") }

      init(_ words: String, _ says: String...) {
        self.words = words.split(separator: " ").map(String.init)
        self.says = says
      }
    }

    static let commandLines = [
      Case("--bogus", "--bogus"), Case("list --bogus", "--bogus"), Case("record --bogus", "--bogus"),
      Case("lst", "unknown command 'lst'", "'list'"), Case("hisotry", "'history'"),
      Case("servces", "'services'"),
      Case("frobnicate", "unknown command 'frobnicate'", "record"),
      Case("port", "port"), Case("port 65536", "65536"), Case("port 22/sctp", "22/sctp"),
      Case("list -x", "-x", "Unix sockets are not supported"),
      Case("-w", "-w", "raw sockets are not supported"),
      Case("list -t -l -a", "-l and -a"), Case("list --json --csv", "--json and --csv"),
      Case("list --color pink", "pink", "always"), Case("list --columns pid,foo", "no column", "local_addr"),
      Case("list --columns local_adr", "did you mean \"local_addr\""),
      Case("listeners --columns foo", "no column \"foo\"", "exposure"),
      Case("list --at nonsense", "\"nonsense\" is not a time", "03:14"),
      Case("list --at 2099-01-01", "2099-01-01", "in the future"),
      Case("list --proc /nonexistent", "/nonexistent/net/tcp", "No such file or directory"),
      Case("list --source trace", "--source trace", "record", "netlink"),
      Case("list --source magic", "magic"), Case("list --netns", "--netns"),
      Case("list --netns= -t", "--netns"),
      Case("list --netns nosuch", "--netns nosuch", "no such network namespace", "there are net:["),
      Case("list --netns 4194305", "--netns 4194305", "no such process"),
      Case("list --netns all --proc /nonexistent", "/nonexistent/self/ns/net", "No such file or directory"),
      Case("listeners --proc /nonexistent", "/nonexistent/net/tcp"),
      Case("record --interval 0", "--interval 0", "too short"),
      Case("record --interval -1s", "-1s", "not a duration"), Case("record --interval 1x", "1x", "500ms"),
      Case("record --for never", "never", "not a duration"),
      Case("record --max-size 1", "--max-size 1", "1M"),
      Case("record --max-size big", "big", "not a size"), Case("record --keep x", "\"x\" is not a duration"),
      Case("record --ignore dst", "filter", "dst"), Case("record --columns foo", "no column \"foo\""),
      Case("record extra", "extra"), Case("record --source magic", "magic"), Case("list --db", "--db"),
      Case("listeners accept", "22"), Case("listeners accept 0", "\"0\" is not a port"),
      Case("port -1", "\"-1\" is not a port"), Case("port --since 1h -22/udp", "\"-22/udp\" is not a port"),
      Case("listeners accept -1", "\"-1\" is not a port"),
      Case("listeners accept -q 1/udp", "nothing listens on 1/udp"), Case("db frob", "frob"),
      Case("history --limit many", "many"), Case("history --limit -1", "--limit -1"),
      Case("history --since nonsense", "\"nonsense\" is not a time", "-90m", "2026-01-01 10:00"),
      Case("history --until 25:00", "25:00"),
      Case("history --group-by colour", "no key 'colour'", "remote_addr"),
      Case("history --columns foo", "no column \"foo\""), Case("services --columns foo", "no column \"foo\""),
      Case("services --since 32.13.", "32.13."), Case("events --columns foo", "no column \"foo\""),
      Case("events -f --until now", "-f and --until"), Case("events --since nonsense", "not a time"),
      Case("db info --columns foo", "no column \"foo\""), Case("db prune", "--keep"),
      Case("db prune --keep soon", "soon", "30d"), Case("db backup", "file"),
    ]

    /// Whether or not there is a history to be asked, the question is wrong.
    @Test(arguments: commandLines)
    func aWrongCommandLineIsToldInOneLine(_ wrong: Case) async throws {
      let stage = try Stage()
      defer { stage.end() }
      expectRefusal(try await stage.run(wrong.words), wrong.says)
    }

    static let filters = [
      Case("dst example.com", "'example.com' is not an address", "host names"),
      Case("sprot = :80", "unknown word 'sprot'", "'sport'"), Case("dport = :99999", "99999", "out of range"),
      Case("state opened", "unknown state 'opened'", "established"), Case("dst 10.0.0.0/33", "33"),
      Case("( dport = :80", "unmatched '('"), Case("dport = :80 )", ")"),
      Case("dport", "'dport' needs a port"),
      Case("not", "not"), Case("dport = :80 and", "and"), Case("dev eth0", "dev", "not supported"),
      Case("process", "process"), Case("direction sideways", "sideways"), Case("dport ~ :80", "~"),
      Case("user nosuchuser", "nosuchuser"), Case("pid me", "me"), Case("dst [::1", "[::1"),
      Case("proto icmp", "icmp"), Case("sport = :nosuchservice", "nosuchservice"),
    ]

    /// The caret stands under the word that is wrong; all commands that take a filter say the same.
    @Test(arguments: filters)
    func aWrongFilterIsPointedAt(_ wrong: Case) async throws {
      let stage = try Stage()
      defer { stage.end() }
      for command in ["list", "history"] {
        let outcome = try await stage.run([command] + wrong.words)
        expectRefusal(outcome, ["filter: "] + wrong.says)
        let lines = outcome.errors.split(separator: "\n")
        let caret = try #require(lines.last?.firstIndex(of: "^"), "\(outcome.errors)")
        try #require(lines.count == 3, "\(outcome.errors)")
        #expect(lines[1] == "  " + wrong.words.joined(separator: " "))
        // Under a word or right after the last one, where something is missing.
        let place = lines[2].distance(from: lines[2].startIndex, to: caret)
        #expect(place >= 2 && place <= lines[1].count)
        #expect(lines[2].allSatisfy { " ^~".contains($0) })
      }
    }

    @Test func theCaretIsUnderTheWord() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let outcome = try await stage.run(["state", "established", "and", "dst", "example.com"])
      let expected = """
          state established and dst example.com
                                    ^~~~~~~~~~~

        """
      #expect(outcome.errors.hasSuffix(expected), "\(outcome.errors)")
    }

    /// What has been typed comes back harmless.
    @Test func hostileArgumentsAreEscaped() async throws {
      let stage = try Stage()
      defer { stage.end() }
      for words in [
        ["\u{1B}[31mred"], ["list", "dst", "\u{1B}]0;x\u{7}"], ["--db", "/no/\u{1B}[2J\nwhere", "history"],
        ["list", "--columns", "\u{1B}[1m"], ["history", "--since", "\u{1B}c"], ["--\u{1B}[5mblink"],
        ["list", "--at", "\u{202E}1h"], ["listeners", "accept", "\u{9B}31m"],
        ["record", "--interval", "\u{7}"],
      ] {
        let outcome = try await stage.run(words)
        #expect(outcome.status == 2, "\(words)")
        let isClean = outcome.errors.unicodeScalars.allSatisfy {
          $0 == "\n" || !($0.value < 0x20 || (0x7F..<0xA0).contains($0.value) || $0.value == 0x202E)
        }
        #expect(isClean, "\(outcome.errors.debugDescription)")
        expectRefusal(outcome, [])
      }
    }

    @Test func aProcDirectoryWithoutTablesIsNotAnEmptyTable() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let proc = stage.path("proc")
      try FileManager.default.createDirectory(atPath: proc + "/net", withIntermediateDirectories: true)
      func list() async throws -> Stage.Outcome { try await stage.run(["list", "--proc", proc]) }
      expectRefusal(try await list(), ["\(proc)/net/tcp", "No such file"])
      try "".write(toFile: proc + "/net/tcp", atomically: true, encoding: .utf8)
      expectRefusal(try await list(), ["\(proc)/net/tcp", "empty, without even a header"])
      try "hello\n".write(toFile: proc + "/net/tcp", atomically: true, encoding: .utf8)
      expectRefusal(try await list(), ["\(proc)/net/tcp", "no header", "\"hello\""])
      try FileManager.default.removeItem(atPath: proc + "/net/tcp")
      try FileManager.default.createDirectory(
        atPath: proc + "/net/tcp", withIntermediateDirectories: true)
      expectRefusal(try await list(), ["\(proc)/net/tcp", "directory"])
    }

    /// A recorder that can read nothing says so once, and ends with 2.
    @Test func recordingWithoutTablesFails() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let outcome = try await stage.run([
        "record", "--proc", "/nonexistent", "--interval", "20ms", "--for", "300ms",
      ])
      #expect(outcome.status == 2)
      #expect(outcome.output.isEmpty)
      #expect(outcome.errors.components(separatedBy: "/nonexistent/net/tcp").count == 2, "\(outcome.errors)")
      #expect(outcome.errors.split(separator: "\n").last == "connwatch: record: nothing could be sampled")
      let gaps = try await stage.succeed(["events", "--json"]).json()
      #expect(gaps.compactMap { $0.string("event") } == ["gap"])
      #expect(
        try await stage.sql("SELECT cause, until_us - since_us > 250000 FROM gaps") == [
          ["/proc unreadable", "1"]
        ])
    }

    static let fullOutputs = [
      "list", "list --json", "--help", "-V", "history", "history --json", "services", "events --json",
      "db info",
      "listeners", "list --csv", "list -s",
    ].map { Case($0) }

    /// A full disk under standard output is a failure, and a reader that went away is none.
    @Test(arguments: fullOutputs)
    func whatCannotBeWrittenIsAFailureButForABrokenPipe(_ command: Case) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let proc = try stage.capturedProc()
      #expect(
        try await stage.run(["record", "--proc", proc, "--interval", "20ms", "--for", "60ms"]).status == 0)
      // -q, so that nothing but the failure is on standard error.
      let words = command.words.contains("-V") ? command.words : command.words + ["-q", "--proc", proc]
      let full = try await stage.run(words, output: .path("/dev/full"))
      #expect(full.status == 2, "\(full.errors)")
      #expect(full.errors == "connwatch: standard output: No space left on device\n")
      let broken = try await stage.run(words, output: .brokenPipe)
      #expect(broken.status == 0)
      #expect(broken.errors.isEmpty)
    }
  }
}

/// Expects exit status 2, the reason as `connwatch: what: why (hint)` in one line, and nothing on standard output.
///
/// After that line a filter is pointed at in two more, and a wrong option refers to the help in one.
func expectRefusal(
  _ outcome: Stage.Outcome, _ says: [String], sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(outcome.status == 2, "\(outcome.errors)", sourceLocation: sourceLocation)
  #expect(outcome.output.isEmpty, sourceLocation: sourceLocation)
  let lines = outcome.errors.split(separator: "\n")
  #expect(lines.first?.hasPrefix("connwatch: ") == true, "\(outcome.errors)", sourceLocation: sourceLocation)
  for text in says {
    #expect(lines.first?.contains(text) == true, "\(text): \(outcome.errors)", sourceLocation: sourceLocation)
  }
  for line in lines.dropFirst() {
    #expect(
      line.hasPrefix("  ") || line.hasPrefix("Usage: "), "\(outcome.errors)", sourceLocation: sourceLocation)
  }
}
