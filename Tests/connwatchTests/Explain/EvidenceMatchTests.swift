// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import connwatch

/// Lines beside what was imported.
struct EvidenceMatchTests {
  /// A life of an imported table: `mirage:1372` to `vnt4.webhosting.com:80`, or the same with addresses.
  private static func life(
    _ host: String = "mirage", from first: Int64 = 0, to last: Int64 = 0, closed: Int64? = nil,
    isNamed: Bool = true
  ) -> Life {
    let row = SocketRow(
      proto: .tcp, state: .established, local: Endpoint(IPAddress(v4: 0xC000_020A), 1372),
      remote: Endpoint(IPAddress(v4: 0xC000_0207), 80))
    var life = Life(
      id: -1, row: row, role: .connection, direction: .outbound,
      firstSeen: Timestamp(microseconds: (1_767_261_600 + first) * 1_000_000), firstSeenBoot: 0,
      uncertainty: nil, sources: .imported)
    life.lastSeenOffset = (last - first) * 1_000_000
    life.closedOffset = closed.map { ($0 - first) * 1_000_000 }
    life.origin = LifeOrigin(
      host: host, localName: isNamed ? "mirage" : nil, remoteName: isNamed ? "vnt4.webhosting.com" : nil)
    return life
  }

  private func row(_ line: String) throws -> EvidenceRow {
    try #require(EvidenceReader.read([line], services: .builtIn).first?.row, "\(line)")
  }

  @Test(arguments: [
    ("TCP mirage:1372 vnt4.webhosting.com:80 ESTABLISHED", true, false),
    ("TCP MIRAGE:1372 VNT4.Webhosting.Com:80 TIME_WAIT", true, false),
    ("TCP vnt4.webhosting.com:80 mirage:1372 ESTABLISHED", true, false),
    ("TCP mirage:1373 vnt4.webhosting.com:80 ESTABLISHED", false, false),
    ("TCP mirage:1372 vnt5.webhosting.com:80 ESTABLISHED", false, false),
    ("TCP mirage:80 vnt4.webhosting.com:1372 ESTABLISHED", false, false),
    ("tcp 0 0 192.0.2.10:1372 192.0.2.7:80 ESTABLISHED", false, true),
    ("tcp 0 0 192.0.2.7:80 192.0.2.10:1372 ESTABLISHED", false, true),
    ("tcp 0 0 192.0.2.10:1372 192.0.2.8:80 ESTABLISHED", false, false), ("mirage:1372", false, false),
    ("1372", false, false),
  ])
  func `Ends are compared as they were written`(_ line: String, _ named: Bool, _ numeric: Bool) throws {
    let row = try row(line)
    #expect(Self.life().hasEnds(of: row) == named)
    #expect(Self.life(isNamed: false).hasEnds(of: row) == numeric)
  }

  @Test
  func `Sentences name the host`() throws {
    let row = try row("TCP mirage:1372 vnt4.webhosting.com:80 ESTABLISHED")
    func told(_ lives: [Life]) -> [String] {
      var facts = LineFacts()
      facts.evidence = EvidenceMatch.all(lives)
      facts.whyNot = .otherMachine
      facts.foreignHost = "mirage"
      let words = LineWords(row: row, facts: facts, services: .builtIn, zone: .utc)
      #expect(words.knownSentences.first?.hasPrefix("No socket here") == true)
      return Array(words.knownSentences.dropFirst())
    }
    let who = "Imported evidence of mirage has it"
    let start = "2026-01-01 10:00:00Z"
    #expect(told([]) == [])
    #expect(told([Self.life()]) == ["\(who): ESTABLISHED at \(start)."])
    #expect(told([Self.life(to: 60)]) == ["\(who): ESTABLISHED from \(start) to 2026-01-01 10:01:00Z."])
    #expect(
      told([Self.life(to: 60, closed: 120)]) == [
        "\(who): ESTABLISHED from \(start) to 2026-01-01 10:01:00Z, gone by 2026-01-01 10:02:00Z."
      ])
    #expect(
      told([Self.life("web1", from: 300, to: 300), Self.life(from: 180, to: 240), Self.life(to: 60)]) == [
        "Imported evidence of web1 has it: ESTABLISHED at 2026-01-01 10:05:00Z.",
        "\(who) 2 times, first \(start), last 2026-01-01 10:04:00Z.",
      ])
  }
}
