// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Foundation
import Testing

@testable import ConnStore

@Suite struct CoverageTests {
  private func batch(_ second: Int64, _ coverage: Coverage...) -> Batch {
    var batch = makeBatch(second, next: 1)
    batch.coverage = coverage
    return batch
  }

  @Test func batchesAddUpByNamespace() {
    var first = batch(
      0, Coverage(activeOpens: 10, passiveOpens: 4, attemptFails: 1, recorded: 9),
      Coverage(netns: "a", activeOpens: 1))
    first.merge(
      batch(1, Coverage(netns: "b", passiveOpens: 2, recorded: 2), Coverage(activeOpens: 5, recorded: 5)))
    #expect(
      first.coverage == [
        Coverage(activeOpens: 15, passiveOpens: 4, attemptFails: 1, recorded: 14),
        Coverage(netns: "a", activeOpens: 1), Coverage(netns: "b", passiveOpens: 2, recorded: 2),
      ])
  }

  @Test func itIsSummedByMinuteAndNamespace() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    // Two samples of one minute, then one of the next.
    try writer.write(batch(0, Coverage(activeOpens: 10, recorded: 4), Coverage(netns: "a", passiveOpens: 3)))
    try writer.write(batch(1, Coverage(activeOpens: 1, attemptFails: 1), Coverage(netns: "b")))
    try writer.write(batch(60, Coverage(passiveOpens: 7, recorded: 7), Coverage(netns: "a", passiveOpens: 1)))
    let reader = try HistoryReader(path: scratch.path)
    #expect(
      try reader.coverage() == [
        Coverage(activeOpens: 11, passiveOpens: 7, attemptFails: 1, recorded: 11),
        Coverage(netns: "a", passiveOpens: 4),
      ])
    let firstMinute = [
      Coverage(activeOpens: 11, attemptFails: 1, recorded: 4), Coverage(netns: "a", passiveOpens: 3),
    ]
    #expect(try reader.coverage(until: moment(30)) == firstMinute)
    #expect(try reader.coverage(since: moment(1), until: moment(30)) == firstMinute)
    #expect(try reader.coverage(since: moment(2), until: moment(30)) == [])
    #expect(try reader.coverage(since: moment(2)).map(\.passiveOpens) == [7, 1])
    #expect(try reader.info().coverage == reader.coverage())
    #expect(try writer.connection.integer("SELECT count(*) FROM netns") == 1, "b had nothing to count")
  }

  @Test func samplesShowItAndNothingWhereNothingWasCounted() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    try writer.write(batch(0, Coverage(activeOpens: 10, recorded: 4), Coverage(netns: "a", passiveOpens: 3)))
    try writer.write(batch(60, Coverage()))
    try writer.write(batch(120))
    let connection = try Connection(path: scratch.path, mode: .read)
    let rows = try connection.prepare(
      """
      SELECT coalesce(active_opens || ' ' || passive_opens || ' ' || attempt_fails || ' ' || recorded, 'unknown')
      FROM samples ORDER BY id
      """)
    var lines: [String] = []
    while try rows.step() { lines.append(rows.text(0)) }
    #expect(lines == ["10 3 0 4", "0 0 0 0", "unknown"])
  }

  /// The last counts can come when nothing more is sampled.
  @Test func whatComesWithoutASampleBelongsToTheLastOne() throws {
    let scratch = try Scratch()
    var late = batch(2, Coverage(activeOpens: 2, recorded: 2))
    late.samples = 0
    do {
      let writer = try scratch.writer()
      try writer.write(late)
      #expect(try HistoryReader(path: scratch.path).coverage() == [])
      try writer.write(batch(1, Coverage(activeOpens: 1)))
      try writer.write(late)
    }
    try scratch.writer().write(late)
    let reader = try HistoryReader(path: scratch.path)
    #expect(try reader.coverage() == [Coverage(activeOpens: 5, recorded: 4)])
    #expect(try reader.info().samples == 1)
  }

  @Test func aBatchThatFailedCountsOnce() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    try writer.write(batch(0, Coverage(activeOpens: 1)))
    let rival = try Connection(path: scratch.path, mode: .write)
    try writer.connection.run("PRAGMA busy_timeout = 0")
    try rival.run("BEGIN IMMEDIATE")
    var waiting = batch(1, Coverage(activeOpens: 1), Coverage(netns: "a", activeOpens: 1))
    #expect(throws: StoreError.self) { try writer.write(waiting) }
    try rival.run("ROLLBACK")
    waiting.merge(batch(2, Coverage(activeOpens: 1)))
    try writer.write(waiting)
    let reader = try HistoryReader(path: scratch.path)
    #expect(try reader.coverage() == [Coverage(activeOpens: 3), Coverage(netns: "a", activeOpens: 1)])
  }

  @Test func theSourceIsThatOfTheLastRunInTheRange() throws {
    let scratch = try Scratch()
    try scratch.writer().write(makeBatch(0, next: 1))
    let run = HistoryWriter.Run(
      bootID: "boot-1", pid: 1, version: "test", source: "netlink+trace", interval: 1_000_000)
    try HistoryWriter(path: scratch.path, run: run, now: moment(99)).write(makeBatch(100, next: 1))
    let reader = try HistoryReader(path: scratch.path)
    #expect(try reader.source() == "netlink+trace")
    #expect(try reader.source(until: moment(99)) == "proc")
    #expect(try reader.source(since: moment(1)) == "netlink+trace")
    #expect(try reader.source(since: moment(1), until: moment(99)) == nil)
  }
}
