// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import ConnStore

@Suite struct PausingReaderTests {
  private func history(_ scratch: Scratch) throws -> HistoryWriter {
    let writer = try scratch.writer()
    for round in 0..<25 as Range<Int64> {
      let ids = round * 1000 + 1..<round * 1000 + 1001
      try writer.write(
        makeBatch(
          round, next: ids.lowerBound,
          current: [makeLife(ids.lowerBound + 7, opened: round)],
          finished: ids.filter { $0 != ids.lowerBound + 7 }.map {
            makeLife($0, opened: round, closed: round + 1, localPort: UInt16(1 + $0 % 1000))
          }))
    }
    return writer
  }

  @Test(arguments: [LifeQuery.Order.newestFirst, .oldestFirst]) func piecesAreTheWhole(
    _ order: LifeQuery.Order
  ) throws {
    let scratch = try Scratch()
    let writer = try history(scratch)
    let reader = try HistoryReader(path: scratch.path)
    var query = LifeQuery()
    query.order = order
    for limit in [nil, 10_000, 10_001, 25_000] {
      query.limit = limit
      query.pauses = false
      let whole = try reader.lives(query).map(\.id)
      #expect(whole.count == limit ?? 25_000)
      query.pauses = true
      #expect(try reader.lives(query).map(\.id) == whole)
    }
    withExtendedLifetime(writer) {}
  }

  /// What ends between two pieces is told once; and nothing is held meanwhile.
  @Test(arguments: [LifeQuery.Order.newestFirst, .oldestFirst]) func nothingIsHeldBetweenThem(
    _ order: LifeQuery.Order
  ) throws {
    let scratch = try Scratch()
    let writer = try history(scratch)
    let reader = try HistoryReader(path: scratch.path)
    var query = LifeQuery()
    query.order = order
    query.pauses = true
    var ids: [Int64] = []
    try reader.lives(query) { (life: Life) throws in
      ids.append(life.id)
      if ids.count == 5000 {
        let ended = (0..<25 as Range<Int64>).map { makeLife($0 * 1000 + 8, opened: $0, closed: 30) }
        try writer.write(makeBatch(30, next: 25_001, finished: ended))
        #expect(try writer.connection.integer("PRAGMA wal_checkpoint(RESTART)") == 0)
      }
      return true
    }
    #expect(ids.count == 25_000 && Set(ids).count == 25_000)
    // That it would be held otherwise:
    query.pauses = false
    var isHeld = false
    try reader.lives(query) { (life: Life) throws in
      try writer.write(makeBatch(31, next: 25_001))
      try writer.connection.run("PRAGMA busy_timeout = 0")
      isHeld = try writer.connection.integer("PRAGMA wal_checkpoint(RESTART)") == 1
      return false
    }
    #expect(isHeld)
  }
}
