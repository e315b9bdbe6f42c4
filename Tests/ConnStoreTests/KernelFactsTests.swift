// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Foundation
import Testing

@testable import ConnStore

/// What only the kernel's own sources tell: bytes, namespaces, cookies, sources.
@Suite struct KernelFactsTests {
  private static let traffic = Traffic(bytesIn: 1_048_576, bytesOut: 512, roundTrip: 23_417, retransmits: 3)

  private func life(_ id: Int64, closed: Int64? = nil) -> Life {
    var life = makeLife(id, closed: closed)
    life.traffic = Self.traffic
    life.netns = "web"
    life.cookie = .max
    life.sources = [.netlink, .trace]
    return life
  }

  @Test func theyComeBackAsTheyWere() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    try writer.write(makeBatch(0, next: 1, current: [life(1)]))
    let reader = try HistoryReader(path: scratch.path)
    var back = try #require(try reader.lives(LifeQuery()).first)
    #expect(back.traffic == Self.traffic && back.netns == "web" && back.sources == [.netlink, .trace])
    #expect(back.cookie == .max, "64 bits")
    #expect(try writer.connection.integer("SELECT count(*) FROM netns") == 1)
    try writer.write(makeBatch(1, next: 2, finished: [life(1, closed: 1)]))
    back = try #require(try reader.lives(LifeQuery()).first)
    #expect(back.traffic == Self.traffic && back.netns == "web" && back.sources == [.netlink, .trace])
  }

  @Test func nothingToldIsNotNothingCarried() throws {
    let scratch = try Scratch()
    var silent = makeLife(2, closed: 1)
    silent.traffic = Traffic(bytesIn: 0, bytesOut: 0)
    try scratch.writer().write(makeBatch(0, next: 1, finished: [makeLife(1, closed: 1), silent]))
    let lives = try HistoryReader(path: scratch.path).lives(LifeQuery())
    #expect(lives.map(\.traffic) == [Traffic(bytesIn: 0, bytesOut: 0), nil])
    #expect(lives.allSatisfy { $0.netns == nil && $0.cookie == 0 })
  }

  @Test func aRestartOfTheMachineKeepsThem() throws {
    let scratch = try Scratch()
    try scratch.writer().write(makeBatch(5, next: 1, current: [life(1)]))
    _ = try scratch.writer(boot: "boot-2", at: 90)
    let back = try #require(try HistoryReader(path: scratch.path).lives(LifeQuery()).first)
    #expect(back.closed == moment(5) && back.traffic == Self.traffic && back.netns == "web")
  }

  @Test func viewsShowThem() throws {
    let scratch = try Scratch()
    try scratch.writer().write(makeBatch(0, next: 1, current: [life(1)], finished: [makeLife(2, closed: 1)]))
    let connection = try Connection(path: scratch.path, mode: .read)
    let rows = try connection.prepare(
      """
      SELECT id || '|' || coalesce(bytes_in || '|' || bytes_out || '|' || rtt_ms || '|' || retransmits
        || '|' || netns, 'none') FROM connections ORDER BY id
      """)
    var lines: [String] = []
    while try rows.step() { lines.append(rows.text(0)) }
    #expect(lines == ["1|1048576|512|23.417|3|web", "2|none"])
  }

  @Test func everySetOfSourcesIsSpeltAsItIsNamed() throws {
    let scratch = try Scratch()
    let lives = (0..<16 as Range<UInt8>).map { bits in
      var life = makeLife(Int64(bits) + 1, closed: 1)
      life.sources = Life.Sources(rawValue: bits)
      return life
    }
    try scratch.writer().write(makeBatch(0, next: 1, finished: lives))
    let connection = try Connection(path: scratch.path, mode: .read)
    let rows = try connection.prepare("SELECT source FROM connections ORDER BY id")
    for life in lives {
      #expect(try rows.step())
      #expect(rows.optionalText(0) == (life.sources.isEmpty ? nil : life.sources.name))
    }
  }

  /// Labels go when nothing is left that is in them.
  @Test func labelsAreSweptLikeTheOtherDictionaries() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    var batch = makeBatch(0, next: 1, finished: [life(1, closed: 1)])
    batch.coverage = [Coverage(netns: "db", activeOpens: 1, recorded: 1)]
    try writer.write(batch)
    let day: Int64 = 86_400
    try writer.write(makeBatch(2 * day, next: 2))
    try writer.sweepDictionaries()
    #expect(try writer.connection.integer("SELECT count(*) FROM netns") == 2)
    try Retention(keep: day * 1_000_000).run(on: writer, now: moment(2 * day))
    try writer.sweepDictionaries()
    #expect(try writer.connection.integer("SELECT count(*) FROM netns") == 0)
    #expect(try writer.connection.integer("SELECT count(*) FROM coverage") == 0)
    // A number that was swept is not given again to what still names it.
    try writer.write(makeBatch(2 * day + 1, next: 2, finished: [life(2, closed: 1)]))
    #expect(try HistoryReader(path: scratch.path).lives(LifeQuery()).first?.netns == "web")
    #expect(try HistoryReader(path: scratch.path).check().isEmpty)
  }

  @Test func aLabelThatIsNotThereIsDamage() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    try writer.write(makeBatch(0, next: 1, finished: [life(1, closed: 1)]))
    try writer.connection.run("DELETE FROM netns")
    #expect(
      try HistoryReader(path: scratch.path).check() == ["1 rows of life name a netns that is not in netns"])
    try writer.connection.run("UPDATE life SET netns = NULL; INSERT INTO coverage VALUES(9, 0, 1, 1, 1, 1)")
    #expect(
      try HistoryReader(path: scratch.path).check() == [
        "1 rows of coverage name a sample that is not in sample"
      ])
  }
}
