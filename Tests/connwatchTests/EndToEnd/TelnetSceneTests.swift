// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// A telnet server on port 23 that is moved to port 65 while both ends are recorded.
  @Suite(.needsTrace, .needs("inetd", "telnetd", "telnet"))
  struct TelnetSceneTests {
    @Test func aServerThatMovesIsKnownByItsProgram() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let scene = try await stage.play(
        "telnet.py", ["--seconds", "0.5"], recordOn: ["client", "server"])
      let inetd = try #require(try scene.said("ready").first?.int("inetd_pid"))

      let used = try await scene.ask(["services"], on: "client")
      #expect(used.compactMap { $0.int("port") }.sorted() == [23, 65])
      let (old, new) = (used.first { $0.int("port") == 23 }, used.first { $0.int("port") == 65 })
      #expect(old?.string("service") == "telnet")
      #expect(old?.int("open") == 0)
      #expect(new?.int("open") == 1)
      for row in [old, new] { #expect(row?.strings("processes") == ["telnet"]) }

      // Listeners are inetd's, sessions another process's for each; who saw it before it became telnetd knows it as inetd.
      let served = try await scene.ask(["services", "direction", "in"], on: "server")
      #expect(served.compactMap { $0.int("port") }.sorted() == [23, 65])
      for row in served {
        #expect(["telnetd", "inetd"].contains(row.strings("processes")?.first), "\(row.text)")
      }
      let sessions = try await scene.ask(["history", "-t"], on: "server")
      #expect(sessions.count == 2)
      #expect(Set(sessions.compactMap { $0.process?.int("pid") } + [inetd]).count == 3)
      let listeners = try await scene.ask(["history", "-l", "-t"], on: "server")
      #expect(listeners.compactMap { $0.int("local_port") }.sorted() == [23, 65])
      for row in listeners {
        #expect(row.process?.string("name") == "inetd")
        #expect(row.process?.int("pid") == inetd)
        #expect(row.isNull("closed") == (row.int("local_port") == 65))
      }
      let now = try await scene.ask(["list", "-t", "port", "65"], on: "server")
      #expect(now.compactMap { $0.string("state") }.sorted() == ["ESTABLISHED", "LISTEN"])
      let session = try #require(now.first { $0.string("state") == "ESTABLISHED" })
      #expect(session.process?.string("name") == "telnetd")
      #expect(session.string("direction") == "in")

      let port = try await scene.ask(["port", "65"], on: "server")
      #expect(
        port.first { $0.string("kind") == "port" && $0.string("proto") == "tcp" }?.string("registered")
          == "tacacs-ds")
      let holders = port.filter { $0.string("kind") == "holder" }
      #expect(holders.map { $0.process?.string("name") } == ["inetd"])
      #expect(port.first { $0.string("kind") == "peer" }?.string("remote_addr") == "192.0.2.10")

      let line = "tcp 0 0 192.0.2.23:65 192.0.2.10:\(session.int("remote_port") ?? 0) ESTABLISHED"
      let told = try #require(try await scene.ask(["explain", line], on: "server").first)
      #expect(told.process?.string("name") == "telnetd")
      #expect(told.string("direction") == "in")
      #expect(told.int("client_port") == session.int("remote_port"))
      #expect(told.string("text")?.contains("tacacs-ds") == true, "\(told.text)")
    }
  }
}
