// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// A process that may make no netlink sockets, as in some containers: /proc does, and it is said.
  @Suite(.needsNamespaces)
  struct NoNetlinkTests {
    private static let remark =
      "connwatch: sock_diag: Operation not permitted (a seccomp or security policy may forbid it): reading /proc"

    private func forbidden(
      _ stage: Stage, _ words: [String], in namespace: String
    ) async throws -> Stage.Outcome {
      let child = try stage.start(
        [try #require(Machine.python), Machine.scene("forbid_netlink.py"), try #require(Machine.connwatch)]
          + words,
        in: namespace)
      let status = try await child.end()
      return Stage.Outcome(status: status, output: child.output, errors: child.errors)
    }

    @Test func listReadsProcAndSaysSo() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      _ = try await puppet.pair("a", listener)
      let keys = ["list", "-t", "--json", "--columns", "state,local_addr,local_port,remote_port,inode"]
      let usual = try await stage.succeed(keys, in: puppet.namespace)
      let seen = try await forbidden(stage, keys, in: puppet.namespace)
      #expect(seen.status == 0)
      #expect(Set(seen.lines) == Set(usual.lines) && usual.lines.count == 3)
      #expect(seen.errors.contains(Self.remark), "\(seen.errors)")
      let asked = try await forbidden(stage, ["list", "--source", "netlink"], in: puppet.namespace)
      #expect(asked.status == 2)
      #expect(asked.errors.hasPrefix("connwatch: sock_diag: Operation not permitted"), "\(asked.errors)")
    }

    @Test func recordSamplesProcAndGoesOnTracing() async throws {
      // The trace is of the whole machine, and without netlink others' connections on ports that nobody listens on
      // here cannot be told from ours: other tests make some.
      let history = ["history", "-q", "--json", "port = 8080"]
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      let recorder = try stage.start(
        [
          try #require(Machine.python), Machine.scene("forbid_netlink.py"), try #require(Machine.connwatch),
          "record",
          "--interval", "100ms", "--for", "60s",
        ], in: puppet.namespace)
      try await eventually("a sample") { try await stage.samples() > 0 }
      _ = try await puppet.pair("a", listener)
      try await eventually("both ends") {
        try await stage.succeed(history).lines.count == 2
      }
      try await puppet.close("a")
      try await puppet.close("as")
      try await eventually("their end") {
        try await stage.succeed(history).json().allSatisfy { !$0.isNull("closed") }
      }
      try await stage.stop(recorder)
      #expect(recorder.errors.contains(Self.remark), "\(recorder.errors)")
      let lives = try await stage.succeed(history).json()
      #expect(lives.count == 2)
      #expect(lives.allSatisfy { $0.string("source") == "proc+trace" }, "\(lives.map(\.text))")
      #expect(lives.allSatisfy { $0.isNull("bytes_in") })
    }
  }
}
