// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// Who listens, and whether they should: from the first look to an alarm in cron.
  @Suite(.needsNamespaces)
  struct ListenerTests {
    private func status(_ stage: Stage, _ namespace: String, _ port: Int) async throws -> [String] {
      let rows = try await stage.succeed(["listeners", "--json", "-q"], in: namespace).json()
      return rows.filter { $0.int("port") == port }.compactMap { $0.string("status") }
    }

    private func check(_ stage: Stage, _ namespace: String, _ words: String...) async throws -> Stage.Outcome
    {
      try await stage.run(["listeners", "--check", "-q"] + words, in: namespace)
    }

    @Test func fromNewToExpectedAndBack() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let namespace = puppet.namespace
      try await puppet.listen("web", 8080)
      #expect(try await status(stage, namespace, 8080) == ["new"])
      let alarm = try await check(stage, namespace)
      #expect(alarm.status == 1)
      #expect(alarm.output.contains("127.0.0.1:8080"))
      let json = try await check(stage, namespace, "--json")
      #expect(json.status == 1)
      #expect(try json.json().map { $0.string("status") } == ["new"])

      let accepted = try await stage.succeed(["listeners", "accept", "8080"], in: namespace)
      #expect(accepted.lines.count == 1)
      #expect(accepted.output.hasPrefix("+ tcp loopback 8080 /"))
      #expect(try await status(stage, namespace, 8080) == ["expected"])
      let quiet = try await check(stage, namespace)
      #expect(quiet.status == 0)
      #expect(quiet.output.isEmpty)
      #expect(quiet.errors.isEmpty)

      // Another port is still new; a second accept adds nothing to the first.
      try await puppet.listen("other", 8443)
      #expect(try await status(stage, namespace, 8443) == ["new"])
      #expect(try await check(stage, namespace).status == 1)
      #expect(
        try await stage.succeed(["listeners", "accept", "8080"], in: namespace).output.contains(
          "nothing to change"))
      #expect(try await stage.succeed(["listeners", "accept", "--all"], in: namespace).lines.count == 1)
      #expect(try await check(stage, namespace).status == 0)

      // Gone is told, and is no alarm.
      try await puppet.close("other")
      #expect(try await status(stage, namespace, 8443) == ["gone"])
      #expect(try await check(stage, namespace).status == 0)
      let forgotten = try await stage.succeed(["listeners", "forget", "8443"], in: namespace)
      #expect(forgotten.output.hasPrefix("- tcp loopback 8443 /"))
      #expect(try await status(stage, namespace, 8443).isEmpty)
      expectRefusal(try await stage.run(["listeners", "forget", "8443"], in: namespace), ["8443"])
      _ = try await stage.succeed(["listeners", "forget", "--all"], in: namespace)
      #expect(try await status(stage, namespace, 8080) == ["new"])
    }

    @Test func aRestartIsSilentAndAWiderAddressIsNot() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let own = try await stage.puppet()
      let namespace = own.namespace
      let first = try await stage.puppet(in: namespace)
      try await first.listen("web", 8080)
      try await first.listen("all", 8081, address: "0.0.0.0")
      _ = try await stage.succeed(["listeners", "accept", "--all"], in: namespace)
      first.child.finish()
      #expect(try await check(stage, namespace).status == 0)

      // The same program with another pid.
      let second = try await stage.puppet(in: namespace)
      #expect(second.pid != first.pid)
      try await second.listen("web", 8080)
      try await second.listen("all", 8081, address: "0.0.0.0")
      #expect(try await status(stage, namespace, 8080) == ["expected"])
      let quiet = try await check(stage, namespace)
      #expect(quiet.status == 0)
      #expect(quiet.output.isEmpty)

      // To all the world instead of this machine; and the other way about, which is no harm.
      try await second.close("web")
      try await second.listen("web", 8080, address: "0.0.0.0")
      try await second.close("all")
      try await second.listen("all", 8081)
      #expect(try await status(stage, namespace, 8080) == ["widened"])
      #expect(try await status(stage, namespace, 8081) == ["expected"])
      let alarm = try await check(stage, namespace, "--json")
      #expect(alarm.status == 1)
      let rows = try alarm.json()
      #expect(rows.map { $0.int("port") } == [8080])
      #expect(rows.first?.string("exposure") == "any")
    }

    @Test func anotherProgramOnThePortIsAnAlarm() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let own = try await stage.puppet()
      let namespace = own.namespace
      let first = try await stage.puppet(in: namespace)
      try await first.listen("web", 8080)
      _ = try await stage.succeed(["listeners", "accept", "8080"], in: namespace)
      first.child.finish()
      let program = stage.path("impostor")
      try FileManager.default.copyItem(atPath: try #require(Machine.python), toPath: program)
      let impostor = try await stage.puppet(in: namespace, python: program)
      try await impostor.listen("web", 8080)
      #expect(try await status(stage, namespace, 8080) == ["changed"])
      let alarm = try await check(stage, namespace)
      #expect(alarm.status == 1)
      #expect(alarm.output.contains("changed"))
      #expect(alarm.output.contains("impostor"))
      _ = try await stage.succeed(["listeners", "accept", "8080"], in: namespace)
      #expect(try await check(stage, namespace).status == 0)
    }

    @Test func theFileIsTextThatPeopleMayWrite() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let file = stage.path("rules")
      try await puppet.listen("web", 8080, address: "0.0.0.0")
      try await puppet.order(["do": "udp", "key": "dns", "port": 53])
      try "# ours\ntcp any 8080 *\n\n  udp loopback 53 *  \n".write(
        toFile: file, atomically: true, encoding: .utf8)
      let words = ["listeners", "--check", "--expected", file]
      #expect(try await stage.run(words, in: puppet.namespace).status == 0)
      try "tcp any 8080\n".write(toFile: file, atomically: true, encoding: .utf8)
      expectRefusal(try await stage.run(words, in: puppet.namespace), ["\(file):1", "tcp any 8080"])
      try "tcp any 99999 *\n".write(toFile: file, atomically: true, encoding: .utf8)
      expectRefusal(try await stage.run(words, in: puppet.namespace), ["\(file):1", "99999"])
      // UDP on a port of its own is a listener like any other.
      let accept = ["listeners", "accept", "53/udp", "--expected", stage.path("new")]
      #expect(try await stage.succeed(accept, in: puppet.namespace).output.hasPrefix("+ udp loopback 53 /"))
    }
  }
}
