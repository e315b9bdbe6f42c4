// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// A port's biography, on real sockets.
  @Suite(.needsNamespaces)
  struct PortTests {
    private func rows(_ stage: Stage, _ namespace: String, _ words: String...) async throws -> [JSONLine] {
      try await stage.succeed(["port", "--json", "-q"] + words, in: namespace).json()
    }

    private func kind(_ rows: [JSONLine], _ kind: String) -> [JSONLine] {
      rows.filter { $0.string("kind") == kind }
    }

    /// Sentences without the breaks of their lines.
    private func flat(_ text: String) -> String {
      text.split { $0 == " " || $0 == "\n" }.joined(separator: " ")
    }

    /// Waits for samples after this moment.
    private func sampled(_ stage: Stage, _ more: Int = 3) async throws {
      let now = try await stage.samples()
      try await eventually("further samples") { try await stage.samples() >= now + more }
    }

    @Test func holdersOverTime() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let own = try await stage.puppet()
      let namespace = own.namespace
      let recorder = try await stage.record(in: namespace)

      // A telnet server on 23, moved to 65, and something else on 23 after it.
      let telnet = try await stage.puppet(in: namespace)
      try await telnet.name("in.telnetd")
      try await telnet.listen("old", 23)
      try await sampled(stage)
      try await telnet.close("old")
      try await sampled(stage)
      let other = try await stage.puppet(in: namespace)
      try await other.name("impostor")
      try await other.listen("second", 23, address: "0.0.0.0")
      try await telnet.listen("new", 65, address: "0.0.0.0")
      try await sampled(stage)
      let client = try await telnet.connect("c", 65)
      try await telnet.accept("cs", from: "new")
      try await sampled(stage)

      let moved = try await rows(stage, namespace, "65/tcp")
      let port = try #require(kind(moved, "port").first)
      #expect(port.string("registered") == "tacacs-ds")
      #expect(port.bool("ephemeral") == false)
      #expect(
        port.string("note")?.contains("in.telnetd on 65/tcp; 65/tcp is registered as tacacs-ds") == true)
      let holder = try #require(kind(moved, "holder").first)
      #expect(holder.process?.string("name") == "in.telnetd")
      #expect(holder.string("status") == "new" && holder.int("open") == 1)
      #expect(holder.string("exposure") == "any" && holder.string("local_addr") == "0.0.0.0")
      #expect(holder.moment("first_seen") != nil)
      let peers = kind(moved, "peer")
      #expect(Set(peers.compactMap { $0.string("direction") }) == ["in", "out"])
      #expect(peers.allSatisfy { $0.string("remote_addr") == "127.0.0.1" && $0.int("connections") == 1 })

      let story = try await stage.succeed(["port", "65"], in: namespace).output
      let sentences = flat(story)
      #expect(sentences.contains("registered as tacacs-ds"))
      #expect(sentences.contains("in.telnetd usually serves telnet (23)"))
      #expect(sentences.contains("listens on 0.0.0.0:65/tcp, reachable from anywhere, since 20"))
      // What is told before the tables fits a terminal.
      let told = story.split(separator: "\n", omittingEmptySubsequences: false).prefix {
        !$0.hasPrefix("Holders")
      }
      #expect(told.count > 4 && told.allSatisfy { $0.count <= 80 })

      // Two holders of 23 with a gap between them.
      let past = try await rows(stage, namespace, "telnet")
      let holders = kind(past, "holder")
      #expect(holders.map { $0.process?.string("name") } == ["in.telnetd", "impostor"])
      #expect(holders.map { $0.int("open") } == [0, 1])
      #expect(holders.map { $0.string("local_addr") } == ["127.0.0.1", "0.0.0.0"])
      #expect(holders[1].string("risk")?.contains("cleartext") == true)
      let between = kind(past, "gap").filter {
        ($0.moment("first_seen") ?? 0) >= (holders[0].moment("last_seen") ?? .max)
          && ($0.moment("last_seen") ?? .max) <= (holders[1].moment("first_seen") ?? 0)
      }
      #expect(between.count == 1 && between[0].isNull("cause"))
      #expect(past.allSatisfy { $0.keys == past[0].keys })

      // The recorder stops and begins again: that was not watched.
      try await stage.stop(recorder)
      try await other.close("second")
      let again = try await stage.record(in: namespace)
      try await sampled(stage)
      try await stage.stop(again)
      let unwatched = kind(try await rows(stage, namespace, "23"), "gap").compactMap { $0.string("cause") }
      #expect(!unwatched.isEmpty)

      // As a client's port.
      let clients = kind(try await rows(stage, namespace, "\(client.port)"), "connection")
      #expect(clients.map(\.tuple) == ["tcp 127.0.0.1:\(client.port) 127.0.0.1:65"])
    }

    @Test func aClientPortThatIsUsedAgain() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let recorder = try await stage.record(in: puppet.namespace)
      try await puppet.listen("web", 8080)
      var moments: [Int64] = []
      for round in 0..<3 {
        try await puppet.connect("c\(round)", 8080, localPort: 51234)
        try await puppet.accept("s\(round)", from: "web")
        try await sampled(stage, 4)
        moments.append(Int64(Date().timeIntervalSince1970 * 1_000_000))
        try await sampled(stage, 4)
        // The client's reset leaves no TIME_WAIT behind, so the port is free at once.
        try await puppet.close("c\(round)", reset: true)
        try await puppet.close("s\(round)")
        try await sampled(stage, 4)
      }
      try await stage.stop(recorder)
      func at(_ moment: Int64) -> String {
        "@\(moment / 1_000_000).\(String(1_000_000 + moment % 1_000_000).dropFirst())"
      }
      let second = try await rows(stage, puppet.namespace, "51234", "--at", at(moments[1]))
      let lives = kind(second, "connection")
      #expect(lives.map { $0.string("when") } == ["at", "before", "after"])
      #expect(lives.allSatisfy { $0.int("local_port") == 51234 && $0.int("remote_port") == 8080 })
      for (life, moment) in [(lives[0], moments[1]), (lives[1], moments[0]), (lives[2], moments[2])] {
        #expect((life.moment("first_seen") ?? .max) <= moment)
        #expect((life.moment("closed") ?? 0) >= moment)
      }
      let story = flat(
        try await stage.succeed(["port", "51234/tcp", "--at", at(moments[1])], in: puppet.namespace).output)
      #expect(story.contains("The port was used by 3 connections that day"))
      #expect(story.contains("connected from 127.0.0.1:51234 to 127.0.0.1:8080/tcp"))
      #expect(story.contains("to clients"))

      // Outside the history, and in the future.
      let before = try await stage.succeed(["port", "51234", "--at", "2020-01-01"], in: puppet.namespace)
      #expect(flat(before.output).contains("the first sample is of"))
      #expect(before.output.contains("After: "))
      let cause = kind(try await rows(stage, puppet.namespace, "51234", "--at", "2020-01-01"), "gap")
      #expect(cause.first?.string("cause") == "before the first sample")
      expectRefusal(
        try await stage.run(["port", "51234", "--at", "2999-01-01"], in: puppet.namespace), ["in the future"])
    }

    @Test func withoutAHistory() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      try await puppet.listen("web", 8080)
      let outcome = try await stage.succeed(["port", "8080/tcp"], in: puppet.namespace)
      #expect(
        flat(outcome.output).contains("listens on 127.0.0.1:8080/tcp, reachable from this machine alone"))
      #expect(outcome.errors.contains("no history yet"))
      expectRefusal(
        try await stage.run(["port", "8080", "--at", "1m"], in: puppet.namespace), ["no such database"])
      expectRefusal(try await stage.run(["port"], in: puppet.namespace), ["which one"])
      expectRefusal(try await stage.run(["port", "--all", "--at", "1m"], in: puppet.namespace), ["--all"])
      let all = try await stage.succeed(["port", "--all", "--csv"], in: puppet.namespace)
      #expect(all.lines.first == "port,proto,name,registered,aliases,description")
      #expect(all.lines.count > 1900)
      let some = try await stage.succeed(["port", "--all", "TELNET", "--json"], in: puppet.namespace).json()
      #expect(some.contains { $0.int("port") == 23 } && some.count < 20)
    }

    @Test func theProbeTellsOfWhatIsBoundAndDoesNotListen() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      try await puppet.listen("web", 8080, address: "0.0.0.0")
      try await puppet.order(["do": "udp", "key": "u", "port": 5353])
      let clean = try await stage.run(["listeners", "--probe", "--check", "-q"], in: puppet.namespace)
      #expect(clean.status == 0, "\(clean.output)")
      #expect(clean.output.isEmpty)

      try await puppet.order(["do": "bind", "key": "b", "port": 4444, "address": "0.0.0.0"])
      let rows = try await stage.succeed(["listeners", "--probe", "--json", "-q"], in: puppet.namespace)
        .json()
      let row = try #require(rows.first)
      #expect(rows.count == 1)
      #expect(row.int("port") == 4444 && row.string("proto") == "tcp")
      #expect(row.string("bind") == "held" && row.bool("proc") == false)
      let why = try #require(row.string("why"))
      let check = try await stage.run(["listeners", "--probe", "--check", "-q"], in: puppet.namespace)
      if row.string("verdict") == "bound" {
        #expect(row.bool("sock_diag") == true)
        #expect(check.status == 0)
      } else {
        // A kernel before 6.8.
        #expect(row.string("verdict") == "hidden" && row.bool("sock_diag") == false)
        #expect(why.contains("this kernel does not list those"))
        #expect(check.status == 1)
      }
      #expect(why.contains("does not listen"))

      // Tables that lack a listener: what a kernel that hides it would show.
      let proc = stage.path("proc")
      try FileManager.default.createDirectory(atPath: proc + "/net", withIntermediateDirectories: true)
      for table in ["tcp", "tcp6", "udp", "udp6"] {
        let text = try await stage.tool(["cat", "/proc/net/\(table)"], in: puppet.namespace)
        // 8080 is 1F90.
        let lines = text.split(separator: "\n").filter { !$0.contains(":1F90 ") }
        try (lines.joined(separator: "\n") + "\n").write(
          toFile: "\(proc)/net/\(table)", atomically: true, encoding: .utf8)
      }
      let hiding = try await stage.run(
        ["listeners", "--probe", "--check", "--json", "-q", "--proc", proc], in: puppet.namespace)
      #expect(hiding.status == 1)
      let found = try hiding.json().filter { $0.int("port") == 8080 }
      #expect(found.map { $0.string("verdict") } == ["not in proc"])
    }
  }
}
