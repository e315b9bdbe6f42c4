// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// Lines that somebody pastes, told beside the sockets that they are about.
  @Suite(.needsNamespaces)
  struct ExplainTests {
    /// Runs explain with a text on standard input.
    private func explain(
      _ text: String, _ words: [String] = [], _ stage: Stage, in namespace: String
    ) async throws -> Stage.Outcome {
      let file = stage.path("lines.txt")
      try Data(text.utf8).write(to: URL(filePath: file))
      let program = try #require(Machine.connwatch)
      let child = try stage.start(
        ["sh", "-c", "file=$1; shift; exec \"$0\" explain \"$@\" <\"$file\"", program, file] + words,
        in: namespace)
      let status = try await child.end()
      return Stage.Outcome(status: status, output: child.output, errors: child.errors)
    }

    @Test func aListenerWithItsOwnerAndVerdict() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      try await puppet.listen("telnet", 23, address: "0.0.0.0")
      let line = ["explain", "--json", "23/tcp", "open", "telnet"]
      let first = try #require(try await stage.succeed(line, in: puppet.namespace).json().first)
      #expect(first.keys == ContractTests.explain)
      #expect(first.process?.int("pid") == puppet.pid)
      #expect(first.string("status") == "new")
      #expect(first.isNull("why_not"))
      #expect(first.string("risk")?.contains("cleartext") == true)
      #expect(first.string("text")?.contains("Policy: none yet") == true)
      let wrong = try #require(
        try await stage.succeed(["explain", "--json", "[::1]:23"], in: puppet.namespace).json().first)
      #expect(wrong.process == nil && wrong.string("why_not") == "not in use")
      _ = try await stage.succeed(["listeners", "accept", "23"], in: puppet.namespace)
      let second = try await stage.succeed(["explain"] + line.dropFirst(2), in: puppet.namespace)
      #expect(second.output.hasPrefix("23/tcp open telnet\n  A scan found TCP port 23 open"))
      #expect(second.output.replacing("\n ", with: "").contains("(pid \(puppet.pid)"))
      #expect(second.output.replacing("\n ", with: "").contains("Verdict: expected."))
      for line in second.lines { #expect(line.count <= 80) }
      // Any other namespace may have port 23; nobody has this one.
      let gone = try #require(
        try await stage.succeed(["explain", "--json", "30123/tcp", "open"], in: puppet.namespace).json().first
      )
      #expect(gone.string("why_not") == "not in use")
      #expect(gone.isNull("status"))
      #expect(gone.process == nil)
    }

    @Test func aConnectionFromBothSidesAndFromHistory() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      let recorder = try await stage.record(in: puppet.namespace)
      let client = try await puppet.pair("client", listener)
      let ends = ["127.0.0.1:\(client.port)", "127.0.0.1:8080"]
      let line = "tcp 0 0 \(ends[0]) \(ends[1]) ESTABLISHED"
      let open = try #require(
        try await stage.succeed(["explain", "--json", line], in: puppet.namespace).json().first)
      #expect(open.process?.int("pid") == puppet.pid)
      #expect(open.string("direction") == "out")
      #expect(open.int("client_port") == client.port)
      #expect(open.string("service") == "http-alt")
      #expect(open.isNull("why_not"))
      try await eventually("the connection in the history") {
        try await stage.succeed(["history", "-q", "--json"]).lines.count == 2
      }
      try await puppet.close("clients", reset: true)
      try await puppet.close("client", reset: true)
      try await eventually("its end") {
        try await stage.succeed(["history", "-q", "--json"]).json().allSatisfy { !$0.isNull("closed") }
      }
      try await stage.stop(recorder)
      for words in [[line], ["\(ends[1]) -> \(ends[0])"], ends] {
        let past = try #require(
          try await stage.succeed(["explain", "--json"] + words, in: puppet.namespace).json().first)
        #expect(past.string("why_not") == "ended")
        #expect(past.int("times") == 2, "both ends are here")
        #expect(past.string("text")?.contains("The history has it 2 times") == true)
        #expect(past.int("client_port") == client.port)
      }
    }

    @Test func whatIsPastedNextToWhatCannotBeRead() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      try await puppet.listen("ftp", 21)
      let text = """
        21/tcp open ftp
        * + 192.0.2.1  mirage
        \t|___    21  File Transfer Protocol [Control]
        \t\t|___ 220 ready

        nonsense here
        \u{1B}]0;evil\u{07}22
        80\u{0}
        \(String(repeating: "x", count: 1_000_000))
        TCP mirage:1372 vnt4.webhosting.com:80 ESTABLISHED
        """
      let table = try await explain(text, [], stage, in: puppet.namespace)
      #expect(table.status == 0)
      for number in [6, 7, 8, 9] { #expect(table.errors.contains("line \(number): "), "\(table.errors)") }
      #expect(!table.errors.contains("line 5"))
      #expect(
        (table.output + table.errors).unicodeScalars.allSatisfy {
          $0.value >= 32 && $0.value != 127 || $0 == "\n"
        })
      #expect(table.output.utf8.count < 20_000)
      let rows = try await explain(text, ["--json", "-q"], stage, in: puppet.namespace)
      #expect(rows.errors.isEmpty)
      let json = try rows.json()
      #expect(json.map { $0.int("number") } == [1, 3, 6, 7, 8, 9, 10])
      #expect(json.map { $0.isNull("text") } == [false, false, true, true, true, true, false])
      #expect(json.map { $0.isNull("error") } == [true, true, false, false, false, false, true])
      #expect(json[1].string("why_not") == "other machine")
      #expect(json[0].process?.int("pid") == puppet.pid)
      #expect(json[6].int("client_port") == 1372)
      #expect(json[6].string("remote_host") == "vnt4.webhosting.com")
      let alone = try await stage.run(["explain", "--json", "garbage here"], in: puppet.namespace)
      #expect(alone.status == 2)
      #expect(try alone.json().map { $0.isNull("error") } == [false])
      expectRefusal(
        try await explain("a b c d e", [], stage, in: puppet.namespace), ["line 1", "not a line"])
      expectRefusal(try await explain("", [], stage, in: puppet.namespace), ["no line to explain"])
      expectRefusal(
        try await explain("x y z\nx y z\n", ["-"], stage, in: puppet.namespace),
        ["none of 2 lines", "line 1"])
    }

    @Test func aFilterIsAskedOfWhatIsOpen() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      for port in 8080...8084 { try await puppet.listen("l\(port)", port) }
      let all = try await stage.succeed(
        ["explain", "state", "listening", "--json", "--limit", "3"], in: puppet.namespace)
      #expect(all.lines.count == 3)
      #expect(all.errors.contains("2 more match"))
      #expect(try all.json().allSatisfy { $0.string("format") == "live" && $0.isNull("number") })
      let one = try await stage.succeed(["explain", "--live", "sport", "=", ":8083"], in: puppet.namespace)
      #expect(one.lines.first == "tcp 127.0.0.1:8083 0.0.0.0:* LISTEN")
      #expect(one.output.contains("only programs of the same machine"))
      let none = try await stage.succeed(["explain", "--live", "sport", "=", ":9"], in: puppet.namespace)
      #expect(none.output.isEmpty)
      #expect(none.errors.contains("no socket here matches"))
      expectRefusal(try await stage.run(["explain", "--live", "sport"], in: puppet.namespace), ["sport"])
    }

    @Test(.needs("setpriv")) func anOrdinaryUserIsToldWhatMayNotBeSeen() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      try await puppet.listen("telnet", 23, address: "0.0.0.0")
      let program = stage.path("connwatch")
      try FileManager.default.copyItem(atPath: try #require(Machine.connwatch), toPath: program)
      chmod(program, 0o755)
      let child = try stage.start(
        [
          "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program, "explain", "--json", "23",
          "24",
        ],
        in: puppet.namespace, environment: ["CONNWATCH_DB": nil])
      #expect(try await child.end() == 0, "\(child.errors)")
      let rows = try child.lines.map { try JSONLine(String($0)) }
      #expect(rows.first?.process?.string("why_unknown") == "no permission")
      #expect(rows.first?.string("text")?.contains("may not be seen (no permission)") == true)
      #expect(rows.last?.string("why_not") == "not in use")
    }

    @Test func aSocketOfAnotherNamespaceIsFound() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let here = try await stage.puppet()
      let there = try await stage.puppet()
      try await there.listen("odd", 23456, address: "0.0.0.0")
      let row = try #require(
        try await stage.succeed(["explain", "--json", "23456/tcp", "open"], in: here.namespace).json().first)
      #expect(row.string("netns") == there.namespace)
      #expect(row.process?.int("pid") == there.pid)
    }
  }
}
