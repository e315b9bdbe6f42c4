// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// What a user's first recording looks like: a page fetched twice, and what can be asked of it afterwards.
  @Suite(.needsNamespaces, .needs("curl"))
  struct WebSessionTests {
    @Test func twoFetchesCanBeAskedForAfterwards() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let connwatch = try #require(Machine.connwatch)
      let (scene, _) = try await stage.scene(
        "web.py",
        [
          "--seconds", "2", "--settle", "1.6", "--record-output", stage.path("record.out"), "--record",
          "\(connwatch) record --interval 1s --print --json --for 60s",
        ])
      #expect(try await scene.end(within: 60) == 0, "\(scene.errors)")
      let words = try scene.lines.map { try JSONLine(String($0)) }
      func said(_ event: String) -> [JSONLine] { words.filter { $0.string("event") == event } }
      let fetches = said("fetch_ended")
      #expect(fetches.count == 2)
      let ports = fetches.compactMap { $0.int("local_port") }

      let services = try await stage.succeed(["services", "--json"]).json()
      try #require(services.count == 1)
      let service = services[0]
      #expect(service.string("service") == "http")
      #expect(service.int("port") == 80)
      #expect(service.string("proto") == "tcp")
      #expect(service.string("direction") == "out")
      #expect(service.int("remote_hosts") == 1)
      #expect(service.int("connections") == 2)
      #expect(service.int("open") == 0)
      #expect(service.ints("local_ports") == ports.sorted())
      #expect(service.int("local_ports_total") == 2)
      #expect(service.strings("processes") == ["curl"])

      let history = try await stage.succeed(["history", "--json"]).json()
      try #require(history.count == 2)
      // Newest first.
      for (life, fetch) in zip(history, fetches.reversed()) { try check(life, fetch) }
      #expect(Set(history.compactMap { $0.int("id") }).count == 2)

      try await checkTables(stage, history, service)
      try await checkEvents(stage, history)
    }

    private func check(_ life: JSONLine, _ fetch: JSONLine) throws {
      #expect(life.tuple == "tcp 10.80.0.2:\(fetch.int("local_port") ?? 0) 10.80.0.1:80")
      let states = life.states
      #expect(["ESTABLISHED", "SYN_SENT"].contains(states.first))
      #expect(states.last == "TIME_WAIT")
      #expect(life.string("state") == "TIME_WAIT")
      #expect(life.string("direction") == "out")
      #expect(life.string("service") == "http")
      #expect(life.string("source") == "netlink+end+trace")
      #expect((life.int("bytes_in") ?? 0) > 0 && (life.int("bytes_out") ?? 0) > 0)
      #expect(life.string("user") == "root")
      let process = try #require(life.process)
      #expect(process.int("pid") == fetch.int("curl_pid"))
      #expect(process.string("name") == "curl")
      #expect(process.string("exe")?.hasSuffix("/curl") == true)

      // The times are honest: the truth is within the uncertainty that is told.
      let opened = try #require(life.moment("first_seen"))
      let closed = try #require(life.moment("closed"))
      let off = Int64(try #require(life.double("uncertainty_s")) * 1e6)
      let ended = Int64((fetch.double("time") ?? 0) * 1e6)
      let began = ended - Int64((fetch.double("seconds") ?? 0) * 1e6)
      #expect(opened >= began && opened - off <= began + 500_000)
      // TIME_WAIT begins when the server has closed its end too, which it may do after curl has ended.
      #expect(closed >= ended - 500_000 && closed - off <= ended + 500_000)
      #expect(abs((life.double("duration_s") ?? 0) * 1e6 - Double(closed - opened)) < 2)
      #expect(off == 0, "the kernel told them")
    }

    /// The table as it stood, at moments of the past.
    private func checkTables(_ stage: Stage, _ history: [JSONLine], _ service: JSONLine) async throws {
      let (second, first) = (history[0], history[1])
      func at(_ moment: Int64) async throws -> [JSONLine] {
        let text = "@\(moment / 1_000_000).\(String(moment % 1_000_000 + 1_000_000).dropFirst())"
        return try await stage.succeed(["list", "--json", "--at", text]).json()
      }
      func halfway(_ life: JSONLine) throws -> Int64 {
        (try #require(life.moment("first_seen")) + (try #require(life.moment("closed")))) / 2
      }
      let during = try await at(halfway(first))
      #expect(during.map(\.tuple) == [first.tuple])
      #expect(during.first?.string("state") == "ESTABLISHED")
      #expect(during.first?.process?.int("pid") == first.process?.int("pid"))
      #expect(during.first?.string("first_seen") == first.string("first_seen"))
      // The first is in TIME_WAIT for a minute.
      let later = try await at(halfway(second))
      #expect(Set(later.map(\.tuple)) == [first.tuple, second.tuple])
      #expect(Set(later.compactMap { $0.string("state") }) == ["TIME_WAIT", "ESTABLISHED"])
      let filtered = try await stage.succeed([
        "list", "--json", "--at", try #require(second.string("first_seen")), "state", "syn-sent",
      ])
      #expect(try filtered.json().map(\.tuple) == [second.tuple])
      let before = try await at(try #require(first.moment("first_seen")) - 1_000_001)
      #expect(before.isEmpty)
    }

    private func checkEvents(_ stage: Stage, _ history: [JSONLine]) async throws {
      let events = try await stage.succeed(["events", "--json"]).json()
      let times = events.compactMap { $0.moment("time") }
      #expect(times == times.sorted())
      #expect(times.count == events.count)
      for life in history {
        let own = events.filter { $0.int("id") == life.int("id") }
        #expect(own.first?.string("event") == "opened")
        #expect(own.last?.string("event") == "closed")
        #expect(own.compactMap { $0.string("to") } == life.states)
        #expect(own.dropFirst().map { $0.string("from") } == life.states.dropLast().map { $0 })
        #expect(own.map { $0.string("time") } == life.objects("states")?.map { $0.string("at") })
      }
      // What the recorder printed is what the history tells.
      let printed = try String(contentsOfFile: stage.path("record.out"), encoding: .utf8).split(
        separator: "\n"
      )
      .map { try JSONLine(String($0)) }
      func words(_ lines: [JSONLine]) -> Set<String> {
        Set(lines.map { "\($0.string("time") ?? "") \($0.string("event") ?? "") \($0.tuple)" })
      }
      #expect(words(printed) == words(events))
    }
  }
}
