// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// Saved tables, imported, asked and compared.
  @Suite struct EvidenceTests {
    private static let fixtures = Machine.root.appending(path: "Tests/Fixtures/proc_net_tcp").path

    private static let windows = """
      TCP mirage:1372 vnt4.webhosting.com:80 ESTABLISHED
      TCP mirage:1374 vnt4.webhosting.com:80 ESTABLISHED

      """

    private func write(_ text: String, _ name: String, _ stage: Stage) throws -> String {
      try text.write(toFile: stage.path(name), atomically: true, encoding: .utf8)
      return stage.path(name)
    }

    @Test func theTwoLinesOfANetstatAreOneServiceWithTwoLocalPorts() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let file = try write(Self.windows, "netstat.txt", stage)
      let words = ["import", file, "--at", "2026-01-01 10:00", "--host", "mirage"]
      let first = try await stage.succeed(words)
      #expect(first.output == "" && first.errors.contains("2 rows of mirage: 2 new, 0 known before"))
      let again = try await stage.succeed(words)
      #expect(again.errors.contains("imported for this host and moment before"))
      #expect(again.errors.contains("2 rows of mirage: 0 new, 2 known before"))
      let told = try await stage.succeed(words + ["--json"])
      let keys = ["file", "host", "at", "format", "rows", "new", "known", "unreadable"]
      let row = try #require(try told.json().first)
      #expect(row.keys == keys && row.int("new") == 0 && row.int("known") == 2)
      #expect(row.string("format") == "netstat-windows" && !told.errors.contains("2 rows of"))

      let history = try await stage.succeed(["history", "--json"]).json()
      #expect(history.count == 2 && history.allSatisfy { $0.string("host") == "mirage" })
      #expect(history.allSatisfy { $0.string("remote_addr") == "vnt4.webhosting.com" })
      #expect(history.allSatisfy { $0.string("local_addr") == "mirage" && $0.string("source") == "import" })
      #expect(history.allSatisfy { ($0.int("id") ?? 0) < 0 && $0.keys.suffix(2) == ["host", "outcome"] })
      let services = try await stage.succeed(["services", "--host", "mirage", "--json"]).json()
      #expect(services.count == 1 && services[0].int("port") == 80)
      #expect(services[0].ints("local_ports") == [1372, 1374] && services[0].int("remote_hosts") == 1)
      let list = try await stage.succeed(["list", "--at", "2026-01-01 10:00", "--json"]).json()
      #expect(list.map { $0.int("local_port") } == [1372, 1374])
      #expect(
        list.allSatisfy { $0.string("host") == "mirage" && $0.string("remote_addr") == "vnt4.webhosting.com" }
      )
      let table = try await stage.succeed(["history"]).lines
      #expect(table.first?.contains("HOST") == true && table.last?.contains("mirage:13") == true)
      let later = try await stage.succeed(["list", "--at", "2026-01-02", "--host", "mirage"])
      #expect(later.lines.count == 3 && later.errors.contains("showing the table of that moment"))
      let before = try await stage.succeed(["list", "--at", "2025-01-02", "--host", "mirage"])
      #expect(before.lines.count == 1 && before.errors.contains("begins at 2026-01-01 10:00:00"))
      let own = try await stage.succeed(["history", "--host", "self", "-q"])
      #expect(own.lines.count == 1 && own.lines.first?.contains("HOST") == false)
      let groups = try await stage.succeed(["history", "--group-by", "host,remote_addr", "--json"]).json()
      #expect(groups.first?.string("remote_addr") == "vnt4.webhosting.com" && groups.count == 1)
      let info = try await stage.succeed(["db", "info", "--json"]).json()
      #expect(info.first?.int("evidence") == 1 && info.first?.int("evidence_rows") == 2)

      let gone = try await stage.succeed(["db", "prune", "--host", "mirage"])
      #expect(gone.output == "1 pieces of evidence of mirage taken out, 2 rows\n")
      expectRefusal(
        try await stage.run(["history", "--host", "mirage"]), ["mirage", "there is none of any"])
    }

    @Test func portAndExplainKnowWhatWasImported() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let file = try write(Self.windows, "netstat.txt", stage)
      for minute in ["00", "05"] {
        _ = try await stage.succeed(["import", file, "--at", "2026-01-01 10:\(minute)", "--host", "mirage"])
      }
      func flat(_ text: String) -> String {
        text.split { $0 == " " || $0 == "\n" }.joined(separator: " ")
      }
      // At a table and between two.
      for time in ["2026-01-01 10:00", "2026-01-01 10:03", "2026-01-01 10:05"] {
        let words = ["port", "1372", "--at", time]
        let rows = try await stage.succeed(words + ["--json"]).json().filter {
          $0.string("kind") == "connection"
        }
        #expect(rows.map { $0.string("host") } == ["mirage"] && rows.first?.string("when") == "at")
        #expect(rows.first?.string("remote_addr") == "vnt4.webhosting.com")
        #expect(rows.first?.string("local_addr") == "mirage" && rows.first?.keys.last == "host")
        let story = flat(try await stage.succeed(words).output)
        #expect(
          story.contains("On mirage at \(time):00.000: mirage:1372 to vnt4.webhosting.com:80/tcp"), "\(story)"
        )
        #expect(!story.contains("Nothing is recorded"))
      }
      let late = flat(try await stage.succeed(["port", "1372", "--at", "2026-01-02"]).output)
      #expect(late.contains("On mirage at 2026-01-02 00:00:00.000: nothing is known"), "\(late)")
      #expect(late.contains("On mirage before: mirage:1372 to"))

      let peers = try await stage.succeed(["port", "80", "--host", "mirage", "--json"]).json()
      #expect(peers.map { $0.string("kind") } == ["port", "port", "peer"])
      #expect(peers.last?.string("remote_addr") == "vnt4.webhosting.com")
      #expect(peers.last?.int("connections") == 2 && peers.last?.isNull("open") == true)
      #expect(peers.allSatisfy { $0.string("kind") != "gap" && $0.keys == peers[0].keys })
      let story = try await stage.succeed(["port", "80", "--host", "mirage"])
      #expect(flat(story.output).contains("Whose 80/tcp was used on mirage: 2 connections, to 1 host."))
      #expect(!story.output.contains("Now:") && !story.output.contains("OPEN"))
      let nothing = try await stage.succeed(["port", "9", "--host", "mirage"])
      #expect(nothing.output.contains("On mirage no socket with that port is known."))
      let own = try await stage.succeed(["port", "1372", "--host", "self", "--json", "-q"]).json()
      #expect(own.allSatisfy { $0.isNull("host") && $0.string("kind") != "connection" })
      expectRefusal(try await stage.run(["port", "80", "--host", "other"]), ["other", "there is of mirage"])
      expectRefusal(try await stage.run(["port", "--all", "--host", "mirage"]), ["--all"])

      let line = ["explain", "TCP", "MIRAGE:1372", "vnt4.webhosting.com:80", "ESTABLISHED"]
      let explained = try #require(try await stage.succeed(line + ["--json"]).json().first)
      #expect(explained.string("host") == "mirage" && explained.string("why_not") == "other machine")
      #expect(
        explained.int("times") == 1 && explained.string("first_seen")?.hasPrefix("2026-01-01T10:00") == true)
      let known =
        "Imported evidence of mirage has it: ESTABLISHED from 2026-01-01 10:00:00 to 2026-01-01 10:05:00."
      #expect(flat(try await stage.succeed(line).output).hasSuffix(known))
      let other = try await stage.succeed([
        "explain", "TCP mirage:1373 vnt4.webhosting.com:80 ESTABLISHED", "--json",
      ])
      #expect(try other.json().first?.isNull("host") == true)
    }

    @Test func capturesOfAMachineAreItsTableAtThatMoment() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let proc = try stage.capturedProc()
      let at = ["--at", "2026-01-03 10:00", "--host", "web1"]
      let said = try await stage.succeed(["import", proc + "/net"] + at)
      #expect(said.errors.contains("54 rows of web1: 54 new"))
      let live = try await stage.succeed(["list", "--proc", proc, "--no-owners", "--json"]).json()
      let past = try await stage.succeed(["list"] + at + ["--json"]).json()
      func told(_ rows: [JSONLine]) -> [String] {
        rows.map { "\($0.tuple) \($0.string("state") ?? "") \($0.int("uid") ?? -1)" }.sorted()
      }
      #expect(told(past) == told(live) && past.count == 54)
      // The same files one by one add nothing, whatever their names and their order.
      let files = ["udp6", "tcp", "udp", "tcp6"].map { "\(Self.fixtures)/all_states.\($0)" }
      let again = try await stage.succeed(["import"] + files + at)
      #expect(again.errors.contains("54 rows of web1: 0 new, 54 known before"))

      // A minute later all is gone but the listeners of another capture.
      let later = ["--at", "2026-01-03 10:01", "--host", "web1"]
      _ = try await stage.succeed(["import", "\(Self.fixtures)/header_only.tcp"] + later)
      let closed = try await stage.succeed(["history", "--host", "web1", "-t", "-4", "--json"]).json()
      #expect(closed.allSatisfy { !$0.isNull("closed") })
      #expect(closed.contains { $0.double("duration_s") == 60 && $0.double("uncertainty_s") == 60 })
      let open = try await stage.succeed(["history", "--host", "web1", "-t", "-6", "--json"]).json()
      #expect(open.contains { $0.isNull("closed") }, "the other tables say nothing of these")
      #expect(try await stage.succeed(["db", "check"]).status == 0)
    }

    @Test func brokenLinesAreToldAndTheRestGoesIn() async throws {
      let stage = try Stage()
      defer { stage.end() }
      var text = Self.windows + "what is this\nTCP mirage:99999 a:80 ESTABLISHED\n"
      for _ in 0..<30 { text += "TCP \u{1B}[31mmirage:1 a:80 ESTABLISHED\n" }
      let file = try write(text, "broken.txt", stage)
      let empty = try write("", "empty.txt", stage)
      let words = ["import", file, empty, stage.path("missing"), "--at", "2026-01-01", "--host", "mirage"]
      let outcome = try await stage.run(words)
      #expect(outcome.status == 2)
      #expect(outcome.errors.contains("broken.txt:4: ") && outcome.errors.contains("broken.txt:5: "))
      #expect(outcome.errors.contains("12 more lines cannot be read") && !outcome.errors.contains("\u{1B}"))
      #expect(outcome.errors.contains("2 rows of mirage: 2 new, 0 known before, 32 lines unreadable"))
      #expect(outcome.errors.contains("empty.txt: nothing in it can be read"))
      #expect(outcome.errors.contains("missing: No such file or directory"))
      #expect(try await stage.succeed(["history", "--json"]).lines.count == 2)
      expectRefusal(
        try await stage.run(["import", stage.path("missing"), "--host", "a", "--db", stage.path("new.db")]),
        ["No such file"])
      #expect(!FileManager.default.fileExists(atPath: stage.path("new.db")))
      expectRefusal(try await stage.run(["import", file, "--at", "2026-01-01"]), ["--host"])
      expectRefusal(try await stage.run(["import", file, "--at", "2099-01-01", "--host", "a"]), ["future"])
      expectRefusal(try await stage.run(["import", "-", "--host", "a"]), ["--at"])
      expectRefusal(try await stage.run(["import", file, "--host", "self"]), ["self"])
      expectRefusal(
        try await stage.run(["import", file, "--host", "a", "--format", "xls"]), ["netstat-windows"])
      expectRefusal(try await stage.run(["list", "--host", "mirage"]), ["--at"])
    }

    @Test func importsAtOnceIntoANewDatabaseWaitForEachOther() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let file = try write(Self.windows, "netstat.txt", stage)
      let imports = try (0..<6).map {
        try stage.connwatch(["import", file, "--at", "2026-01-01", "--host", "host\($0)"])
      }
      for child in imports {
        let status = try await child.end()
        #expect(status == 0, "\(child.errors)")
      }
      let groups = try await stage.succeed(["history", "--group-by", "host", "--json"]).json()
      #expect(groups.count == 6)
    }

    @Test func differencesOfFilesAndMoments() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let before = try write(
        """
        Active Internet connections (servers and established)
        Proto Recv-Q Send-Q Local Address  Foreign Address  State  PID/Program name
        tcp 0 0 0.0.0.0:22 0.0.0.0:* LISTEN 812/sshd
        tcp 0 0 0.0.0.0:23 0.0.0.0:* LISTEN 813/inetd
        tcp 0 0 10.0.0.1:40000 10.0.0.2:80 ESTABLISHED 900/curl
        tcp 0 0 10.0.0.1:40001 10.0.0.2:80 ESTABLISHED 901/curl

        """, "before", stage)
      let after = try write(
        """
        Netid State  Recv-Q Send-Q Local Address:Port  Peer Address:Port Process
        tcp   LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("dropbear",pid=999,fd=3))
        tcp   LISTEN 0 128 0.0.0.0:65 0.0.0.0:* users:(("in.telnetd",pid=1000,fd=3))
        tcp   TIME-WAIT 0 0 10.0.0.1:40000 10.0.0.2:80
        tcp   ESTAB 0 0 10.0.0.1:40002 10.0.0.2:80 users:(("curl",pid=902,fd=3))

        """, "after", stage)
      let rows = try await stage.succeed(["diff", before, after, "--json"]).json()
      func told(_ rows: [JSONLine]) -> [String] {
        rows.map { "\($0.string("change") ?? "") \($0.int("local_port") ?? 0)" }
      }
      let expected = [
        "listening 65", "unlistened 23", "opened 40002", "changed 22", "changed 40000", "closed 40001",
      ]
      #expect(told(rows) == expected)
      let changed = try #require(rows.first { $0.string("change") == "changed" })
      #expect(changed.string("previous") == "sshd" && changed.process?.string("name") == "dropbear")
      #expect(rows[4].string("from") == "ESTABLISHED" && rows[4].string("to") == "TIME_WAIT")
      let filtered = try await stage.succeed(["diff", before, after, "--json", "sport", "=", "65"]).json()
      #expect(told(filtered) == ["listening 65"])
      #expect(try await stage.run(["diff", before, after, "--check"]).status == 1)
      #expect(try await stage.run(["diff", before, before, "--check"]).status == 0)

      // The same of the history, at the moments they were imported for.
      let host = ["--host", "web1"]
      _ = try await stage.succeed(["import", before, "--at", "@1767261600"] + host)
      _ = try await stage.succeed(["import", after, "--whole", "--at", "@1767265200"] + host)
      let past = try await stage.succeed(["diff", "@1767261600", "@1767265200", "--json"] + host).json()
      #expect(told(past) == expected)
      // Nothing known is not the same as nothing different.
      let never = ["diff", "2020-01-01", "2020-01-02"]
      for words in [never, never + host, ["diff", before, "2020-01-01"] + host] {
        #expect(try await stage.succeed(words).errors.contains(" at 2020-01-01 00:00:00"))
        let checked = try await stage.run(words + ["--check"])
        #expect(checked.status == 2 && checked.errors.contains("--check: no table of 2020-01-01 to compare"))
      }
      let late = try await stage.run(["diff", "@1767265200", "2026-02-01", "--check"] + host)
      #expect(late.status == 2 && late.errors.contains("--check: no table of 2026-02-01"))
      #expect(try await stage.run(["diff", "@1767261600", "@1767261601", "--check"] + host).status == 0)
      expectRefusal(try await stage.run(["diff", before, after] + host), ["--host web1", "two files"])
      expectRefusal(try await stage.run(["diff", before, "nonsense"]), ["no such file", "nonsense"])
      expectRefusal(try await stage.run(["diff", before]), ["two"])
    }

    @Test(.needsNamespaces, .needs("sqlite3"))
    func aRecorderThatRunsIsNotDisturbed() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let recorder = try await stage.record(in: puppet.namespace, interval: "50ms")
      try await puppet.order(["do": "churn", "rate": 100])
      let file = try write(Self.windows, "netstat.txt", stage)
      for minute in 0..<20 {
        let at = "2026-01-01 10:\(minute < 10 ? "0" : "")\(minute)"
        _ = try await stage.succeed(["import", file, "--at", at, "--host", "mirage"])
      }
      _ = try await stage.succeed(["db", "prune", "--host", "mirage"])
      _ = try await stage.succeed(["import", file, "--at", "2026-01-01", "--host", "mirage"])
      try await puppet.order(["do": "calm"])
      try await stage.stop(recorder)
      #expect(try await stage.succeed(["db", "check"]).status == 0)
      let hosts = try await stage.sql(
        "SELECT host, count(*) > 0 FROM connections GROUP BY host ORDER BY host")
      #expect(hosts == [["", "1"], ["mirage", "1"]])
      let info = try await stage.succeed(["db", "info", "--json"]).json()
      #expect(info.first?.int("gaps") == 0)
      // Events are of what was recorded here.
      let events = try await stage.succeed(["events", "--json", "-q"]).json()
      #expect(!events.isEmpty && events.allSatisfy { ($0.int("id") ?? 1) > 0 })
    }
  }
}
