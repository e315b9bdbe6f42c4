// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Foundation
import Testing

@testable import ConnStore

/// A database as connwatch 0.1.0 left it.
@Suite struct OldSchemaTests {
  private static let boot = "5e0f1f6a-0000-4000-8000-000000000001"

  private func old() throws -> Scratch {
    let scratch = try Scratch()
    let fixture = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../Fixtures/history/version1.sql")
    let connection = try Connection(path: scratch.path, mode: .write)
    try connection.run(String(contentsOf: fixture, encoding: .utf8))
    return scratch
  }

  private func expectLives(_ reader: HistoryReader) throws {
    var query = LifeQuery()
    #expect(try reader.lives(query).map(\.id) == [9, 8, 6, 5, 4, 3, 2])
    let closed = try #require(try reader.lives(query).first { $0.id == 3 })
    #expect(closed.steps.map(\.state) == [.established, .finWait2, .timeWait])
    #expect(closed.closedOffset == 617_222 && closed.owner.process?.name == "python3")
    #expect(closed.traffic == nil && closed.netns == nil && closed.cookie == 0 && closed.sources == .proc)
    #expect(closed.inode == 4_126_633 && closed.firstSeenBoot == 11_598_995_168)
    query.roles = [.listener]
    query.until = closed.firstSeen
    #expect(try reader.lives(query).map(\.id) == [1])
    #expect(try reader.services(LifeQuery(), directions: [.outbound]).map(\.port) == [8080])
    #expect(try reader.sampled() != nil)
    #expect(try reader.sample(atOrBefore: closed.firstSeen) == closed.firstSeen)
    #expect(try reader.coverage() == [] && reader.source() == "proc")
    let info = try reader.info()
    #expect(info.finished == 3 && info.open == 6 && info.samples == 40 && info.coverage.isEmpty)
    #expect(try reader.check().isEmpty)
  }

  @Test func aReaderLeavesItAsItIs() throws {
    let scratch = try old()
    let before = try Data(contentsOf: URL(filePath: scratch.path))
    let reader = try HistoryReader(path: scratch.path)
    try expectLives(reader)
    #expect(try reader.info().schema == 1)
    #expect(try reader.openLives().count == 6)
    #expect(try Data(contentsOf: URL(filePath: scratch.path)) == before)
  }

  @Test func aRecorderBringsItUpToDateAndGoesOn() throws {
    let scratch = try old()
    let end = Timestamp(microseconds: 1_795_360_890_000_000)
    let writer = try HistoryWriter(
      path: scratch.path,
      run: .init(bootID: Self.boot, pid: 1, version: "test", source: "netlink", interval: 1_000_000), now: end
    )
    #expect(writer.resumption.open.count == 6 && writer.resumption.nextLife == 10)
    let reader = try HistoryReader(path: scratch.path)
    try expectLives(reader)
    #expect(try reader.info().schema == Migration.latest)
    #expect(try writer.connection.integer("SELECT count(*) FROM migration") == Int64(Migration.all.count))
    var life = try #require(writer.resumption.open.first { $0.id == 4 })
    life.traffic = Traffic(bytesIn: 1, bytesOut: 2)
    var batch = Batch(time: end, boot: 11_605_000_000, nextLife: 10, sockets: 0)
    batch.finished = [life]
    batch.coverage = [Coverage(activeOpens: 1, recorded: 1)]
    try writer.write(batch)
    #expect(try reader.lives(LifeQuery()).first { $0.id == 4 }?.traffic == life.traffic)
    #expect(try reader.coverage() == batch.coverage)
    #expect(try writer.connection.integer("SELECT count(*) FROM connections WHERE bytes_in IS NULL") == 6)
    #expect(try writer.connection.integer("SELECT count(*) FROM samples WHERE recorded IS NULL") == 1)
    #expect(try reader.check().isEmpty)
  }

  @Test func whatARestartEndedIsMovedWhole() throws {
    let scratch = try old()
    let end = Timestamp(microseconds: 1_795_360_890_000_000)
    _ = try HistoryWriter(
      path: scratch.path,
      run: .init(bootID: "another", pid: 1, version: "test", source: "netlink", interval: 1_000_000), now: end
    )
    let reader = try HistoryReader(path: scratch.path)
    #expect(try reader.lives(LifeQuery()).allSatisfy { $0.closed != nil })
    #expect(try reader.info().finished == 9)
  }
}
