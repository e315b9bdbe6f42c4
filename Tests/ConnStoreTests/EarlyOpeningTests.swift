// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import ConnStore

/// Lives that the kernel's events tell of were opened before the sample that brings them.
@Suite struct EarlyOpeningTests {
  private func life(_ id: Int64, _ milliseconds: Int64, closed: Int64? = nil) -> Life {
    var life = makeLife(id)
    life.firstSeen = moment(0) + milliseconds * 1000
    life.firstSeenBoot = milliseconds * 1000
    life.closedOffset = closed.map { ($0 - milliseconds) * 1000 }
    return life
  }

  private func ids(_ reader: HistoryReader, until milliseconds: Int64) throws -> [Int64] {
    var query = LifeQuery()
    query.until = moment(0) + milliseconds * 1000
    return try reader.lives(query).map(\.id)
  }

  private func firsts(_ writer: HistoryWriter) throws -> [Int64] {
    let rows = try writer.connection.prepare("SELECT first FROM sample ORDER BY id")
    var firsts: [Int64] = []
    while try rows.step() { firsts.append((rows.integer(0) - epoch) / 1000) }
    return firsts
  }

  @Test(arguments: [false, true]) func queriesThatEndBeforeTheSampleFindThem(isFinished: Bool) throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    // Samples five seconds apart, a row each: the second is of another minute.
    try writer.write(makeBatch(55, next: 1))
    let early = life(1, 55_100, closed: isFinished ? 55_200 : nil)
    try writer.write(
      makeBatch(60, next: 1, current: isFinished ? [] : [early], finished: isFinished ? [early] : []))
    try writer.write(makeBatch(120, next: 2))
    let reader = try HistoryReader(path: scratch.path)
    #expect(try firsts(writer) == [55_000, 55_100, 120_000])
    #expect(try ids(reader, until: 55_099) == [])
    for moment in [55_100, 55_500, 58_000, 58_999, 59_001, 60_000] as [Int64] {
      #expect(try ids(reader, until: moment) == [1], "\(moment)")
    }
  }

  @Test func theRowOfAMinuteIsStretchedToo() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    try writer.write(makeBatch(59, next: 1, current: [life(1, 58_500)]))
    try writer.write(makeBatch(60, next: 2))
    // 900 ms before its sample, and before the first one of its minute.
    try writer.write(makeBatch(60, next: 2, current: [life(2, 59_100)]))
    try writer.write(makeBatch(120, next: 3))
    let reader = try HistoryReader(path: scratch.path)
    #expect(try firsts(writer) == [58_500, 59_100, 120_000])
    #expect(try ids(reader, until: 59_099) == [1])
    #expect(try ids(reader, until: 59_100) == [2, 1])
    #expect(try ids(reader, until: 59_900) == [2, 1])
  }

  /// What was there before recording, what was known before, and a wrong time move nothing.
  @Test func onlyAnOpeningThatIsKnownAndNewMovesARow() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    var before = life(1, 9000)
    before.uncertainty = nil
    try writer.write(makeBatch(10, next: 1, current: [before]))
    #expect(try firsts(writer) == [10_000])
    try writer.write(makeBatch(70, next: 2, current: [before, life(1, 100)]))
    #expect(try firsts(writer) == [10_000, 70_000])
    try writer.write(makeBatch(200, next: 2, current: [life(2, -90_000_000)]))
    #expect(try firsts(writer).last == 10_000, "a minute before the sample at 70")
  }

  /// After a step back of the clock the times before it tell nothing.
  @Test func theClockStepsBack() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    try writer.write(makeBatch(7200, next: 1))
    try writer.write(makeBatch(3600, next: 1, current: [life(1, 3_599_100)]))
    try writer.write(makeBatch(3700, next: 2))
    #expect(try firsts(writer) == [7_200_000, 3_599_100, 3_700_000])
    let reader = try HistoryReader(path: scratch.path)
    #expect(try ids(reader, until: 3_599_500) == [1])
  }

  /// The next batch brings a life that was opened before the sample of this one.
  @Test func eventsAreInTheOrderOfTimeAllTheSame() throws {
    var stream = EventStream()
    var told: [String] = []
    let tell = { (event: Event) -> Bool in
      told.append("\(event.kind) #\(event.life.id)")
      return true
    }
    for life in [life(1, 0, closed: 950), life(2, 1000, closed: 1500), life(3, 100), life(4, 5000)] {
      _ = stream.add(life, tell)
    }
    _ = stream.finish(tell)
    #expect(told == ["opened #1", "opened #3", "closed #1", "opened #2", "closed #2", "opened #4"])
  }

  @Test func aSocketInTimeWaitThatNobodyWatchedIsThereForAMinute() throws {
    let scratch = try Scratch()
    var waiting = makeLife(1, opened: 0, closed: 10, states: [(.established, 0), (.timeWait, 10)])
    waiting.lastSeenOffset = 0
    let closed = makeLife(2, opened: 0, closed: 10, states: [(.established, 0), (.close, 10)])
    let watched = makeLife(3, opened: 0, closed: 10, seen: 40, states: [(.established, 0), (.timeWait, 10)])
    try scratch.writer().write(makeBatch(100, next: 1, finished: [waiting, closed, watched]))
    let reader = try HistoryReader(path: scratch.path)
    var query = LifeQuery()
    query.order = .oldestFirst
    for (second, ids) in [(5, [1, 2, 3]), (11, [1, 3]), (40, [1, 3]), (41, [1]), (70, [1]), (71, [])]
      as [(Int64, [Int64])]
    {
      query.since = moment(second)
      query.countsTimeWait = true
      #expect(try reader.lives(query).map(\.id) == ids, "\(second)")
      query.countsTimeWait = false
      #expect(try reader.lives(query).isEmpty == (second > 10), "\(second)")
    }
  }
}
