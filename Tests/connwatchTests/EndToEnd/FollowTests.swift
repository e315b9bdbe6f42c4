// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// What runs beside a recorder, and how a recorder ends.
  @Suite(.needsNamespaces, .needs("sqlite3"))
  struct FollowTests {
    @Test func eventsFollowTheRecorder() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      let recorder = try await stage.record(in: puppet.namespace)
      let table = try stage.connwatch(["events", "-f"])
      let json = try stage.connwatch(["events", "-f", "--json", "dport", "=", ":8080"])
      try await eventually("what was there before") { table.output.contains(":8080") }
      let client = try await puppet.pair("a", listener)
      try await eventually("the opening in the history") {
        try await stage.sql("SELECT count(*) FROM connections") == [["2"]]
      }
      let written = ContinuousClock.now
      try await eventually("the opening", within: 2) {
        table.output.contains(":\(client.port) ") && json.output.contains("\(client.port)")
      }
      #expect(ContinuousClock.now - written < .seconds(1.5))
      try await puppet.close("a", reset: true)
      try await puppet.close("as", reset: true)
      try await eventually("the end") { json.lines.contains { $0.contains("\"closed\"") } }
      let events = try json.lines.map { try JSONLine(String($0)) }
      #expect(events.map { $0.string("event") }.filter { $0 != "changed" } == ["opened", "closed"])
      #expect(events.allSatisfy { $0.int("remote_port") == 8080 })
      // A break in the recording is an event too.
      try await stage.stop(recorder)
      let second = try await stage.record(in: puppet.namespace)
      try await eventually("the gap") {
        table.output.contains("gap") && table.output.contains("recorder stopped")
      }
      for (follower, signal) in [(table, SIGINT), (json, SIGTERM)] {
        follower.send(signal)
        #expect(try await follower.end(within: 5) == 0)
        #expect(follower.errors.isEmpty, "\(follower.errors)")
      }
      let told = table.lines.filter { $0.contains(":\(client.port) ") }
      #expect(told.count { $0.contains("opened") } == 2, "each event once, for each of two ends")
      #expect(told.count { $0.contains("closed") } == 2, "each event once, for each of two ends")
      try await stage.stop(second)
    }

    @Test func aFollowerEndsWhenItsReaderDoes() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let recorder = try await stage.record(in: puppet.namespace, interval: "50ms")
      let follower = try stage.connwatch(["events", "-f", "-H"], output: .brokenPipe)
      try await puppet.listen("web", 8080)
      #expect(try await follower.end(within: 10) == 0)
      #expect(follower.errors.isEmpty)
      // A recorder that prints to nobody is one that was told to stop: what was seen is stored.
      let printing = try stage.connwatch(
        ["record", "--db", stage.path("other.db"), "--interval", "50ms", "--for", "60s", "--print"],
        in: puppet.namespace, output: .brokenPipe)
      #expect(try await printing.end(within: 10) == 0, "\(printing.errors)")
      let rows = try await stage.succeed(["history", "-l", "--json", "-q", "--db", stage.path("other.db")])
        .json()
      #expect(rows.map { $0.int("local_port") } == [8080])
      try await stage.stop(recorder)
    }

    @Test func recordingNeedsNoTerminalAndEndsOnTime() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      _ = try await puppet.pair("a", listener)
      let began = ContinuousClock.now
      let outcome = try await stage.run(
        ["record", "--for", "2s", "--interval", "200ms", "--print"], in: puppet.namespace)
      let took = ContinuousClock.now - began
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(took >= .seconds(2) && took < .seconds(10))
      let events = outcome.lines.filter { !$0.contains("not watching") }
      #expect(events.count == 4, "\(outcome.output)")
      #expect(outcome.lines.first?.hasPrefix("TIME") == true)
      // How many samples a busy machine gets to in two seconds is its own affair.
      #expect(outcome.errors.contains(" samples: 3 opened, 0 closed, "), "\(outcome.errors)")
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGHUP])
    func aSignalEndsItWithEverythingStored(signal: Int32) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      let recorder = try stage.connwatch(
        ["record", "--for", "60s", "--interval", "50ms", "--print", "--json"], in: puppet.namespace)
      try await eventually("the listener") { recorder.output.contains("listening") }
      var ports: [Int] = []
      for number in 0..<30 { ports.append(try await puppet.pair("c\(number)", listener).port) }
      try await eventually("the last opening") { recorder.output.contains("\(ports[29])") }
      recorder.send(signal)
      #expect(try await recorder.end(within: 5) == 0, "\(recorder.errors)")
      let printed = try recorder.lines.map { try JSONLine(String($0)) }
      let stored = try await stage.succeed(["events", "--json"]).json()
      #expect(Set(stored.map(\.tuple)).isSuperset(of: printed.map(\.tuple)))
      #expect(Set(stored.compactMap { $0.int("local_port") }).isSuperset(of: ports))
      // Nothing is left beside the file that another program would have to know of.
      let log = try? FileManager.default.attributesOfItem(atPath: stage.database + "-wal")[.size] as? Int
      #expect((log ?? 0) == 0)
      #expect(try await stage.sql("SELECT count(*) FROM run WHERE stopped IS NOT NULL") == [["1"]])
    }

    @Test func whatIsIgnoredIsNeitherStoredNorTold() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      let other = try await puppet.listen("other", 8443)
      let recorder = try stage.connwatch(
        [
          "record", "--for", "60s", "--interval", "50ms", "--print", "--ignore",
          "sport = :8080 or dport = :8080",
        ],
        in: puppet.namespace)
      _ = try await puppet.pair("a", listener)
      _ = try await puppet.pair("b", other)
      try await eventually("what is not ignored") { recorder.lines.count >= 4 }
      try await stage.stop(recorder)
      #expect(!recorder.output.contains(":8080"))
      let rows = try await stage.succeed(["history", "-a", "--json"]).json()
      #expect(rows.count == 3)
      #expect(rows.allSatisfy { $0.int("local_port") != 8080 && $0.int("remote_port") != 8080 })
    }
  }
}
