// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import ConnStore

private let day: Int64 = 86_400

@Suite struct RetentionRuleTests {
  /// Lives of hosts that come once: each has an address of its own in the dictionary.
  private func fill(_ writer: HistoryWriter, _ lives: Range<Int64>) throws {
    var finished: [Life] = []
    for id in lives {
      finished.append(
        makeLife(id, opened: id, closed: id + 1, remote: UInt32(truncatingIfNeeded: id &* 7919)))
    }
    try writer.write(makeBatch(lives.upperBound, next: lives.lowerBound, finished: finished))
  }

  /// Addresses that nobody refers to any more take no room from the lives.
  @Test func aSmallDatabaseKeepsWhatFits() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    let rule = Retention(maxSize: 1_000_000)
    var least = Int64.max
    for round in 0..<120 as Range<Int64> {
      try fill(writer, round * 300 + 1..<round * 300 + 301)
      try rule.run(on: writer, now: moment(round * 300 + 300))
      if round > 20 {
        least = min(least, try writer.connection.integer("SELECT count(*) FROM life") ?? 0)
      }
    }
    // About 180 bytes each, dictionary included.
    #expect(least > 2000)
    #expect(try writer.connection.usedBytes() < 1_300_000)
  }

  @Test func pruningToASizeKeepsWhatFits() throws {
    let scratch = try Scratch()
    do {
      let writer = try scratch.writer()
      for round in 0..<10 as Range<Int64> { try fill(writer, round * 2000 + 1..<round * 2000 + 2001) }
      try writer.close(now: moment(30_000))
    }
    let before = try Connection(path: scratch.path, mode: .read).usedBytes()
    let (lives, bytes) = try Retention(maxSize: before / 2).run(database: scratch.path, now: moment(30_000))
    #expect(lives > 8000 && lives < 12_500)
    #expect(bytes > before / 3)
    let reader = try HistoryReader(path: scratch.path)
    #expect(try reader.connection.usedBytes() <= before / 2)
    #expect(try reader.check().isEmpty)
    #expect(try reader.lives(LifeQuery()).count == 20_000 - lives)
  }

  /// A machine that woke up in 2030 and was set right a little later.
  @Test func aClockThatWasAheadStopsNoPruning() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    let ahead = 1500 * day
    try writer.write(makeBatch(0, next: 1, finished: [makeLife(1, opened: 0, closed: 1)]))
    try writer.write(
      makeBatch(ahead, next: 2, finished: [makeLife(2, opened: ahead, closed: ahead + 1)]))
    for id in 3..<43 as Range<Int64> {
      let at = (id - 2) * day
      try writer.write(makeBatch(at, next: id, finished: [makeLife(id, opened: at, closed: at + 5)]))
    }
    let rule = Retention(keep: 30 * day * 1_000_000)
    try rule.run(on: writer, now: moment(40 * day + 3))
    let left = try HistoryReader(path: scratch.path).lives(LifeQuery()).map(\.id)
    #expect(left == (12...42).reversed() + [2])
  }

  @Test func aLongLifeIsKeptByItsEnd() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    try writer.write(makeBatch(0, next: 1, current: [makeLife(1), makeLife(2)]))
    for id in 3..<43 as Range<Int64> {
      let at = (id - 2) * day
      let ended = id == 42 ? [makeLife(1, opened: 0, closed: at)] : []
      try writer.write(makeBatch(at, next: id, finished: [makeLife(id, opened: at, closed: at + 5)] + ended))
    }
    let rule = Retention(keep: 30 * day * 1_000_000)
    try rule.run(on: writer, now: moment(40 * day + 3))
    let reader = try HistoryReader(path: scratch.path)
    #expect(try reader.lives(LifeQuery()).map(\.id) == (12...42).reversed() + [2, 1])
    var query = LifeQuery()
    query.since = moment(40 * day - 1)
    #expect(try reader.lives(query).map(\.id) == [42, 2, 1])
    try rule.run(on: writer, now: moment(71 * day))
    #expect(try reader.lives(LifeQuery()).map(\.id) == [2])
  }
}
