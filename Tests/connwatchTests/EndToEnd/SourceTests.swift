// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// /proc and sock_diag show the same sockets, whatever is asked.
  @Suite(.needsNamespaces)
  struct SourceTests {
    static let options = [
      "", "-t", "-u", "-l", "-4", "-6", "-tl", "-ul", "-t4", "-t6", "-u4", "-u6", "-tul4", "-l6",
    ]

    static let filters = [
      "state established", "state listening", "state time-wait", "state syn-recv", "state fin-wait-2",
      "state connected", "exclude listening", "state established state close-wait", "state unconnected",
      "dport = :443", "sport = :8080", "sport >= :9000 and sport lt :9002", "dport ne :443", "port 443",
      "dst 10.90.0.2", "dst 10.90.0.0/24:443", "src 127.0.0.0/8", "dst [fd90::/64]", "host 127.0.0.1",
      "not ( src 127.0.0.1 or dst 10.90.0.2 )", "( dport = :443 or sport = :8081 ) and not state time-wait",
      "direction in", "direction out state established", "service https", "user root", "process python*",
      "proto udp", "proto tcp6 or dport = :53",
    ]

    /// Lines without their time, in an order of their own: the kernel's walks need not agree in theirs.
    private func rows(
      _ stage: Stage, _ source: String, _ words: [String], in namespace: String
    ) async throws -> [String] {
      let outcome = try await stage.succeed(["list", "--json", "--source", source] + words, in: namespace)
      return outcome.lines.map { $0.replacing(/^\{"time":"[^"]*",/, with: "") }.sorted()
    }

    /// The scene makes some of its sockets again now and then, so that the same moment may take another look.
    private func expectSame(_ stage: Stage, _ words: [String], in namespace: String) async throws -> [String]
    {
      var last: (proc: [String], netlink: [String]) = ([], [])
      for _ in 0..<3 {
        last.proc = try await rows(stage, "proc", words, in: namespace)
        last.netlink = try await rows(stage, "netlink", words, in: namespace)
        if last.proc == last.netlink { return last.proc }
      }
      let (proc, netlink) = (Set(last.proc), Set(last.netlink))
      Issue.record(
        """
        \(words): in /proc only: \(proc.subtracting(netlink).sorted()), \
        by sock_diag only: \(netlink.subtracting(proc).sorted())
        """)
      return last.proc
    }

    @Test func procAndNetlinkShowTheSameRows() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let (_, ready) = try await stage.scene("all_states.py", ["--hold", "0"])
      let namespace = try #require(ready.string("netns"))
      let all = try await expectSame(stage, [], in: namespace)
      #expect(all.count == ready.objects("expected")?.count)
      #expect(Set(all) == Set(try await rows(stage, "auto", [], in: namespace)))
      for options in Self.options where !options.isEmpty {
        let some = try await expectSame(stage, ["--no-owners", options], in: namespace)
        #expect(!some.isEmpty && some.count < all.count, "\(options)")
      }
      for filter in Self.filters {
        let some = try await expectSame(stage, [filter], in: namespace)
        #expect(some.count < all.count, "\(filter)")
        #expect(Set(some).isSubset(of: all), "\(filter): \(Set(some).subtracting(all).sorted())")
      }
      // What is filtered is judged by every listener all the same.
      let inbound = try await expectSame(stage, ["direction in state established"], in: namespace)
      #expect(!inbound.isEmpty)
    }

    private static let traffic = ["bytes_in", "bytes_out", "rtt_ms", "retransmits", "cwnd"]

    @Test func whatConnectionsCarriedIsToldWhereAsked() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      let client = try await puppet.pair("a", listener)
      let sent = 20_000
      try await puppet.order(["do": "send", "key": "a", "bytes": sent])
      func line(_ words: [String], port: Int) async throws -> (row: JSONLine, remarks: String) {
        let outcome = try await stage.succeed(["list", "--json"] + words, in: puppet.namespace)
        return (try #require(try outcome.json().first { $0.int("local_port") == port }), outcome.errors)
      }
      try await eventually("all bytes to arrive") {
        try await line(["-i", "state established"], port: 8080).row.int("bytes_in") == sent
      }
      let near = try await line(["-i"], port: client.port).row
      #expect(near.int("bytes_out") == sent)
      #expect(near.int("bytes_in") == 0)
      #expect(near.int("retransmits").map { $0 >= 0 } == true)
      #expect(try #require(near.int("cwnd")) > 0)
      let roundTrip = try #require(near.double("rtt_ms"))
      #expect(roundTrip > 0 && roundTrip < 1000)
      #expect(near.text.contains(/"rtt_ms":[0-9]+\.[0-9]{3},/))
      // A listener carries nothing.
      let web = try await line(["-i", "-l"], port: 8080).row
      for key in Self.traffic { #expect(web.isNull(key), "\(key)") }
      // A column that is named is asked for.
      let named = try await line(["--columns", "local_port,bytes_out"], port: client.port).row
      #expect(named.int("bytes_out") == sent)
      // Nobody asked.
      let quiet = try await line([], port: client.port)
      for key in Self.traffic { #expect(quiet.row.isNull(key), "\(key)") }
      #expect(quiet.remarks.isEmpty)
      // Nobody can tell, and that is said once.
      let mute = try await line(["-i", "--source", "proc"], port: client.port)
      for key in Self.traffic { #expect(mute.row.isNull(key), "\(key)") }
      #expect(mute.remarks.split(separator: "\n").count == 1)
      #expect(mute.remarks.contains("/proc does not tell") && mute.remarks.contains("netlink"))
    }

    @Test func tablesShowItInHumanUnits() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      let client = try await puppet.pair("a", listener)
      try await puppet.order(["do": "send", "key": "a", "bytes": 20_000])
      let words = ["list", "-i", "state", "established", "sport", "=", "\(client.port)"]
      try await eventually("all bytes to be acknowledged") {
        try await stage.succeed(words, in: puppet.namespace).output.contains(" 19K ")
      }
      let lines = try await stage.succeed(words, in: puppet.namespace).lines
      #expect(
        lines[0].split(separator: " ") == [
          "STATE", "PROTO", "LOCAL", "REMOTE", "SERVICE", "DIR", "AGE", "PID", "IN", "OUT", "RTT", "RETR",
          "PROCESS",
        ])
      #expect(lines[1].contains(#/ 0 +19K +[0-9.]+ms +[0-9]+ +python/#), "\(lines[1])")
      // Numbers end where their headers do.
      for name in ["IN", "OUT", "RTT", "RETR"] {
        let end = try #require(lines[0].range(of: name + " ")).upperBound
        let place = lines[0].distance(from: lines[0].startIndex, to: end) - 2
        #expect(Array(lines[1])[place] != " " && Array(lines[1])[place + 1] == " ", "\(name)")
      }
      let plain = try await stage.succeed(["list"], in: puppet.namespace).lines
      #expect(!plain[0].contains("RTT"))
    }
  }
}
