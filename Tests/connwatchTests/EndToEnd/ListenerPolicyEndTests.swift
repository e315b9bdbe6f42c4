// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// What is expected to listen: where it is written, what is learnt, and what somebody without privileges sees.
  @Suite(.needsNamespaces)
  struct ListenerPolicyEndTests {
    @Test func theFileIsForConfigurationManagement() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let namespace = puppet.namespace
      try await puppet.listen("web", 8080)
      try await puppet.listen("telnet", 23, address: "0.0.0.0")
      let file = stage.path("etc/expected")
      let accept = ["listeners", "accept", "--all", "--file"]
      #expect(try await stage.succeed(accept + [file], in: namespace).lines.count == 2)
      let rules = try String(contentsOfFile: file, encoding: .utf8)
      #expect(rules.hasPrefix("# ") && rules.hasSuffix("\n"))
      // The same, printed; nothing else is written.
      #expect(try await stage.succeed(accept + ["-"], in: namespace).output == rules)
      #expect(!FileManager.default.fileExists(atPath: stage.path("expected")))
      let check = ["listeners", "--check", "--expected", file]
      let quiet = try await stage.run(check, in: namespace)
      #expect(quiet.status == 0 && quiet.output.isEmpty && quiet.errors.isEmpty)

      // Comments and the order of the lines are the administrator's.
      try ("# ours\n\n" + rules + "  tcp any 9999 *   # to come\n# end\n").write(
        toFile: file, atomically: true, encoding: .utf8)
      try await puppet.listen("more", 8081)
      let added = try await stage.succeed(accept + [file], in: namespace)
      #expect(added.lines.count == 1 && added.output.hasPrefix("+ tcp loopback 8081 /"))
      let more = try String(contentsOfFile: file, encoding: .utf8)
      #expect(
        more.hasPrefix("# ours\n\n" + rules + "  tcp any 9999 *   # to come\n# end\ntcp loopback 8081 /"))
      _ = try await stage.succeed(["listeners", "forget", "8080", "8081", "--file", file], in: namespace)
      let less = try String(contentsOfFile: file, encoding: .utf8)
      #expect(less.contains("# to come\n# end\n") && !less.contains(" 8080 ") && less.contains(" 23 "))

      for (words, what) in [
        (["listeners", "accept", "--all", "--file", file, "--expected", file], "exclude each other"),
        (["listeners", "forget", "--all", "--file", "-"], "--file -"),
        (["listeners", "accept", "--file", file], "say which"),
        (["listeners", "--check", "--learn", "7d"], "no history to learn from"),
        (["listeners", "--learn", "soon"], "soon"), (["listeners", "--learn", "0"], "too short"),
      ] {
        expectRefusal(try await stage.run(words, in: namespace), [what])
      }
    }

    @Test func notesSayWhatIsExpectedAndWhatIsToBeMinded() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      try await puppet.listen("telnet", 23, address: "0.0.0.0")
      try await puppet.listen("redis", 6379)
      try "tcp loopback 23 *\n".write(toFile: stage.path("expected"), atomically: true, encoding: .utf8)
      let rows = try await stage.succeed(["listeners", "--json", "-q"], in: puppet.namespace).json()
      #expect(rows.map { $0.string("risk")?.hasPrefix("telnet sends passwords") ?? false } == [true, false])
      #expect(rows[1].isNull("risk") && rows[1].string("exposure") == "loopback")
      #expect(rows[0].keys.last == "reason")
      let table = try await stage.run(
        ["listeners", "-q", "--color", "never"], in: puppet.namespace, output: .terminal(columns: 80))
      let lines = table.output.split(whereSeparator: \.isNewline).map(String.init)
      #expect(lines.allSatisfy { $0.count <= 80 }, "\(table.output)")
      #expect(
        lines.suffix(3) == [
          "tcp 0.0.0.0:23", "  widened: expected loopback",
          "  risk: telnet sends passwords and everything typed in cleartext",
        ])
      let bare = try await stage.succeed(["listeners", "-q", "-H"], in: puppet.namespace)
      #expect(bare.lines.count == 2)
    }

    /// A history that began ten days ago.
    private func age(_ stage: Stage) async throws {
      let days = 10 * 86_400_000_000
      _ = try await stage.sql(
        """
        UPDATE run SET started = started - \(days); UPDATE open_life SET opened = opened - \(days);
        UPDATE life SET opened = opened - \(days); UPDATE sample SET first = first - \(days);
        """)
    }

    @Test func whatListenedInTheFirstWeekIsExpected() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let namespace = puppet.namespace
      try await puppet.listen("web", 8080)
      let first = try await stage.record(["--learn", "7d", "--print", "--json"], in: namespace)
      try await eventually("the event") { first.output.contains("\"status\":\"expected\"") }
      try await stage.stop(first)
      #expect(first.errors.contains("learning until "))

      // While it learns, all is well, and cron hears nothing.
      try await puppet.listen("later", 8081)
      let learning = try await stage.succeed(["listeners", "--learn", "7d", "--json"], in: namespace)
      #expect(try learning.json().map { $0.string("status") } == ["expected", "expected"])
      #expect(learning.errors.contains("learning until "))
      let quiet = try await stage.run(["listeners", "--check", "--learn", "7d"], in: namespace)
      #expect(quiet.status == 0 && quiet.output.isEmpty && quiet.errors.isEmpty)

      try await age(stage)
      func status(_ port: Int) async throws -> [String?] {
        try await stage.succeed(["listeners", "--learn", "7d", "--json", "-q"], in: namespace).json()
          .filter { $0.int("port") == port }.map { $0.string("status") }
      }
      #expect(try await status(8080) == ["expected"])
      #expect(try await status(8081) == ["new"])
      #expect(try await stage.run(["listeners", "--check", "--learn", "7d"], in: namespace).status == 1)
      let second = try await stage.record(["--learn", "7d", "--print", "--json"], in: namespace)
      try await puppet.close("web")
      try await puppet.listen("web", 8080, address: "0.0.0.0")
      try await eventually("the event\n\(second.output)") { second.output.contains("\"status\":\"widened\"") }
      try await stage.stop(second)
      #expect(!second.errors.contains("learning until "))
      #expect(try await status(8080) == ["widened"])
      // What was learnt and has gone is not missed; what is written down is.
      try await puppet.close("web")
      #expect(try await status(8080) == [])
      let kept = try await stage.succeed(["listeners", "accept", "--learn", "7d"], in: namespace)
      #expect(kept.lines.count == 1 && kept.output.hasPrefix("+ tcp loopback 8080 /"))
      #expect(try await status(8080) == ["gone"])
    }

    @Test(.needs("setpriv")) func somebodyWithoutPrivileges() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let namespace = puppet.namespace
      let program = stage.path("connwatch")
      try FileManager.default.copyItem(atPath: try #require(Machine.connwatch), toPath: program)
      let home = stage.path("home")
      try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
      chown(home, 65534, 65534)
      let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program]
      let settings: [String: String?] = ["HOME": home, "XDG_STATE_HOME": nil, "CONNWATCH_DB": nil]
      let rules = stage.path("rules")
      // Another program and unit than root's, which nobody can see: nothing is held against it.
      try "tcp loopback 8080 unit=web.service /usr/sbin/nginx\n".write(
        toFile: rules, atomically: true, encoding: .utf8)
      chmod(rules, 0o644)
      try await puppet.listen("web", 8080)
      func check() async throws -> Stage.Outcome {
        let child = try stage.start(
          nobody + ["listeners", "--check", "--expected", rules], in: namespace, environment: settings)
        let status = try await child.end()
        return Stage.Outcome(status: status, output: child.output, errors: child.errors)
      }
      let quiet = try await check()
      #expect(quiet.status == 0 && quiet.output.isEmpty && quiet.errors.isEmpty, "\(quiet)")
      let recorder = try stage.start(
        nobody + [
          "record", "--expected", rules, "--interval", "100ms", "--for", "120s", "--print", "--json",
          "--on-listener", "env",
        ], in: namespace, environment: settings)
      try await eventually("the first event\n\(recorder.errors)") {
        recorder.output.contains("\"status\":\"expected\"")
      }
      try await puppet.close("web")
      try await puppet.listen("web", 8080, address: "0.0.0.0")
      try await eventually("the event\n\(recorder.output)") {
        recorder.output.contains("\"status\":\"widened\"")
      }
      try await eventually("the command\n\(recorder.errors)") {
        recorder.errors.contains("CONNWATCH_STATUS=widened")
      }
      #expect(recorder.errors.contains("CONNWATCH_PID=\n"))
      #expect(try await check().status == 1)
      recorder.send(SIGTERM)
      #expect(try await recorder.end() == 0)
    }
  }
}
