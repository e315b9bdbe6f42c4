// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// Pages from port 80, the same again, and from other ports: what a client's ports are and which service they used.
  @Suite(.needsTrace, .needs("nginx", "curl"))
  struct BrowserSceneTests {
    @Test func aRefreshHasAnotherPortAndTheSameService() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let scene = try await stage.play("browser.py", recordOn: ["client", "server"])
      let fetched = try scene.said("fetched")
      let odd = try #require(try scene.said("ready").first?.int("odd"))
      #expect(fetched.map { $0.int("remote_port") } == [80, 80, 90, odd])
      func ports(_ service: Int) -> [Int] {
        fetched.filter { $0.int("remote_port") == service }.compactMap { $0.int("local_port") }.sorted()
      }
      #expect(Set(ports(80)).count == 2)

      let used = try await scene.ask(["services"], on: "client")
      #expect(used.count == 3)
      for port in [80, 90, odd] {
        let row = try #require(used.first { $0.int("port") == port })
        #expect(row.int("connections") == ports(port).count)
        #expect(row.ints("local_ports") == ports(port))
        #expect(row.int("remote_hosts") == 1)
        #expect(row.strings("processes") == ["curl"])
        #expect(row.string("direction") == "out")
      }
      let history = try await scene.ask(["history"], on: "client")
      #expect(history.count == 4)
      for fetch in fetched {
        let life = history.first { $0.int("local_port") == fetch.int("local_port") }
        #expect(
          life?.tuple
            == "tcp 192.0.2.10:\(fetch.int("local_port") ?? 0) 192.0.2.80:\(fetch.int("remote_port") ?? 0)")
        #expect(life?.process?.int("pid") == fetch.int("curl_pid"))
      }

      // Whatever a port is registered for, the program that serves on it is named.
      let served = try await scene.ask(["services", "direction", "in"], on: "server")
      #expect(served.compactMap { $0.int("port") }.sorted() == [80, 90, odd].sorted())
      for (port, program) in [(80, "nginx"), (90, "python"), (odd, "nginx")] {
        let row = try #require(served.first { $0.int("port") == port })
        #expect(row.strings("processes")?.allSatisfy { $0.hasPrefix(program) } == true, "\(row.text)")
      }
      try await tellsAStrangersPort(scene)
    }

    /// Port 90 is registered for something else than the web server that holds it.
    private func tellsAStrangersPort(_ scene: PlayedScene) async throws {
      let port = try await scene.ask(["port", "90"], on: "server")
      let known = try #require(
        port.first { $0.string("kind") == "port" && $0.string("proto") == "tcp" })
      #expect(known.string("registered") == "dnsix")
      let holder = try #require(port.first { $0.string("kind") == "holder" })
      #expect(holder.process?.string("name")?.hasPrefix("python") == true)
      let peer = try #require(port.first { $0.string("kind") == "peer" })
      #expect(peer.string("remote_addr") == "192.0.2.10")
      #expect(peer.int("connections") == 1)
      // A client's port: who had it, as one asks after an abuse report.
      let fetch = try #require(try scene.said("fetched").last)
      let had = try await scene.ask(["port", "\(fetch.int("local_port") ?? 0)"], on: "client")
      let connection = try #require(had.first { $0.string("kind") == "connection" })
      #expect(connection.process?.int("pid") == fetch.int("curl_pid"))
      #expect(connection.string("remote_addr") == "192.0.2.80")
    }
  }
}
