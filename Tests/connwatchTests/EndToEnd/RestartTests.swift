// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// A recorder that goes away and comes back: what is still there goes on, what is not has ended, and the time
  /// between is a gap.
  @Suite(.needsNamespaces, .needs("sqlite3"))
  struct RestartTests {
    /// How the first recorder ends, and what the gap is then called.
    static let endings: [(signal: Int32, cause: String)] = [
      (SIGTERM, "recorder stopped"), (SIGINT, "recorder stopped"), (SIGKILL, "recorder killed"),
    ]

    @Test(arguments: endings)
    func whatIsStillThereGoesOn(signal: Int32, cause: String) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      let first = try await stage.record(in: puppet.namespace)
      let held = try await puppet.pair("held", listener)
      let closing = try await puppet.pair("closing", listener)
      let reset = try await puppet.pair("reset", listener)
      try await eventually("six lives") { try await lives(stage).count == 6 }
      let before = try await lives(stage)
      let listenersBefore = try await lives(stage, "-l")
      try await stage.stop(first, signal)

      try await puppet.close("closing")
      try await puppet.close("closings")
      try await puppet.close("reset", reset: true)
      try await puppet.close("resets", reset: true)
      let opened = try await puppet.pair("opened", listener)
      // Long against the interval, so that a lie about the uncertainty would show.
      try await Task.sleep(for: .milliseconds(500))
      let second = try await stage.record(in: puppet.namespace)
      try await eventually("the new connection, and the end of the one that was reset") {
        let lives = try await lives(stage)
        return lives.count == 8 && lives.filter { !$0.isNull("closed") }.count >= 4
      }
      let after = try await lives(stage)
      let (pause, since, until) = try await pause(stage, cause)

      // Held across the pause: the same lives under the same numbers, open.
      let keptBefore = before.filter { isOf($0, held) }
      let keptAfter = after.filter { isOf($0, held) }
      #expect(keptBefore.count == 2)
      #expect(keptAfter.compactMap { $0.int("id") } == keptBefore.compactMap { $0.int("id") })
      for (life, earlier) in zip(keptAfter, keptBefore) {
        #expect(life.isNull("closed"))
        #expect(life.states.last == "ESTABLISHED")
        #expect(life.string("first_seen") == earlier.string("first_seen"))
        #expect(life.process?.int("pid") == puppet.pid)
      }
      let listenersAfter = try await lives(stage, "-l")
      #expect(listenersAfter.compactMap { $0.int("id") } == listenersBefore.compactMap { $0.int("id") })
      #expect(listenersAfter.count == 1 && listenersAfter.allSatisfy { $0.isNull("closed") })

      // Ended in the pause: nobody knows when.
      for socket in [closing, reset] {
        let ended = after.filter { isOf($0, socket) }
        #expect(ended.count == 2, "\(ended.map(\.text))")
        for life in ended {
          #expect(!life.isNull("closed"), "\(life.text)")
          #expect((life.double("uncertainty_s") ?? 0) * 1e6 >= pause - 1, "\(life.text)")
          #expect((life.moment("closed") ?? 0) >= since && (life.moment("closed") ?? .max) <= until + 1)
        }
      }
      let client = after.first { isOf($0, closing) && $0.int("remote_port") == listener.port }
      #expect(client?.states.suffix(2) == ["ESTABLISHED", "TIME_WAIT"])

      // Opened in it: likewise.
      let new = after.filter { isOf($0, opened) }
      #expect(new.count == 2)
      for life in new {
        #expect(life.isNull("closed"))
        #expect((life.double("uncertainty_s") ?? 0) * 1e6 >= pause - 1, "\(life.text)")
        #expect(abs((life.moment("first_seen") ?? 0) - until) < 2)
      }
      #expect(Set(after.map(\.tuple)).count == 8, "none is there twice")
      try await stage.stop(second)
      try await checkWords(stage, since, until, cause, held)
    }

    /// That what the gap hides is never passed over in silence.
    private func checkWords(
      _ stage: Stage, _ since: Int64, _ until: Int64, _ cause: String, _ held: Puppet.Socket
    ) async throws {
      for words in [
        ["history"], ["events"], ["services"], ["history", "--since", "1h", "state", "listening"],
      ] {
        let outcome = try await stage.succeed(words)
        #expect(outcome.errors.contains(cause), "\(words): \(outcome.errors)")
        #expect(outcome.errors.split(separator: "\n").allSatisfy { $0.hasPrefix("connwatch: ") })
      }
      #expect(!(try await stage.succeed(["history", "-q"])).errors.contains(cause))
      // A range that ends before the pause has no gap to tell of.
      let earlier = try await stage.succeed(["history", "--until", "@\((since - 1) / 1_000_000)"])
      #expect(!earlier.errors.contains(cause))
      let gaps = try await stage.succeed(["events", "--json"]).json().filter { $0.string("event") == "gap" }
      #expect(gaps.count == 1)
      #expect(gaps.first?.moment("time") == since)

      let middle = (since + until) / 2
      let table = try await stage.succeed([
        "list", "--json", "--at",
        "@\(middle / 1_000_000).\(String(middle % 1_000_000 + 1_000_000).dropFirst())",
      ])
      #expect(table.errors.contains(cause))
      let rows = try table.json()
      #expect(rows.count == 7, "the last table that was seen: a listener and three connections' ends")
      #expect(rows.allSatisfy { ($0.moment("time") ?? .max) <= since })
      #expect(rows.filter { isOf($0, held) }.count == 2)
    }

    private func lives(_ stage: Stage, _ words: String...) async throws -> [JSONLine] {
      try await stage.succeed(["history", "-q", "--json"] + words).json()
    }

    private func isOf(_ line: JSONLine, _ client: Puppet.Socket) -> Bool {
      line.int("local_port") == client.port || line.int("remote_port") == client.port
    }

    /// The one gap there is: its length in microseconds, its beginning, its end.
    private func pause(_ stage: Stage, _ cause: String) async throws -> (Double, Int64, Int64) {
      let rows = try await stage.sql("SELECT cause, since_us, until_us FROM gaps")
      try #require(rows.count == 1)
      #expect(rows[0][0] == cause)
      let since = try #require(Int64(rows[0][1]))
      let until = try #require(Int64(rows[0][2]))
      // A recorder that is killed may leave its last sample behind, no more.
      #expect(until - since >= 500_000 && until - since < 10_000_000)
      let edges = try await stage.sql(
        "SELECT max(last_us) FROM samples WHERE last_us <= \(since) UNION ALL SELECT min(first_us) FROM samples WHERE first_us >= \(until)"
      )
      #expect(edges == [["\(since)"], ["\(until)"]], "the gap is what lies between two samples")
      return (Double(until - since), since, until)
    }

    @Test func aSecondStartAfterACleanStopWithoutChangesAddsNothing() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      _ = try await puppet.pair("a", listener)
      for _ in 0..<3 {
        let recorder = try await stage.record(in: puppet.namespace)
        try await stage.stop(recorder)
      }
      let lives = try await lives(stage, "-a")
      #expect(lives.count == 3)
      #expect(lives.allSatisfy { $0.isNull("closed") && $0.isNull("uncertainty_s") })
      #expect(try await stage.sql("SELECT count(*) FROM gaps") == [["2"]])
      let events = try await stage.succeed(["events", "--json", "-q"]).json().compactMap {
        $0.string("event")
      }
      #expect(events.filter { $0 != "gap" }.sorted() == ["listening", "opened", "opened"])
    }
  }
}
