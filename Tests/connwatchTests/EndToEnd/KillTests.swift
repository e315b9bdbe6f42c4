// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// A recorder that is killed outright, again and again, while connections come and go.
  ///
  /// CONNWATCH_KILLS says how often; the long form is 200.
  @Suite(.needsNamespaces, .needs("sqlite3"))
  struct KillTests {
    static let kills = ProcessInfo.processInfo.environment["CONNWATCH_KILLS"].flatMap { Int($0) } ?? 20

    /// What is compared of an event; who did it may be learned only later.
    /// Without its time and states: of what a row showed first, the trace may tell earlier ones with the next sample.
    private struct Told: Hashable, CustomStringConvertible {
      var event: String
      var id: Int
      var tuple: String

      init?(_ line: JSONLine) {
        guard let event = line.string("event"), let id = line.int("id"), event != "changed" else {
          return nil
        }
        self.event = event
        self.id = id
        tuple = line.tuple
      }

      var description: String { "\(event) \(id) \(tuple)" }
    }

    @Test func aKillLosesNoMoreThanTheSampleInFlight() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      // Sockets in TIME_WAIT that soon go, so that lives finish all the time.
      try await puppet.order(["do": "sysctl", "name": "net.ipv4.tcp_max_tw_buckets", "value": 40])
      try await puppet.order(["do": "churn", "rate": 120, "lifetime": 0.08])
      var witnessed = 0
      for number in 1...Self.kills {
        let interval = Int.random(in: 20...50)
        let recorder = try stage.connwatch(
          [
            "record", "--interval", "\(interval)ms", "--for", "120s", "--print", "--json", "--source",
            number.isMultiple(of: 2) ? "proc" : "auto",
          ], in: puppet.namespace)
        try await eventually("something to be seen\n\(recorder.errors)") { !recorder.output.isEmpty }
        try await Task.sleep(for: .milliseconds(Int.random(in: 0...250)))
        recorder.send(SIGKILL)
        let killed = Int64(Date().timeIntervalSince1970 * 1e6)
        #expect(try await recorder.end() == 128 + SIGKILL, "\(recorder.errors)")
        try #require(try await check(stage), "kill \(number)")
        witnessed += try await compare(recorder, stage, until: killed - Int64(interval) * 2000, number)
      }
      #expect(witnessed > Self.kills * 2, "the kills came too early to show anything")
      let causes = try await stage.sql(
        "SELECT cause, count(*) FROM gaps WHERE cause LIKE 'recorder%' GROUP BY 1")
      #expect(causes == [["recorder killed", "\(Self.kills - 1)"]])
      try await checkTuples(stage)
    }

    /// That the database is whole, and the counts of its samples are those of its lives.
    private func check(_ stage: Stage) async throws -> Bool {
      let integrity = try await stage.sql("PRAGMA integrity_check")
      #expect(integrity == [["ok"]])
      let ours = try await stage.run(["db", "check"])
      #expect(ours.status == 0, "\(ours.output)\(ours.errors)")
      let sums = try await stage.sql(
        """
        SELECT sum(opened), sum(closed), min(opened >= 0 AND closed >= 0 AND samples > 0 AND first_us <= last_us)
        FROM samples
        """)
      let counts = try await stage.sql(
        """
        SELECT count(*), count(closed_us), min(closed_us IS NULL OR closed_us >= first_seen_us)
        FROM (SELECT closed_us, first_seen_us FROM connections UNION ALL
          SELECT closed_us, first_seen_us FROM listening)
        """)
      #expect(sums == counts, "opened and closed by the samples, and by the lives")
      return integrity == [["ok"]] && ours.status == 0 && sums == counts
    }

    /// That everything printed by `moment` is in the database.
    private func compare(
      _ recorder: Child, _ stage: Stage, until moment: Int64, _ number: Int
    ) async throws -> Int {
      // What the kernel told of an opening is printed up to an interval and a half after it.
      let due = try recorder.lines.map { try JSONLine(String($0)) }
        .filter { ($0.moment("time") ?? .max) <= moment }.compactMap(Told.init)
      let stored = try await stage.succeed(["events", "--json", "-q"]).json()
      let missing = Set(due).subtracting(stored.compactMap(Told.init))
      #expect(missing.isEmpty, "kill \(number): \(missing.prefix(5)) of \(due.count)")
      return due.count
    }

    /// That no four-tuple has two lives at once: a life that was lost and found again would be one.
    private func checkTuples(_ stage: Stage) async throws {
      let lives = try await stage.succeed(["history", "--json", "-q"]).json()
      var last: [String: (opened: Int64, id: Int)] = [:]
      // Newest first: each must have ended when the next began.
      for life in lives {
        let closed = life.moment("closed") ?? .max
        if let next = last[life.tuple] {
          #expect(closed <= next.opened + 1, "\(life.tuple): \(life.int("id") ?? 0) and \(next.id)")
        }
        last[life.tuple] = (life.moment("first_seen") ?? 0, life.int("id") ?? 0)
      }
      #expect(lives.count > Self.kills)
    }
  }
}
