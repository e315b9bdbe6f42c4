// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// A real FTP server and client: the control connection on port 21, and where the data went.
  @Suite(.needsTrace, .needs("vsftpd", "curl"))
  struct VsftpdSceneTests {
    @Test func dataConnectionsGoEitherWay() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let scene = try await stage.play("vsftpd.py", ["--seconds", "0.5"], recordOn: ["client", "server"])
      let fetched = try scene.said("fetched")
      let passive = try #require(fetched.first { $0.string("mode") == "passive" })
      let active = try #require(fetched.first { $0.string("mode") == "active" })
      let client = try await scene.ask(["history"], on: "client")
      let server = try await scene.ask(["history"], on: "server")
      #expect(client.count == 4)
      #expect(server.count == 4)
      for fetch in fetched {
        let control = try #require(fetch.int("control_port"))
        let here = try #require(client.first { $0.int("local_port") == control })
        #expect(here.int("remote_port") == 21)
        #expect(here.string("direction") == "out")
        let there = try #require(server.first { $0.int("remote_port") == control })
        #expect(there.int("local_port") == 21)
        #expect(there.string("direction") == "in")
        #expect(there.process?.string("name") == "vsftpd")
      }
      // Passive, to a port that the server has named; active, from its port 20 to one that the client has.
      let port = try #require(passive.int("data_port"))
      let to = try #require(client.first { $0.int("remote_port") == port })
      #expect(to.string("direction") == "out")
      #expect(to.process?.int("pid") == passive.int("curl_pid"))
      #expect((to.int("bytes_in") ?? 0) >= (passive.int("bytes") ?? 1))
      #expect(server.first { $0.int("local_port") == port }?.string("direction") == "in")
      let from = try #require(client.first { $0.int("remote_port") == 20 })
      #expect(from.int("local_port") == active.int("data_port"))
      #expect(from.string("direction") == "in")
      #expect(from.process?.int("pid") == active.int("curl_pid"))
      let opened = try #require(server.first { $0.int("local_port") == 20 })
      #expect(opened.string("direction") == "out")
      #expect(opened.process?.string("name") == "vsftpd")
      try await dataIsOneService(scene, [to, from])
    }

    /// Told apart from the control connections, and joined with each other, however they were opened.
    private func dataIsOneService(_ scene: PlayedScene, _ data: [JSONLine]) async throws {
      let services = try await scene.ask(["services"], on: "client")
      #expect(services.compactMap { $0.string("service") } == ["ftp", "ftp-data"], "\(services.map(\.text))")
      for row in services {
        #expect(row.int("connections") == 2, "\(row.text)")
        #expect(row.string("direction") == "out")
        #expect(row.strings("processes") == ["curl"])
      }
      #expect(services.last?.ints("local_ports") == data.compactMap { $0.int("local_port") }.sorted())
    }
  }
}
