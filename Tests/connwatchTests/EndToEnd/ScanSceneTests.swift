// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// A connect scan of a host with nineteen listeners, seen from the host.
  @Suite(.needsTrace, .needs("inetd", "telnetd", "vsftpd", "nginx", "nmap"))
  struct ScanSceneTests {
    @Test func everyListenerIsNamedAndTheScanIsSeen() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let scene = try await stage.play("scan.py", recordOn: ["host"])
      let ready = try #require(try scene.said("ready").first)
      let ports = try #require(ready.ints("ports"))
      #expect(ports.count == 19)
      var owners: [Int: String] = [:]
      for server in try scene.said("serving") {
        for port in server.ints("ports") ?? [] { owners[port] = server.string("program") }
      }

      let listeners = try await scene.ask(["listeners"], on: "host")
      #expect(listeners.compactMap { $0.int("port") }.sorted() == ports)
      for row in listeners {
        #expect(row.string("status") == "new")
        #expect(row.string("exposure") == "any")
        #expect(row.process?.string("name") == owners[row.int("port") ?? 0], "\(row.text)")
      }

      // One connection a listener; what was tried and refused made no socket here.
      let history = try await scene.ask(["history", "direction", "in"], on: "host")
      #expect(history.compactMap { $0.int("local_port") }.sorted() == ports)
      for row in history { #expect(row.string("remote_addr") == ready.string("scanner")) }

      let lines = try #require(try scene.said("scanned").first?.strings("lines"))
      let told = try await scene.ask(["explain"] + lines, on: "host")
      #expect(told.map { $0.int("local_port") } == ports)
      for row in told {
        #expect(row.process?.string("name") == owners[row.int("local_port") ?? 0], "\(row.text)")
        #expect(row.string("status") == "new", "\(row.text)")
      }
      // Those that are cleartext, or dangerous where others reach them.
      let minded = [21, 23, 111, 512, 513, 514, 6000]
      #expect(told.filter { !$0.isNull("risk") }.map { $0.int("local_port") } == minded)
      #expect(
        listeners.filter { !$0.isNull("risk") }.compactMap { $0.int("port") }.sorted() == minded)
      #expect(try await scene.run(["listeners", "accept", "--all"], on: "host").status == 0)
      let accepted = try await scene.ask(["explain"] + lines, on: "host")
      #expect(accepted.allSatisfy { $0.string("status") == "expected" })
    }
  }
}
