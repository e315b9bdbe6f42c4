// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// Lives that the kernel's own words could be misread to begin or end.
  struct KernelLifeTests {
    /// The kernel traces an attempt that finds no port as SYN_SENT and CLOSE of whatever tuple it was to have: where
    /// the port was bound, that is the tuple of a connection that lives.
    @Test(.needsTrace) func anAttemptWithoutAPortEndsNothing() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      try await puppet.order([
        "do": "sysctl", "name": "net.ipv4.ip_local_port_range", "value": "40000 40001",
      ])
      let listener = try await puppet.listen("web", 8080)
      let recorder = try await stage.record(in: puppet.namespace)
      try await puppet.connect("a", listener.port, localPort: 40000)
      try await puppet.accept("as", from: "web")
      _ = try await puppet.pair("b", listener)
      for _ in 0..<20 {
        // No port is left, and one that is bound to that of a connection with the same remote end.
        for port in [nil, 40000] {
          let failure = await #expect(throws: TestFailure.self) {
            try await puppet.connect("x", listener.port, localPort: port)
          }
          // EADDRNOTAVAIL, of connect(2).
          #expect(failure?.description.contains("[Errno 99]") == true, "\(failure?.description ?? "")")
        }
      }
      let seen = try await stage.samples()
      try await eventually("some samples") { try await stage.samples() > seen + 5 }
      let open = try await stage.history()
      #expect(open.count == 4, "\(open.map(\.tuple))")
      #expect(open.allSatisfy { $0.isNull("closed") && $0.string("state") == "ESTABLISHED" })
      try await puppet.close("a")
      try await puppet.close("as")
      try await stage.stop(recorder)
      let rows = try await stage.history()
      #expect(rows.map { $0.int("id") } == open.map { $0.int("id") })
      let first = try #require(rows.first { $0.int("local_port") == 40000 })
      #expect(first.isWhole, "\(first.text)")
      #expect(rows.filter { $0.int("local_port") == 40001 }.map(\.states) == [["SYN_SENT", "ESTABLISHED"]])
      let information = try await stage.information()
      #expect(information.int("active_opens") == 2)
      #expect(information.int("recorded") == 4)
    }

    /// A client that has closed waits for the server, which takes its time: the kernel has told the socket's end long before.
    @Test(.needsTrace, arguments: ["trace", "netlink"])
    func aClientWhoseServerGoesOnWaitsInFinWait2(_ source: String) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      let recorder = try await stage.record(["--source", source], in: puppet.namespace)
      let client = try await puppet.pair("a", listener)
      let words = ["sport", "=", "\(client.port)"]
      try await eventually("the connection") {
        try await stage.history(words).first?.string("state") == "ESTABLISHED"
      }
      try await puppet.close("a")
      let waiting = Date()
      while Date().timeIntervalSince(waiting) < 3 {
        try await Task.sleep(for: .milliseconds(300))
        let row = try #require(try await stage.history(words).first)
        #expect(row.isNull("closed"))
        #expect(row.string("state") == "FIN_WAIT2")
      }
      try await puppet.close("as")
      let ended = Int64(Date().timeIntervalSince1970 * 1e6)
      try await eventually("its end") { try await stage.history(words).first?.isNull("closed") == false }
      try await stage.stop(recorder)
      let rows = try await stage.history()
      #expect(rows.count == 2)
      let row = try #require(rows.first { $0.int("local_port") == client.port })
      let states = ["ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2"]
      #expect(Set(states).subtracting(row.states) == (source == "trace" ? [] : ["FIN_WAIT1"]))
      #expect(Set(row.states).count == row.states.count, "\(row.states)")
      // Its end is between two samples, and some more that confirm it.
      let closed = try #require(row.moment("closed"))
      let uncertainty = Int64(try #require(row.double("uncertainty_s")) * 1e6)
      #expect(uncertainty > 0)
      #expect(closed > ended - 100_000 && closed - uncertainty < ended + 100_000, "\(row.text)")
      #expect(try #require(row.double("duration_s")) > 3)
    }

    /// The trace is of the whole machine.
    @Test(.needsTrace, .needs("bash")) func othersAreNotRecorded() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let other = try await ShortScene(stage, "programs", ["--count", "200"])
      let stranger = try await stage.puppet()
      let strange = try await stranger.listen("web", 8080)
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      let recorder = try await stage.record(["--source", "trace"], in: puppet.namespace)
      // The same ports in both, at the same time.
      _ = try await other.play()
      for number in 0..<20 {
        for (each, listening) in [(stranger, strange), (puppet, listener)] {
          try await each.connect("c", listening.port, localPort: 41000 + number)
          try await each.accept("cs", from: "web")
        }
        for each in [stranger, puppet] {
          try await each.close("c")
          try await each.close("cs")
        }
      }
      try await stranger.connect("open", strange.port, localPort: 42000)
      await #expect(throws: TestFailure.self) { try await stranger.connect("refused", 9, localPort: 42001) }
      try await stage.stop(recorder)
      let rows = try await stage.history()
      let ends = BothEnds(rows, port: 8080)
      #expect(ends.clientPorts == Array(41000..<41020))
      #expect(ends.serverPorts == Array(41000..<41020))
      #expect(BothEnds.overlaps(rows).isEmpty)
      for row in rows {
        #expect(row.process?.int("pid") == puppet.pid, "\(row.text)")
        #expect(row.isWhole, "\(row.text)")
      }
      #expect(try await stage.information().int("recorded") == 40)
    }

    @Test(.needsTrace) func whatItCarriedIsAColumnWhereAsked() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      let recorder = try await stage.record(in: puppet.namespace)
      let client = try await puppet.pair("a", listener)
      try await puppet.order(["do": "send", "key": "a", "bytes": 20_000])
      let words = ["sport", "=", "\(client.port)"]
      try await eventually("the recorder to see it, and the bytes to be acknowledged") {
        let now = try await stage.succeed(["list", "-i", "--json"] + words, in: puppet.namespace).json()
        let known = try await stage.history(words).count
        return now.first?.int("bytes_out") == 20_000 && known == 1
      }
      // Live, with the age that the recorder knows.
      let live = try await stage.succeed(["list", "-i"] + words, in: puppet.namespace).lines
      #expect(live.count == 2)
      #expect(
        live[0].split(separator: " ") == [
          "STATE", "PROTO", "LOCAL", "REMOTE", "SERVICE", "DIR", "AGE", "PID", "IN", "OUT", "RTT", "RETR",
          "PROCESS",
        ])
      #expect(live[1].contains(#/ out +[0-9]+m?s +[0-9]+ +0 +19K +[0-9.]+ms +[0-9]+ +python/#), "\(live[1])")
      try await puppet.close("a")
      try await puppet.close("as")
      try await stage.stop(recorder)
      let past = try await stage.succeed(["history", "-i"] + words).lines
      #expect(past.count == 2)
      #expect(
        past[0].split(separator: " ") == [
          "OPENED", "DURATION", "STATE", "PROTO", "LOCAL", "REMOTE", "SERVICE", "DIR", "IN", "OUT", "RTT",
          "RETR", "PID", "PROCESS",
        ], "\(past[0])")
      let row = try #require(try await stage.history(words).first)
      #expect(row.int("bytes_out") == 20_000)
      // The server did not read: it sent no FIN but a reset.
      #expect(row.int("bytes_in") == 0)
      #expect(past[1].contains(#/ 0 +19K +[0-9.]+ms +[0-9]+ +/#), "\(past[1])")
      #expect(try await stage.succeed(["history"] + words).lines[0].contains("RTT") == false)
    }
  }
}
