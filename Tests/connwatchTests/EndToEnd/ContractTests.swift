// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// The keys that other people's scripts read: written out here, so that a change of them is a change of this.
  @Suite(.needsNamespaces)
  struct ContractTests {
    static let list = [
      "time", "proto", "state", "local_addr", "local_port", "remote_addr", "remote_port", "service",
      "direction",
      "uid", "user", "inode", "recv_q", "send_q", "netns", "process", "first_seen", "bytes_in", "bytes_out",
      "rtt_ms", "retransmits", "cwnd", "host",
    ]
    static let history = [
      "id", "proto", "state", "local_addr", "local_port", "remote_addr", "remote_port", "service",
      "direction",
      "uid", "user", "first_seen", "last_seen", "closed", "duration_s", "uncertainty_s", "states", "process",
      "source", "bytes_in", "bytes_out", "rtt_ms", "retransmits", "netns", "host",
      "outcome",
    ]
    static let events = [
      "time", "event", "id", "proto", "from", "to", "local_addr", "local_port", "remote_addr", "remote_port",
      "service", "direction", "process", "netns", "status",
    ]
    static let services = [
      "service", "port", "proto", "direction", "remote_hosts", "connections", "open", "local_ports",
      "local_ports_total", "processes", "first_seen", "last_seen",
    ]
    static let listeners = [
      "status", "proto", "addr", "port", "service", "exposure", "risk", "process", "first_seen", "last_seen",
      "reason",
    ]
    static let explain = [
      "number", "line", "format", "proto", "state", "scan", "local_addr", "local_port", "local_host",
      "remote_addr", "remote_port", "remote_host", "service", "direction", "client_port", "text", "process",
      "user",
      "netns", "first_seen", "last_seen", "times", "status", "risk", "why_not", "error",
      "host",
    ]
    static let process = ["pid", "name", "exe", "unit", "container", "others", "why_unknown"]

    @Test func keysAreThoseOfTheContractInItsOrder() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let namespace = puppet.namespace
      let listener = try await puppet.listen("web", 8080)
      let recorder = try await stage.record(in: namespace, interval: "50ms")
      _ = try await puppet.pair("open", listener)
      _ = try await puppet.pair("ended", listener)
      try await puppet.connect("waiting", listener.port)
      try await puppet.order(["do": "udp", "key": "dns", "port": 53])
      try await puppet.order(["do": "udp", "key": "asking", "to_port": 53])
      try await eventually("all of them") {
        try await stage.succeed(["history", "-a", "-q", "--json"]).lines.count == 9
      }
      try await puppet.close("ended")
      try await puppet.close("endeds")
      try await eventually("an end") {
        try await stage.succeed(["events", "-q", "--json"]).output.contains("\"closed\"")
      }
      let live = try await expect(stage, ["list"], Self.list, "process", in: namespace)
      try await expect(stage, ["list", "-tulpn"], Self.list, "process", in: namespace)
      try await expect(stage, ["list", "--at", "-0s"], Self.list, "process", in: namespace)
      let lives = try await expect(stage, ["history", "-a"], Self.history, "process")
      let events = try await expect(stage, ["events"], Self.events, "process")
      try await expect(stage, ["services"], Self.services, nil)
      try await expect(stage, ["services", "direction", "in"], Self.services, nil)
      try await expect(stage, ["listeners"], Self.listeners, "process", in: namespace)
      try await stage.stop(recorder)
      let again = try await stage.record(in: namespace, interval: "50ms")
      try await stage.stop(again)
      let gap = try #require(
        try await expect(stage, ["events"], Self.events, "process").first { $0.string("event") == "gap" })
      #expect(
        Self.events.filter { gap.isNull($0) }.count == Self.events.count - 2, "a gap has its time, no more")

      // What is not known is null and there.
      let waiting = try #require(live.first { $0.int("inode") == 0 && $0.string("state") == "ESTABLISHED" })
      #expect(waiting.process?.isNull("pid") == true)
      #expect(waiting.process?.string("why_unknown") == "not yet accepted")
      #expect(live.first { $0.string("state") == "TIME_WAIT" } != nil)
      let open = try #require(lives.first { $0.isNull("closed") })
      #expect(open.isNull("duration_s"))
      #expect(
        Set(events.compactMap { $0.string("event") }).isSubset(of: [
          "opened", "changed", "closed", "listening", "unlistened",
        ]))
      for life in lives {
        for step in try #require(life.objects("states")) {
          #expect(step.string("state") != nil && step.moment("at") != nil)
        }
        #expect(life.text.contains("\"states\":[{\"state\":\""))
      }
    }

    /// The same columns in CSV, a process taken apart; and chosen ones in the order they are named.
    @Test func csvAndChosenColumnsHaveTheSameKeys() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      let recorder = try await stage.record(in: puppet.namespace, interval: "50ms")
      _ = try await puppet.pair("a", listener)
      try await eventually("them") { try await stage.succeed(["history", "-q", "--json"]).lines.count == 2 }
      try await stage.stop(recorder)
      for (words, keys) in [
        (["list"], Self.list), (["history"], Self.history), (["events"], Self.events),
        (["services"], Self.services), (["listeners"], Self.listeners),
      ] {
        let csv = try await stage.succeed(words + ["--csv"], in: puppet.namespace).lines
        let header = keys.flatMap { $0 == "process" ? Self.process.map { "process_" + $0 } : [$0] }
        #expect(csv.first == header.joined(separator: ","))
        #expect(csv.count > 1)
        for line in csv.dropFirst() where !line.contains("\"") {
          #expect(line.split(separator: ",", omittingEmptySubsequences: false).count == header.count)
        }
        #expect(
          try await stage.succeed(words + ["--csv", "-H"], in: puppet.namespace).lines.count == csv.count - 1)
        let chosen = Array(keys.reversed())
        let json = try await stage.succeed(
          words + ["--json", "--columns", chosen.joined(separator: ",")], in: puppet.namespace)
        for line in try json.json() { #expect(line.keys == chosen) }
      }
    }

    /// Every line has these keys in this order; gives the lines.
    @discardableResult
    private func expect(
      _ stage: Stage, _ words: [String], _ keys: [String], _ object: String?, in namespace: String? = nil
    ) async throws -> [JSONLine] {
      let outcome = try await stage.succeed(words + ["--json"], in: namespace)
      #expect(outcome.output.hasSuffix("\n"))
      let lines = try outcome.json()
      #expect(!lines.isEmpty, "\(words)")
      for line in lines {
        #expect(line.keys == keys, "\(words)")
        guard let object, !line.isNull(object) else { continue }
        let start = try #require(line.text.range(of: "\"\(object)\":{"))
        let text = line.text[line.text.index(before: start.upperBound)...]
        let end = try #require(text.firstIndex(of: "}"))
        #expect(try JSONLine(String(text[...end])).keys == Self.process)
      }
      return lines
    }
  }
}
