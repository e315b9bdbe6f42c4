// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// `list` against what the kernel has, as the scene made it and as `ss` shows it.
  @Suite(.needsNamespaces, .needs("ss"))
  struct ListTests {
    /// What is compared of a socket.
    struct Row: Hashable, Comparable, CustomStringConvertible {
      var proto: String
      var state: String
      var local: String
      var remote: String

      var description: String { "\(proto) \(state) \(local) \(remote)" }
      static func < (left: Row, right: Row) -> Bool { left.description < right.description }

      init(proto: String, state: String, local: String, remote: String) {
        self.proto = proto
        self.state = state
        self.local = local
        self.remote = remote
      }

      init(listed line: JSONLine) {
        proto = line.string("proto") ?? ""
        state = line.string("state") ?? ""
        local = "\(line.string("local_addr") ?? ""):\(line.int("local_port") ?? -1)"
        remote = "\(line.string("remote_addr") ?? ""):\(line.int("remote_port") ?? -1)"
      }

      init(expected line: JSONLine) {
        proto = line.string("proto") ?? ""
        state = line.string("state") ?? ""
        local = "\(line.string("local") ?? ""):\(line.int("local_port") ?? -1)"
        remote = "\(line.string("remote") ?? ""):\(line.int("remote_port") ?? -1)"
      }

      /// A line of `ss -H -tuan` without -p: the ends are its last two words, and its first two may be missing.
      init(ss line: Substring) {
        let words = line.split(separator: " ")
        let ends = words.suffix(2)
        let isV6 = ends.first?.hasPrefix("[") == true || ends.first?.hasPrefix("*") == true
        proto = (words.first ?? "") + (isV6 ? "6" : "")
        state = words.count > 1 ? Self.states[String(words[1])] ?? String(words[1]) : ""
        local = Self.end(ends.first ?? "")
        remote = Self.end(ends.last ?? "")
      }

      /// As ss says it, and as the kernel does.
      private static let states = [
        "ESTAB": "ESTABLISHED", "SYN-SENT": "SYN_SENT", "SYN-RECV": "SYN_RECV", "FIN-WAIT-1": "FIN_WAIT1",
        "FIN-WAIT-2": "FIN_WAIT2", "TIME-WAIT": "TIME_WAIT", "CLOSE-WAIT": "CLOSE_WAIT",
        "LAST-ACK": "LAST_ACK",
      ]

      private static func end(_ text: Substring) -> String {
        guard let colon = text.lastIndex(of: ":") else { return String(text) }
        var address = text[..<colon].filter { $0 != "[" && $0 != "]" }
        let port = text[text.index(after: colon)...]
        if address == "*" { address = "::" }
        if address.hasPrefix("::ffff:"), address.contains(".") { address.removeFirst(7) }
        return "\(address):\(port == "*" ? "0" : port)"
      }
    }

    private static func difference(_ ours: [Row], _ theirs: [Row]) -> String {
      var left = ours
      var missing: [Row] = []
      for row in theirs {
        if let place = left.firstIndex(of: row) { left.remove(at: place) } else { missing.append(row) }
      }
      return (missing.map { "missing: \($0)" } + left.map { "too much: \($0)" }).joined(separator: "\n")
    }

    private func ss(_ words: [String], _ stage: Stage, _ namespace: String) async throws -> [Row] {
      try await stage.tool(["ss", "-H", "-n"] + words, in: namespace).split(separator: "\n").map(
        Row.init(ss:))
    }

    @Test func everyStateIsListedAsItIs() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let (_, ready) = try await stage.scene("all_states.py", ["--hold", "0"])
      let namespace = try #require(ready.string("netns"))
      let expected = try #require(ready.objects("expected"))
      let listed = try await stage.succeed(["list", "--json"], in: namespace).json()
      let rows = listed.map(Row.init(listed:))
      #expect(Self.difference(rows, expected.map(Row.init(expected:))) == "")
      #expect(Self.difference(rows, try await ss(["-tua"], stage, namespace)) == "")
      #expect(Set(rows.map(\.state)).count == 11, "every state of TCP and UDP but CLOSE")

      for line in listed { try check(line, expected) }
      for line in listed {
        #expect(line.string("netns") == namespace)
        #expect(line.string("user") == (line.int("uid") == 0 ? "root" : line.isNull("uid") ? nil : "nobody"))
      }
    }

    /// The owner and the direction of one socket.
    private func check(_ line: JSONLine, _ expected: [JSONLine]) throws {
      let row = Row(listed: line)
      let candidates = expected.filter { Row(expected: $0) == row && $0.int("inode") == line.int("inode") }
      let wanted = try #require(candidates.first, "no inode as expected: \(line.text)")
      if let uid = wanted.int("uid") { #expect(line.int("uid") == uid, "\(row)") }
      let process = try #require(line.process)
      let holders = try #require(wanted.ints("pids"))
      if holders.isEmpty {
        #expect(process.isNull("pid"), "\(row)")
        let isWaiting = row.state == "SYN_RECV" || row.state == "ESTABLISHED"
        #expect(process.string("why_unknown") == (isWaiting ? "not yet accepted" : "exited"), "\(row)")
      } else {
        #expect(process.int("pid") == holders[0], "\(row)")
        #expect(process.int("others") == holders.count - 1, "\(row)")
        #expect(process.isNull("why_unknown"), "\(row)")
        #expect(process.string("name")?.hasPrefix("python") == true, "\(row)")
        #expect(process.string("exe")?.hasPrefix("/") == true, "\(row)")
      }
      let local = line.int("local_port") ?? 0
      let remote = line.int("remote_port") ?? 0
      switch row.state {
      case "LISTEN", "UNCONN": #expect(line.isNull("direction"), "\(row)")
      case _ where (8080...8083).contains(local): #expect(line.string("direction") == "in", "\(row)")
      // Neither end is a port that clients are given: no telling without having seen it begin.
      case _ where local == 30001 || local == 30002: #expect(line.isNull("direction"), "\(row)")
      case _ where [443, 8443, 25, 123, 53].contains(remote) || (8080...8083).contains(remote):
        #expect(line.string("direction") == "out", "\(row)")
      default: break
      }
    }

    @Test func noAddressIsCutOnANarrowTerminal() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let (_, ready) = try await stage.scene("all_states.py", ["--hold", "0"])
      let namespace = try #require(ready.string("netns"))
      let expected = try #require(ready.objects("expected"))
      for columns in [80, 60] as [UInt16] {
        let child = try stage.connwatch(["list"], in: namespace, output: .terminal(columns: columns))
        #expect(try await child.end() == 0, "\(child.errors)")
        let escapes = /\u{1B}\[[0-9;]*m/
        let lines = child.output.split(whereSeparator: \.isNewline).map { $0.replacing(escapes, with: "") }
        #expect(lines.count == expected.count + 1)
        // A line is longer than its terminal sooner than an address is cut.
        if columns == 80 { for line in lines { #expect(line.count <= 80, "\(line)") } }
        let showsProto = lines.first?.contains("PROTO") == true
        #expect(showsProto || columns < 80)
        for row in expected {
          func end(_ address: String, _ port: Int) -> String {
            let text = address.contains(":") ? "[\(address)]" : address
            return "\(text):\(port == 0 ? "*" : String(port))"
          }
          let local = end(row.string("local") ?? "", row.int("local_port") ?? -1)
          let remote = end(row.string("remote") ?? "", row.int("remote_port") ?? -1)
          #expect(
            lines.contains {
              let words = $0.split(separator: " ").map(String.init)
              return words.contains(local) && words.contains(remote) && words.first == row.string("state")
                && (!showsProto || words.contains(row.string("proto") ?? ""))
            }, "\(local) \(remote)")
        }
      }
    }

    /// Words for us, and words for ss where they are others.
    static let questions: [(ours: [String], theirs: [String])] = [
      (["-t"], ["-ta"]), (["-u"], ["-ua"]), (["-t", "-a"], ["-ta"]), (["-t", "-l"], ["-tl"]),
      (["-4"], ["-tua4"]), (["-6"], ["-tua6"]), (["-t", "-4"], ["-ta4"]), (["-u", "-6"], ["-ua6"]),
      (["-tan"], ["-tan"]), (["-tln4"], ["-tln4"]), (["-tuan"], ["-tuan"]),
    ]

    static let filters = [
      "state established", "state time-wait", "state fin-wait-2", "state listening", "state syn-recv",
      "state connected", "state synchronized", "state bucket", "state big", "state all",
      "state established state close-wait", "exclude listening", "exclude established exclude time-wait",
      "state established dport = :443", "dport = :443", "sport = :8080", "dport = :80", "sport >= :9000",
      "sport > :9000", "sport gt :9000 and sport lt :9002", "dport ne :443", "dst 10.90.0.2",
      "dst 10.90.0.0/24",
      "dst 10.90.0.2:443", "src 127.0.0.1", "src 127.0.0.0/8:8080", "dst [fd90::2]:443", "dst [fd90::/64]",
      "dst [fd90::2]",
      "src [::1]", "( dport = :443 or dport = :8443 ) and dst 10.90.0.2",
      "not ( src 127.0.0.1 or src [::1] )", "! dst 10.90.0.2", "dport = :443 or sport = :8081",
      "state all sport = :5353", "state unconnected",
    ]

    @Test func optionsAndFiltersMeanWhatTheyMeanToSS() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let (_, ready) = try await stage.scene("all_states.py", ["--hold", "0"])
      let namespace = try #require(ready.string("netns"))
      func listed(_ words: [String]) async throws -> [Row] {
        try await stage.succeed(["list", "--json", "--no-owners"] + words, in: namespace).json()
          .map(Row.init(listed:))
      }
      /// ss leaves out the columns that are the same in every row, so only the ends are compared.
      func ends(_ rows: [Row]) -> [Row] {
        rows.map { Row(proto: "", state: "", local: $0.local, remote: $0.remote) }
      }
      for question in Self.questions {
        let ours = ends(try await listed(question.ours))
        let theirs = ends(try await ss(question.theirs, stage, namespace))
        #expect(Self.difference(ours, theirs) == "", "\(question.ours)")
        #expect(!ours.isEmpty)
      }
      for filter in Self.filters {
        let words = filter.split(separator: " ").map(String.init)
        let ours = ends(try await listed(words))
        let theirs = ends(try await ss(["-tua"] + words, stage, namespace))
        #expect(Self.difference(ours, theirs) == "", "\(filter)")
        // One argument is as good as many.
        if words.count > 2 { #expect(ends(try await listed([filter])) == ours, "\(filter)") }
      }
    }

    @Test func netstatsOldHabitShowsWhoListens() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let (_, ready) = try await stage.scene("all_states.py", ["--hold", "0"])
      let namespace = try #require(ready.string("netns"))
      let range = try await stage.tool(["cat", "/proc/sys/net/ipv4/ip_local_port_range"], in: namespace)
        .split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
      let lines = try await stage.succeed(["-tulpn"], in: namespace).lines
      // A UDP port that the kernel gave out by itself is a client's; ss cannot tell.
      let theirs = try await ss(["-tul"], stage, namespace).filter { row in
        let port = row.local.split(separator: ":").last.flatMap { Int($0) } ?? 0
        return row.state == "LISTEN" || !(range[0]...range[1]).contains(port)
      }
      #expect(lines.count == theirs.count + 1)
      #expect(lines[0].hasPrefix("STATE"))
      #expect(lines.dropFirst().allSatisfy { $0.contains("python") })
      #expect(lines.contains { $0.contains("127.0.0.1:9002") && $0.contains("+1") })
      let json = try await stage.succeed(["--json", "-tulpn"], in: namespace).json().map(Row.init(listed:))
      #expect(Self.difference(json, theirs) == "")
    }
  }
}
