// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// The firewall quiz: which of two services a firewall lets through on which of its sides, as two laptops see it.
  @Suite(.needsTrace, .needs("inetd", "telnetd", "telnet", "nginx", "curl", "nft"))
  struct FirewallSceneTests {
    @Test func eachLaptopKnowsWhatPassed() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let laptops = ["laptop1", "laptop2"]
      let scene = try await stage.play("firewall.py", recordOn: laptops)
      let attempts = try scene.said("attempt")
      #expect(attempts.count == 8)
      for laptop in laptops {
        let own = attempts.filter { $0.string("laptop") == laptop }
        let history = try await scene.ask(["history"], on: laptop)
        // Its own, and nobody else's: what runs on the other laptop is traced as well.
        #expect(
          history.compactMap { $0.process?.int("pid") }.sorted() == own.compactMap { $0.int("pid") }.sorted(),
          "\(history.map(\.text))")
        try await blocked(scene, laptop, attempts)
        for attempt in own {
          let life = try #require(history.first { $0.process?.int("pid") == attempt.int("pid") })
          #expect(life.process?.string("name") == attempt.string("program"))
          #expect(life.string("remote_addr") == attempt.string("remote"))
          #expect(life.int("remote_port") == attempt.int("remote_port"))
          #expect(life.states.contains("ESTABLISHED") == attempt.bool("passed"), "\(life.text)")
          if attempt.bool("passed") == false {
            #expect(life.states == ["SYN_SENT", "CLOSE"])
            #expect((life.double("duration_s") ?? 0) > 2)
          }
        }
      }
    }

    /// What a laptop's `blocked` says: the one attempt that was dropped, and nothing of those after the ports were opened.
    private func blocked(_ scene: PlayedScene, _ laptop: String, _ attempts: [JSONLine]) async throws {
      let dropped = attempts.filter { $0.string("laptop") == laptop && $0.bool("passed") == false }
      let rows = try await scene.ask(["blocked"], on: laptop)
      #expect(dropped.count == 1)
      #expect(rows.count == 1, "\(rows.map(\.text))")
      guard let row = rows.first, let attempt = dropped.first else { return }
      #expect(row.string("verdict") == "filtered")
      #expect(row.string("remote_addr") == attempt.string("remote"))
      #expect(row.int("remote_port") == attempt.int("remote_port"))
      #expect(row.string("service") == (attempt.int("remote_port") == 23 ? "telnet" : "http"))
      #expect(row.process?.string("name") == attempt.string("program"))
      #expect(row.int("attempts") == 1)
      let opened = try #require(try scene.said("opened").first?.double("time"))
      #expect((row.moment("last_seen") ?? .max) < Int64(opened * 1e6))
    }
  }
}
