// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
import Foundation
import Testing

@testable import connwatch

/// A port on hosts that something was imported for.
struct HostMomentTests {
  /// A connection of mirage, by names: client's port, state.
  private typealias Seen = (port: UInt16, state: SocketState)

  private static func time(_ seconds: Int64) -> Timestamp {
    Timestamp(microseconds: (1_767_261_600 + seconds) * 1_000_000)
  }

  /// Tables of mirage and the port's holder on web1, by their moments.
  private static func history(_ tables: [(at: Int64, seen: [Seen], isWhole: Bool)]) throws -> HistoryReader {
    let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).db").path
    let writer = try EvidenceWriter(path: path, now: time(100_000))
    for (number, table) in tables.enumerated() {
      try writer.begin(.init(host: "mirage", at: time(table.at), name: "table"))
      for (line, seen) in table.seen.enumerated() {
        let row = SocketRow(
          proto: .tcp, state: seen.state, local: Endpoint(.anyV4, seen.port), remote: Endpoint(.anyV4, 80),
          rawUID: SocketRow.noUID)
        try writer.add(
          Sighting(row, localName: "mirage", remoteName: "vnt4.webhosting.com"), line: line + 1)
      }
      _ = try writer.end(
        digest: Array(repeating: UInt8(number), count: 16), format: "netstat",
        covers: table.isWhole ? .whole(.tcp) : [], unreadable: 0)
    }
    try writer.begin(.init(host: "web1", at: time(0), name: "listeners"))
    let listener = SocketRow(
      proto: .tcp, state: .listen, local: Endpoint(.anyV4, 80), remote: Endpoint(.anyV4, 0), rawUID: 0)
    let nginx = SocketOwner(process: OwningProcess(pid: 7, startTime: 0, name: "nginx"))
    try writer.add(Sighting(listener, owner: nginx), line: 1)
    _ = try writer.end(
      digest: Array(repeating: 99, count: 16), format: "netstat", covers: [], unreadable: 0)
    try writer.commit()
    return try HistoryReader(path: path)
  }

  private static let tables: [(at: Int64, seen: [Seen], isWhole: Bool)] = [
    (0, [(1372, .established)], true), (60, [(1372, .established)], true),
    (120, [(1374, .established)], true), (180, [(1374, .timeWait)], false), (240, [(1376, .synSent)], false),
  ]

  /// At the tables, between them, before the first and after the last; the nearest beside them.
  @Test(
    arguments: [
      (-1, 1372, [], nil, 1372), (0, 1372, [1372], nil, nil), (30, 1372, [1372], nil, nil),
      (60, 1372, [1372], nil, nil), (119, 1372, [1372], nil, nil), (120, 1372, [], 1372, nil),
      (300, 1372, [], 1372, nil), (90, 1374, [], nil, 1374), (150, 1374, [1374], nil, nil),
      (241, 1376, [], 1376, nil), (240, 1376, [1376], nil, nil), (60, 80, [1372], nil, 1374),
      (239, 9, [], nil, nil),
    ] as [(Int64, UInt16, [UInt16], UInt16?, UInt16?)])
  func `A moment finds what the table of it has`(
    _ at: Int64, _ port: UInt16, _ there: [UInt16], _ before: UInt16?, _ after: UInt16?
  ) throws {
    let history = try Self.history(Self.tables)
    defer { try? FileManager.default.removeItem(atPath: history.path) }
    let question = try PortQuestion("\(port)/tcp", .builtIn)
    let moment = try PortMoment(Self.time(at), question, zone: .utc, of: .all, history)
    let host = moment.evidence.first { $0.host == "mirage" }
    #expect(host?.connections.map(\.local.port) ?? [] == there)
    #expect(host?.before?.local.port == before && host?.after?.local.port == after)
    #expect(!moment.tellsOwn, "nothing was recorded here, so there is nothing to say of it")
    // A host that is named is told of in any case, and this machine then is not.
    let named = try PortMoment(Self.time(at), question, zone: .utc, of: .named("mirage"), history)
    #expect(named.evidence.map(\.host) == ["mirage"] && !named.tellsOwn)
    let own = try PortMoment(Self.time(at), question, zone: .utc, of: .own, history)
    #expect(own.evidence.isEmpty && own.tellsOwn && own.connections.isEmpty)
  }

  @Test
  func `Sentences name the host and what was written`() throws {
    let history = try Self.history(Self.tables)
    defer { try? FileManager.default.removeItem(atPath: history.path) }
    func told(_ at: Int64, _ port: String, _ host: String) throws -> [String] {
      let question = try PortQuestion(port, .builtIn)
      let moment = try PortMoment(Self.time(at), question, zone: .utc, of: .named(host), history)
      let story = HostStory { $0.text(in: .utc) }
      return moment.evidence.flatMap { story.sentences($0, at: Self.time(at)) }
    }
    let line = "mirage:1372 to vnt4.webhosting.com:80/tcp, ESTABLISHED"
    let seen = "seen from 2026-01-01 10:00:00Z to 2026-01-01 10:01:00Z, gone by 2026-01-01 10:02:00Z"
    #expect(try told(30, "1372", "mirage") == ["On mirage at 2026-01-01 10:00:30Z: \(line), \(seen)."])
    #expect(
      try told(600, "1372", "mirage") == [
        "On mirage at 2026-01-01 10:10:00Z: nothing is known, what was imported is from "
          + "2026-01-01 10:00:00Z to 2026-01-01 10:04:00Z.",
        "On mirage before: \(line), \(seen).",
      ])
    #expect(
      try told(30, "9", "mirage") == ["On mirage at 2026-01-01 10:00:30Z: no socket with that port is known."]
    )
    #expect(
      try told(0, "80", "web1") == [
        "On web1 at 2026-01-01 10:00:00Z: 0.0.0.0:80/tcp is listened on, by nginx (pid 7), "
          + "seen 2026-01-01 10:00:00Z."
      ])
  }

  @Test
  func `Rows are apart by host, without gaps`() throws {
    let history = try Self.history(Self.tables)
    defer { try? FileManager.default.removeItem(atPath: history.path) }
    let names = Names()
    func rows(_ port: String, _ hosts: HostChoice) throws -> [String] {
      let question = try PortQuestion(port, .builtIn)
      var report = PortReport(question, of: hosts, names, EphemeralRange(), now: Self.time(1000))
      report.past = try PortPast(question, since: nil, until: nil, of: hosts, history)
      return report.rows(names, peers: 20).map { row in
        "\(row.kind) \(row.host ?? "-") \(row.localName ?? "-") \(row.remoteName ?? "-") "
          + "\(row.owner?.process?.name ?? "-") \(row.connections ?? 0) \(row.open.map { "\($0)" } ?? "-")"
      }
    }
    let port = "port - - - - 0 -"
    let peer = "peer mirage - vnt4.webhosting.com - 3 -"
    let holder = "holder web1 - - nginx 0 -"
    #expect(try rows("80/tcp", .all) == [port, peer, holder])
    #expect(try rows("80/tcp", .named("mirage")) == [port, peer])
    #expect(try rows("80/tcp", .own) == [port])
    #expect(try rows("1374/tcp", .all) == [port, "connection mirage mirage vnt4.webhosting.com - 0 -"])
  }
}
