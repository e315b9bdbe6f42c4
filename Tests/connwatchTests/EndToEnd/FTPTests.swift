// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// FTP's data connections, which belong to their control connections (Tests/Scenes/ftp.py).
  struct FTPTests {
    /// Fetches files while a recorder watches; gives the ports of the client's ends.
    private func play(_ stage: Stage, _ words: [String], source: String) async throws -> [Int] {
      let (child, ready) = try await stage.scene("ftp.py", words)
      let namespace = try #require(ready.string("netns"))
      let recorder = try await stage.record(["--source", source], in: namespace, interval: "100ms")
      try child.tell("")
      try await eventually("the files\n\(child.errors)") { child.lines.count == 2 }
      let seen = try await stage.samples()
      try await eventually("more samples") { try await stage.samples() > seen + 5 }
      try await stage.stop(recorder)
      return try #require(try JSONLine(String(child.lines[1])).ints("ports"))
    }

    private func text(_ row: JSONLine) -> String {
      let words = ["service", "direction"].map { row.string($0) ?? "-" }
      return words.joined(separator: " ") + " \(row.int("port") ?? -1) \(row.int("connections") ?? -1)"
    }

    @Test(.needsTrace) func dataIsOneService() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let ports = try await play(stage, ["20", "5"], source: "auto")
      let rows = try await stage.succeed(["services", "--json"]).json()
      #expect(rows.map(text) == ["ftp out 21 2", "ftp-data out 20 25"])
      let data = try #require(rows.last)
      #expect(data.ints("local_ports") == Set(ports).sorted())
      #expect(data.int("local_ports_total") == Set(ports).count && data.int("remote_hosts") == 1)
      #expect(data.strings("processes") == rows[0].strings("processes"))
      // The server's ends of the same.
      let served = try await stage.succeed([
        "services", "--json", "direction", "in", "or", "direction", "out",
      ]).json()
      #expect(
        served.map(text).sorted() == [
          "ftp in 21 2", "ftp out 21 2", "ftp-data in 20 25", "ftp-data out 20 25",
        ])
      for row in served { #expect(row.int("open") == 0) }
    }

    @Test(.needsNamespaces) func samplesAloneJoinIt() async throws {
      let stage = try Stage()
      defer { stage.end() }
      _ = try await play(stage, ["--hold", "0.4", "3", "2"], source: "proc")
      let rows = try await stage.succeed(["services", "--json"]).json()
      #expect(rows.map(text) == ["ftp out 21 2", "ftp-data out 20 5"], "\(rows.map(\.text))")
    }

    @Test(.needsTrace) func elsewhereItIsJustPorts() async throws {
      let stage = try Stage()
      defer { stage.end() }
      _ = try await play(stage, ["--port", "2121", "3", "0"], source: "auto")
      // A server that is no known one, on a port that is none of FTP's.
      let rows = try await stage.succeed(["services", "--json"]).json()
      #expect(rows.count == 4 && !rows.contains { $0.string("service") == "ftp-data" })
    }
  }
}
