// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// Listeners while they are recorded: what is said of those that come, and who is told.
  @Suite(.needsNamespaces)
  struct ListenerRecordTests {
    /// The events of listeners on a port, as a recorder printed them.
    private func events(_ recorder: Child, _ port: Int) throws -> [JSONLine] {
      try recorder.lines.map { try JSONLine(String($0)) }.filter { $0.int("local_port") == port }
    }

    private func waitFor(_ recorder: Child, _ port: Int, _ statuses: [String?]) async throws {
      try await eventually("\(statuses) on \(port)\n\(recorder.output)\n\(recorder.errors)") {
        try events(recorder, port).filter { $0.string("event") == "listening" }.map { $0.string("status") }
          == statuses
      }
    }

    private static let printing = ["--print", "--json"]

    @Test func aWiderAddressIsToldWithinASampleAndFailsTheCheck() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      try await puppet.listen("web", 8080)
      _ = try await stage.succeed(["listeners", "accept", "--all"], in: puppet.namespace)
      let recorder = try await stage.record(Self.printing, in: puppet.namespace)
      try await waitFor(recorder, 8080, ["expected"])
      try await puppet.close("web")
      try await puppet.listen("web", 8080, address: "0.0.0.0")
      try await waitFor(recorder, 8080, ["expected", "widened"])
      let told = try #require(try events(recorder, 8080).last { $0.string("status") == "widened" })
      #expect(told.string("local_addr") == "0.0.0.0" && told.process?.int("pid") == puppet.pid)
      // Told by the first sample that saw it: no earlier event of it said anything else.
      let id = try #require(told.int("id"))
      #expect(try events(recorder, 8080).filter { $0.int("id") == id }.count == 1)
      let check = try await stage.run(["listeners", "--check", "--json", "-q"], in: puppet.namespace)
      #expect(check.status == 1)
      #expect(try check.json().map { $0.string("status") } == ["widened"])
      #expect(try check.json().first?.string("reason") == "expected loopback")
      try await stage.stop(recorder)
      // The history has it too, and other events have no status.
      let history = try await stage.succeed(["events", "-l", "--json", "-q"]).json()
      #expect(
        history.map { "\($0.string("event") ?? "") \($0.string("status") ?? "-")" } == [
          "listening expected", "listening widened", "unlistened -",
        ]
          || history.map { "\($0.string("event") ?? "") \($0.string("status") ?? "-")" } == [
            "listening expected", "unlistened -", "listening widened",
          ])
      #expect(
        try await stage.sql("SELECT local_addr, status FROM listening ORDER BY id") == [
          ["127.0.0.1", "expected"], ["0.0.0.0", "widened"],
        ])
    }

    @Test func restartsAreSilentAndRulesMayChangeMeanwhile() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let own = try await stage.puppet()
      let namespace = own.namespace
      let first = try await stage.puppet(in: namespace)
      try await first.listen("web", 8080)
      _ = try await stage.succeed(["listeners", "accept", "--all"], in: namespace)
      let words = Self.printing + ["--on-listener", "env"]
      let recorder = try await stage.record(words, in: namespace)
      first.child.finish()
      let second = try await stage.puppet(in: namespace)
      #expect(second.pid != first.pid)
      try await second.listen("web", 8080)
      try await waitFor(recorder, 8080, ["expected", "expected"])
      #expect(!recorder.errors.contains("CONNWATCH_STATUS"), "\(recorder.errors)")

      // What is not expected is told each time that it begins, and the command is run for it once.
      for count in 1...2 {
        try await second.listen("other", 8081)
        try await waitFor(recorder, 8081, Array(repeating: "new", count: count))
        try await second.close("other")
        try await eventually("its end") {
          try events(recorder, 8081).filter { $0.string("event") == "unlistened" }.count == count
        }
      }
      try await eventually("the command\n\(recorder.errors)") {
        recorder.errors.contains("CONNWATCH_PORT=8081")
      }

      // A rule that is added while it records.
      try await second.listen("other", 8081)
      _ = try await stage.succeed(["listeners", "accept", "8081"], in: namespace)
      try await second.close("other")
      try await second.listen("other", 8081)
      try await eventually("the new rule\n\(recorder.output)") {
        try events(recorder, 8081).last { $0.string("event") == "listening" }?.string("status") == "expected"
      }
      try await stage.stop(recorder)
      #expect(recorder.errors.components(separatedBy: "CONNWATCH_STATUS=").count == 2, "\(recorder.errors)")

      // A recorder that is started again tells nothing of what went on.
      let again = try await stage.record(words, in: namespace)
      try await stage.stop(again)
      #expect(try events(again, 8080).isEmpty && events(again, 8081).isEmpty)
      #expect(!again.errors.contains("CONNWATCH_STATUS"))
    }

    @Test func theCommandGetsFieldsAndNoShell() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let proof = stage.path("proof")
      let script = stage.path("alarm; touch proof")
      let text = """
        #!/bin/sh
        { env; echo "ARGUMENTS=$#"; readlink /proc/self/fd/0; ls -l /proc/$$/fd; echo END; } >> '\(stage.path("told"))'

        """
      try text.write(toFile: script, atomically: true, encoding: .utf8)
      chmod(script, 0o755)
      try "tcp loopback 23 *\n".write(toFile: stage.path("rules"), atomically: true, encoding: .utf8)
      let recorder = try await stage.record(
        ["--expected", stage.path("rules"), "--on-listener", script], in: puppet.namespace)
      try await puppet.name("a;$(id)\n`x`\u{1B}[m")
      try await puppet.listen("telnet", 23, address: "0.0.0.0")
      func told() -> String { (try? String(contentsOfFile: stage.path("told"), encoding: .utf8)) ?? "" }
      try await eventually("the command\n\(recorder.errors)") { told().contains("END") }
      let lines = told().split(separator: "\n").map(String.init)
      for line in [
        "CONNWATCH_STATUS=widened", "CONNWATCH_PROTO=tcp", "CONNWATCH_ADDR=0.0.0.0", "CONNWATCH_PORT=23",
        "CONNWATCH_SERVICE=telnet", "CONNWATCH_EXPOSURE=any", "CONNWATCH_REASON=expected loopback",
        "CONNWATCH_PID=\(puppet.pid)", "CONNWATCH_SUPPRESSED=0", "CONNWATCH_NETNS=", "CONNWATCH_CONTAINER=",
        "CONNWATCH_PROCESS=a;$(id)\\x0a`x`\\x1b[m", "ARGUMENTS=0", "/dev/null",
      ] {
        #expect(lines.contains(line), "\(line)\n\(told())")
      }
      #expect(lines.contains { $0.hasPrefix("CONNWATCH_RISK=telnet sends") })
      #expect(lines.contains { $0.hasPrefix("CONNWATCH_EXE=/") })
      #expect(
        JSONLine.moment(lines.first { $0.hasPrefix("CONNWATCH_TIME=") }?.dropFirst(15).description ?? "")
          != nil)
      // None of the recorder's descriptors: not its database, its sockets or its trace.
      #expect(lines.contains { $0.hasSuffix(" 0 -> /dev/null") }, "\(told())")
      for part in ["-> \(stage.database)", "socket:", "/trace", "anon_inode"] {
        #expect(!told().contains(part), "\(part)\n\(told())")
      }
      #expect(!FileManager.default.fileExists(atPath: proof))
      try await stage.stop(recorder)
    }

    @Test func whatIsNotOneProgramIsRefused() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let proof = stage.path("proof")
      for command in [
        "touch \(proof); true", "touch \(proof)", "$(touch \(proof))", "no-such-program", "", "/",
        stage.path("x"),
      ] {
        let outcome = try await stage.run(["record", "--for", "1s", "--on-listener", command])
        expectRefusal(outcome, ["--on-listener"])
      }
      let plain = stage.path("plain")
      try "#!/bin/sh\n".write(toFile: plain, atomically: true, encoding: .utf8)
      expectRefusal(try await stage.run(["record", "--on-listener", plain]), ["plain", "Permission denied"])
      #expect(!FileManager.default.fileExists(atPath: proof))
      #expect(!FileManager.default.fileExists(atPath: stage.database), "nothing was begun")
    }

    @Test func oneThatHangsHoldsNothingUp() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let script = stage.path("hang")
      try "#!/bin/sh\necho $$ > '\(stage.path("pid"))'\nexec sleep 600\n".write(
        toFile: script, atomically: true, encoding: .utf8)
      chmod(script, 0o755)
      let recorder = try await stage.record(["--on-listener", script] + Self.printing, in: puppet.namespace)
      for port in 9001...9020 { try await puppet.listen("\(port)", port) }
      try await waitFor(recorder, 9020, ["new"])
      try await eventually("what is left out\n\(recorder.errors)") { recorder.errors.contains("left out") }
      let before = try await stage.samples()
      try await eventually("further samples") { try await stage.samples() > before + 3 }
      try await stage.stop(recorder)
      // One was run. How many waited and how many found no room depends on how many came with one sample.
      let leftOut = recorder.errors.matches(of: /(\d+) listeners? w(?:as|ere) left out/).compactMap {
        Int($0.1)
      }
      #expect(leftOut.reduce(0, +) == 19, "\(recorder.errors)")
      let pid = try String(contentsOfFile: stage.path("pid"), encoding: .utf8)
      kill(try #require(pid_t(pid.trimmingCharacters(in: .whitespacesAndNewlines))), SIGKILL)
    }

    @Test func fromIPv6AloneToBoth() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      try await puppet.listen("web", 8080, address: "::", v6Only: true)
      let accepted = try await stage.succeed(["listeners", "accept", "8080"], in: puppet.namespace)
      #expect(accepted.output.hasPrefix("+ tcp6 v6only 8080 /"))
      let recorder = try await stage.record(Self.printing, in: puppet.namespace)
      try await waitFor(recorder, 8080, ["expected"])
      #expect(try await stage.run(["listeners", "--check"], in: puppet.namespace).status == 0)
      try await puppet.close("web")
      try await puppet.listen("web", 8080, address: "::", v6Only: false)
      try await waitFor(recorder, 8080, ["expected", "widened"])
      let check = try await stage.run(["listeners", "--check", "--json"], in: puppet.namespace)
      #expect(check.status == 1)
      #expect(try check.json().map { $0.string("reason") } == ["expected v6only"])
      try await stage.stop(recorder)
    }
  }
}
