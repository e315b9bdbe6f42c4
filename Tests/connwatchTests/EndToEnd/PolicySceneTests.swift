// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// A server that is restarted as it was, and then so that everybody reaches it, while it is recorded.
  @Suite(.needsNamespaces, .needs("nginx"))
  struct PolicySceneTests {
    private func obey(_ scene: PlayedScene, _ order: String) async throws {
      let before = try scene.said(order).count
      try scene.child.tell(order)
      try await eventually("\(order)\n\(scene.child.errors)") { try scene.said(order).count > before }
    }

    private func check(_ scene: PlayedScene) async throws -> (status: Int32, rows: [JSONLine]) {
      let outcome = try await scene.run(["listeners", "--check", "--json"], on: "server")
      return (outcome.status, try outcome.json())
    }

    @Test func aRestartIsSilentAndWideningIsNot() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let scene = try await stage.play("policy.py", recordOn: ["server"], until: "recorder_started")
      let accepted = try await scene.run(["listeners", "accept", "--all"], on: "server")
      #expect(accepted.status == 0)
      #expect(try await check(scene).status == 0)

      try await obey(scene, "restart")
      let same = try await check(scene)
      #expect(same.status == 0)
      #expect(same.rows.isEmpty)

      try await obey(scene, "widen")
      let wider = try await check(scene)
      #expect(wider.status == 1)
      #expect(wider.rows.map { $0.string("status") } == ["widened"])
      #expect(wider.rows.first?.int("port") == 8080)
      #expect(wider.rows.first?.process?.string("name") == "nginx")

      // Each is an event, told within a sample.
      try await eventually("the third listener") { try await listening(scene).count >= 3 }
      let statuses = try await listening(scene).map { $0.string("status") }
      #expect(statuses.dropFirst() == ["expected", "widened"], "\(statuses)")

      try await obey(scene, "narrow")
      #expect(try await check(scene).status == 0)
    }

    private func listening(_ scene: PlayedScene) async throws -> [JSONLine] {
      try await scene.ask(["events", "-l"], on: "server").filter { $0.string("event") == "listening" }
    }
  }
}
