// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import ConnStore

@Suite struct HeldHistoryTests {
  private func fill(_ writer: HistoryWriter, _ lives: Range<Int64>) throws {
    let finished = lives.map {
      makeLife($0, opened: $0, closed: $0 + 1, remote: UInt32(truncatingIfNeeded: $0 % 500))
    }
    try writer.write(makeBatch(lives.upperBound, next: lives.lowerBound, finished: finished))
  }

  @Test func aReserveIsBytesOrAShare() {
    #expect(DiskReserve.usual.bytes(of: 100 << 20) == 5 << 20)
    #expect(DiskReserve.usual.bytes(of: 1 << 40) == 64 << 20)
    #expect(DiskReserve.bytes(7).bytes(of: 1 << 40) == 7)
    #expect(DiskReserve.percent(10).bytes(of: 1000) == 100)
    #expect(DiskSpace(at: "/nowhere/at/all") == nil)
    #expect(DiskSpace(at: "/")?.total ?? 0 > 0)
  }

  @Test func whatIsHeldIsTheSizeThatItHas() {
    // All of it is in the file, or fits there.
    #expect(HeldSize(pages: 5000, stored: 5000, free: 0) == HeldSize(pages: 5000, stored: 5000, free: 9))
    #expect(HeldSize(pages: 5000, stored: 4000, free: 4000).pages == 5000)
    // The log has more than fits.
    #expect(HeldSize(pages: 5000, stored: 4000, free: 100).pages == 4050)
    // A small one may grow a little.
    #expect(HeldSize(pages: 50, stored: 50, free: 0).pages == HeldSize.least)
    #expect(HeldSize(pages: 5000, stored: 5000, free: 0).slack == 256)
    #expect(HeldSize(pages: 800, stored: 800, free: 0).slack == 100)
  }

  @Test func aHeldHistoryStaysAsLargeAsItIs() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    let rule = Retention(keepFree: .bytes(1 << 20))
    for round in 0..<40 as Range<Int64> { try fill(writer, round * 500 + 1..<round * 500 + 501) }
    let pages = try #require(try writer.connection.integer("PRAGMA page_count"))
    #expect(try writer.lookAtDisk(.bytes(1000), DiskSpace(total: 1 << 30, free: 1000)) == nil)
    let notice = try writer.lookAtDisk(.bytes(1001), DiskSpace(total: 1 << 30, free: 1000))
    let held = try #require(writer.held)
    #expect(notice == .held(size: held.pages * 4096, free: 1000, reserve: 1001))
    #expect(held.pages <= pages && held.pages > pages * 9 / 10)
    // Said once.
    #expect(try writer.lookAtDisk(.bytes(1001), DiskSpace(total: 1 << 30, free: 0)) == nil)

    for round in 40..<120 as Range<Int64> {
      try fill(writer, round * 500 + 1..<round * 500 + 501)
      try rule.run(on: writer, now: moment(round * 500 + 501))
    }
    #expect(try writer.connection.integer("PRAGMA page_count") ?? 0 <= held.pages)
    let reader = try HistoryReader(path: scratch.path)
    let left = try reader.connection.integer("SELECT count(*) FROM life") ?? 0
    #expect(left > 10_000 && left <= 20_000, "\(left) of as many as there were")
    #expect(try reader.connection.integer("SELECT max(id) FROM life") == 60_000)
    #expect(try reader.connection.integer("SELECT min(id) FROM life") == 60_001 - left)
    #expect(try reader.check().isEmpty)

    #expect(try writer.lookAtDisk(.bytes(1000), DiskSpace(total: 1 << 30, free: 1100)) == nil)
    #expect(try writer.lookAtDisk(.bytes(1000), DiskSpace(total: 1 << 30, free: 1250)) == .released)
    #expect(writer.held == nil)
  }

  @Test func aSmallHistoryLosesNothing() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    try fill(writer, 1..<1001)
    _ = try writer.lookAtDisk(.bytes(1001), DiskSpace(total: 1 << 30, free: 0))
    #expect(try Retention(keepFree: .usual).run(on: writer, now: moment(1001)) == 0)
  }
}
