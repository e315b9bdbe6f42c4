// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// Files, filters, arguments and cgroups that somebody made to do harm.
  @Suite struct HostileInputTests {
    private func isHarmless(_ text: String) -> Bool {
      text.unicodeScalars.allSatisfy { scalar in
        switch scalar.value {
        case 0x0A: true
        case 0..<0x20, 0x7F..<0xA0, 0x200B...0x200F, 0x2028...0x202E, 0x2066...0x2069: false
        default: true
        }
      }
    }

    private func file(_ name: String, _ text: String, _ stage: Stage) throws -> String {
      try text.write(toFile: stage.path(name), atomically: true, encoding: .utf8)
      return stage.path(name)
    }

    @Test func filesThatAreNoTextAreRefusedAndLeaveNothing() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let good = try file("good.txt", FilePermissionTests.table, stage)
      _ = try await stage.succeed(["import", good, "--at", "-1h", "--host", "h"])
      let head = FilePermissionTests.table
      // 10 GB of nothing behind two good rows: read no further than needed to see that it is no text.
      let sparse = try file("sparse", head, stage)
      truncate(sparse, 10_000_000_000)
      let columns = try file("columns", head + String(repeating: "1 ", count: 10_000_000) + "\n", stage)
      for path in [sparse, columns] {
        let outcome = try await stage.run(["import", path, "--at", "-2h", "--host", "h"])
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains("\(path):4: a line of more than 16 MiB"), "\(outcome.errors)")
      }
      let numbers = try file(
        "numbers",
        "tcp 99999999999999999999 0 1.2.3.4:99999999999 5.6.7.8:1 ESTABLISHED 99999999999999999999/x\n", stage
      )
      let zip = try file("zip", "\u{1F}\u{8B}\u{8}\u{0}\u{1B}]0;title\u{7}\u{9B}31m\u{202E}\n", stage)
      for path in [numbers, zip] {
        let outcome = try await stage.run(["import", path, "--at", "-2h", "--host", "h"])
        #expect(outcome.status == 2, "\(outcome.errors)")
        #expect(outcome.errors.contains("\(path):1: "), "\(outcome.errors)")
        #expect(isHarmless(outcome.errors), "\(outcome.errors.debugDescription)")
      }
      let rows = try await stage.succeed(["history", "-a", "--host", "h", "--json", "-q"])
      #expect(rows.lines.count == 2)
    }

    /// Names in evidence: SQL, escapes and line ends, in every form in which they are told.
    @Test func namesInEvidenceAreOnlyNames() async throws {
      let stage = try Stage()
      defer { stage.end() }
      // A line with control characters of ASCII in it is no line of a table, and is not taken.
      let names = ["'); DROP TABLE life;--", "\u{9B}2J\u{202E}", "a,\"b\"", "=1+1"]
      var table = "Active Internet connections (servers and established)\n"
      for (number, name) in names.enumerated() {
        table += "tcp 0 0 10.0.0.1:\(7000 + number) 10.0.0.2:80 ESTABLISHED \(100 + number)/\(name)\n"
      }
      let path = try file("netstat.txt", table, stage)
      _ = try await stage.succeed(["import", path, "--at", "-1h", "--host", "h"])
      let rows = try await stage.succeed(["history", "--host", "h", "--json", "-q"])
      let told = try rows.json().compactMap { $0.process?.string("name") }
      #expect(told.contains(names[0]) && told.count == names.count, "\(told)")
      for words in [
        ["history"], ["list", "--at", "-59m"], ["services"], ["events", "-a"], ["port", "7001"],
        ["db", "info"], ["blocked"],
      ] {
        for form in [[], ["--json"]] {
          let outcome = try await stage.run(words + form + (words[0] == "db" ? [] : ["--host", "h"]))
          #expect(
            isHarmless(outcome.output) && isHarmless(outcome.errors),
            "\(words): \(outcome.output.debugDescription)")
        }
      }
      // CSV is the name itself in a file, and harmless on a terminal.
      let csv = ["history", "--host", "h", "--csv", "-q"]
      #expect(try await stage.succeed(csv).output.contains(names[1]))
      let terminal = try stage.connwatch(csv, output: .terminal(columns: 200))
      #expect(try await terminal.end() == 0)
      #expect(
        isHarmless(terminal.output.replacing("\r\n", with: "\n")), "\(terminal.output.debugDescription)")
      #expect(terminal.output.contains("\\x9b2J"))
      let found = try await stage.succeed([
        "history", "--host", "h", "--json", "-q", "process", "\"\(names[0])\"",
      ])
      #expect(found.lines.count == 1)
    }

    /// Whatever is typed as a filter is answered, or refused with a reason: no crash, no escape.
    @Test func filtersOfAnySize() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let path = try file("netstat.txt", FilePermissionTests.table, stage)
      _ = try await stage.succeed(["import", path, "--at", "-1h", "--host", "h"])
      let past = ["history", "--host", "h", "--json", "-q"]
      let now = ["list", "--json", "-q", "--proc", try stage.capturedProc()]
      // In one word each, as a script would give them: 64 KiB and more.
      func words(_ text: String, _ count: Int) -> String { String(repeating: text + " ", count: count) }
      let count = Effort.of(short: 40_000, long: 60_000)
      for command in [past, now] {
        let nested = try await stage.run(
          command + [words("(", count / 2) + "port 22 " + words(")", count / 2)])
        let plain = try await stage.run(command + ["port", "22"])
        #expect(nested.status == 0 && nested.output == plain.output)
        let negated = try await stage.run(command + [words("not", count / 2) + "port 22"])
        #expect(negated.status == 0 && negated.output == plain.output)
        #expect(try await stage.run(command + [words("(", count)]).status == 2)
        // And in a word each, as a shell gives what is not quoted.
        let apart = Array(repeating: "not", count: count / 2) + ["port", "22"]
        let negatedApart = try await stage.run(command + apart)
        #expect(negatedApart.status == 0 && negatedApart.output == plain.output)
        let long = try await stage.run(command + ["process", String(repeating: "x", count: 65_536)])
        #expect(long.status == 2 && long.errors.contains("longer than"))
        let hostile = try await stage.run(
          command + [String(repeating: "\u{1B}]0;x\u{7}\u{9B}\u{202E}", count: 1000)])
        #expect(hostile.status == 2 && isHarmless(hostile.errors), "\(hostile.errors.debugDescription)")
        let terms = (1...5000).map { "port \($0)" }.joined(separator: " or ")
        let many = try await stage.run(command + [terms])
        #expect(many.status == 0 && !many.lines.isEmpty, "\(many.errors)")
        // More values than SQLite binds: that is said. A table in memory takes them all.
        let mixed = (1...6000).map { "src 10.0.\($0 / 256).\($0 % 256)" }.joined(separator: " or ")
        let most = try await stage.run(command + [mixed])
        #expect(
          most.status == 0 || most.errors.contains("too many conditions for the database"),
          "\(most.errors.prefix(300))")
      }
    }

    /// What a process was started with is nobody's: not in the history, nor in anything that is said.
    @Test(.needsNamespaces, .needs("curl"), arguments: ["proc", "auto"])
    func argumentsAndEnvironmentAreNotKept(source: String) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let web = try await puppet.listen("web", 8080)
      let recorder = try await stage.record(["--print", "--source", source], in: puppet.namespace)
      let secret = "hunter2-" + UUID().uuidString
      let server = "import socket,time; s = socket.create_server(('127.0.0.1', 9191)); time.sleep(100)"
      _ = try stage.start(
        [try #require(Machine.python), "-c", server, secret], in: puppet.namespace,
        environment: ["TOKEN": secret])
      _ = try stage.start(
        ["curl", "--silent", "-H", "X-Key: " + secret, "http://127.0.0.1:8080/"], in: puppet.namespace,
        environment: ["TOKEN": secret])
      try await puppet.accept("client", from: web.key)
      try await eventually("both in the history\n\(recorder.errors)") {
        let rows = try await stage.succeed(["history", "-a", "--json", "-q"]).json()
        return rows.contains { $0.int("local_port") == 9191 && $0.process?.string("name") != nil }
          && rows.contains { $0.process?.string("name") == "curl" }
      }
      try await stage.stop(recorder)
      // Its database, its log, and all that it has printed are files of this directory.
      var searched = 0
      for name in try FileManager.default.contentsOfDirectory(atPath: stage.directory) {
        guard let data = FileManager.default.contents(atPath: stage.path(name)) else { continue }
        searched += data.count
        #expect(data.range(of: Data(secret.utf8)) == nil, "\(name)")
      }
      #expect(searched > 4096)
    }

    /// A cgroup may be called anything that is no line end; a unit is named after it.
    @Test(
      .needsNamespaces,
      .enabled(if: access("/sys/fs/cgroup/cgroup.procs", W_OK) == 0, "needs cgroups to be made"))
    func cgroupsReachNoTerminalAsTheyAre() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let unit = "evil \u{1B}[31m\u{9B}2J\u{202E}'); DROP TABLE life;--\t\u{7}.service"
      let group = "/sys/fs/cgroup/connwatch-\(puppet.pid) \u{1B}]0;x\u{7}"
      try FileManager.default.createDirectory(atPath: group + "/" + unit, withIntermediateDirectories: true)
      defer {
        puppet.child.finish()
        rmdir(group + "/" + unit)
        rmdir(group)
      }
      try "\(puppet.pid)".write(
        toFile: group + "/" + unit + "/cgroup.procs", atomically: false, encoding: .utf8)
      try await puppet.listen("web", 8080)
      let recorder = try await stage.record(["--print"], in: puppet.namespace)
      let live = try await stage.succeed(["list", "--json"], in: puppet.namespace)
      #expect(try live.json().contains { $0.process?.string("unit") == unit }, "\(live.output)")
      for words in [
        ["list"], ["listeners"], ["port", "8080"], ["listeners", "accept", "--all"], ["listeners"],
      ] {
        let outcome = try await stage.run(words, in: puppet.namespace)
        #expect(
          isHarmless(outcome.output) && isHarmless(outcome.errors),
          "\(words): \(outcome.output.debugDescription)")
      }
      try await stage.stop(recorder)
      #expect(isHarmless(recorder.output))
      for words in [["history", "-a"], ["events", "-a"], ["port", "8080"], ["history", "-a", "--json"]] {
        let outcome = try await stage.run(words)
        #expect(isHarmless(outcome.output), "\(words): \(outcome.output.debugDescription)")
      }
      let found = try await stage.succeed(["history", "-a", "--json", "-q", "unit", "=", unit])
      #expect(found.lines.count == 1)
    }
  }
}
