// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// Attempts that a real packet filter keeps from becoming connections, over loopback of a namespace.
  struct BlockedTests {
    private static let rules = """
      table inet quiz {
        chain in {
          type filter hook input priority 0;
          tcp dport 23 drop
          tcp dport 24 reject with icmp type host-unreachable
          tcp dport 26 reject
          tcp dport 81 tcp flags & (syn|ack) == ack drop
        }
      }
      """

    private static let keys = [
      "verdict", "remote_addr", "remote_port", "service", "process", "attempts", "first_seen", "last_seen",
      "direction", "local_port", "open", "longest_s", "netns",
    ]

    /// A namespace with those rules, and servers on 23, 80 and 81 of which 80 alone can be reached.
    private func place(_ stage: Stage) async throws -> Puppet {
      let puppet = try await stage.puppet()
      try Self.rules.write(toFile: stage.path("rules"), atomically: true, encoding: .utf8)
      _ = try await stage.tool(["nft", "-f", stage.path("rules")], in: puppet.namespace)
      for port in [23, 80, 81] { try await puppet.listen("server\(port)", port) }
      return puppet
    }

    /// Tries to connect, and gives what the program is told.
    private func attempt(_ puppet: Puppet, _ port: Int, timeout: Double = 3) async -> String {
      do {
        try await puppet.order(["do": "connect", "key": "c\(port)", "port": port, "timeout": timeout])
        return "connected"
      } catch {
        return "\(error)"
      }
    }

    private func text(_ row: JSONLine) -> String {
      let port = row.int("remote_port").map { ":\($0)" } ?? " on \(row.int("local_port") ?? -1)"
      return
        "\(row.string("verdict") ?? "-") \(row.string("remote_addr") ?? "-")\(port) \(row.int("attempts") ?? -1)"
    }

    @Test(.needsTrace, .needs("nft"))
    func whatAFirewallDoesIsToldByProgram() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await place(stage)
      let other = try await stage.puppet(in: puppet.namespace)
      let recorder = try await stage.record(in: puppet.namespace, interval: "1s")
      try await puppet.name("telnet")
      try await other.name("nc")
      for _ in 0..<2 { #expect(await attempt(puppet, 23, timeout: 1.2).contains("timed out")) }
      // Given up too soon to be told from a slow network.
      #expect(await attempt(puppet, 23, timeout: 0.2).contains("timed out"))
      #expect(await attempt(puppet, 24).contains("No route to host"))
      #expect(await attempt(puppet, 26).contains("refused"))
      for _ in 0..<3 { #expect(await attempt(puppet, 25).contains("refused")) }
      #expect(await attempt(puppet, 80) == "connected")
      try other.child.tell(#"{"do": "connect", "key": "a", "port": 23, "timeout": 60}"#)
      try await eventually("an attempt that goes on") {
        try await stage.succeed(["blocked", "-q", "--json", "process", "nc"]).json().first?.int("open") == 1
      }
      try await stage.stop(recorder)
      let outcome = try await stage.succeed(["blocked", "--json"])
      #expect(!outcome.errors.contains("without the kernel's trace"), "\(outcome.errors)")
      #expect(outcome.errors.contains("closed ports is not seen"))
      let rows = try outcome.json()
      #expect(
        rows.map { "\(text($0)) \($0.process?.string("name") ?? "-")" }.sorted() == [
          "filtered 127.0.0.1:23 1 nc", "filtered 127.0.0.1:23 2 telnet", "refused 127.0.0.1:25 3 telnet",
          "refused 127.0.0.1:26 1 telnet", "unreachable 127.0.0.1:24 1 telnet",
        ])
      for row in rows {
        #expect(row.keys == Self.keys)
        #expect(row.string("direction") == "out" && row.isNull("local_port"))
        let isNC = row.process?.string("name") == "nc"
        #expect(row.process?.int("pid") == (isNC ? other.pid : puppet.pid))
        #expect(row.int("open") == (isNC ? 1 : 0))
        let longest = try #require(row.double("longest_s"))
        let range = row.string("verdict") == "filtered" ? 1.0...60 : 0...0.5
        #expect(range.contains(longest), "\(row.text)")
      }
      #expect(rows.first { $0.int("remote_port") == 23 }?.string("service") == "telnet")
      // The filter and the range hold.
      let refused = try await stage.succeed(["blocked", "-q", "--json", "dport", "=", ":25"]).json()
      #expect(refused.map(text) == ["refused 127.0.0.1:25 3"])
      #expect(try await stage.succeed(["blocked", "-q", "--json", "--limit", "1"]).json().count == 1)
      let none = try await stage.succeed(["blocked", "-q", "--json", "--until", "2020-01-01 00:00"])
      #expect(none.output.isEmpty)
      // Eighty columns are enough.
      let table = try await stage.run(["blocked", "-q"], environment: ["COLUMNS": "80"])
      #expect(table.lines.count == 6 && table.output.contains("telnet"))
    }

    @Test(.needsNamespaces, .needs("nft"), arguments: ["proc", "netlink"])
    func samplesAloneSeeWhatTakesTime(source: String) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await place(stage)
      let recorder = try await stage.record(["--source", source], in: puppet.namespace, interval: "200ms")
      try await expectWhatTakesTime(puppet, stage, recorder, database: stage.database)
    }

    @Test(.needsNamespaces, .needs("nft", "setpriv"))
    func anOrdinaryUserSeesWhatTakesTime() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await place(stage)
      let user = try KernelUser(stage)
      let recorder = try await user.record(in: puppet.namespace, interval: "200ms")
      try await expectWhatTakesTime(puppet, stage, recorder, database: user.database)
    }

    private func expectWhatTakesTime(
      _ puppet: Puppet, _ stage: Stage, _ recorder: Child, database: String
    ) async throws {
      #expect(await attempt(puppet, 80) == "connected")
      // Its answer to our answer is dropped: it is connected, as far as it knows.
      for key in ["one", "two"] { try await puppet.order(["do": "connect", "key": key, "port": 81]) }
      #expect(await attempt(puppet, 23, timeout: 2.5).contains("timed out"))
      #expect(await attempt(puppet, 25).contains("refused"))
      try await stage.stop(recorder)
      let outcome = try await stage.succeed(["blocked", "--json", "--db", database])
      #expect(
        outcome.errors.contains("without the kernel's trace: refused and unreachable"), "\(outcome.errors)")
      #expect(!outcome.errors.contains("closed ports"), "something inbound is there")
      let rows = try outcome.json()
      #expect(rows.map(text).sorted() == ["filtered 127.0.0.1:23 1", "unanswered 127.0.0.1 on 81 2"])
      for row in rows {
        let isIn = row.string("verdict") == "unanswered"
        #expect(row.string("direction") == (isIn ? "in" : "out"))
        #expect(row.isNull("remote_port") == isIn && row.isNull("local_port") != isIn)
        #expect(row.double("longest_s") ?? 0 >= 0.95)
      }
      let quiet = try await stage.succeed(["blocked", "-q", "--db", database])
      #expect(quiet.errors.isEmpty)
    }
  }
}
