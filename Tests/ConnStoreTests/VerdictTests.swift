// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import ConnStore

/// What was said of listeners, stored with their lives.
@Suite struct VerdictTests {
  private func listener(
    _ id: Int64, _ verdict: ListenerVerdict?, opened: Int64 = 0, closed: Int64? = nil
  ) -> Life {
    var life = makeLife(
      id, opened: opened, closed: closed, localPort: UInt16(8000 + id), role: .listener,
      states: [(.listen, 0)])
    life.verdict = verdict
    return life
  }

  private func verdicts(_ scratch: Scratch) throws -> [Int64: ListenerVerdict?] {
    var query = LifeQuery()
    query.roles = [.listener, .connection]
    let lives: [Life] = try HistoryReader(path: scratch.path).lives(query)
    return Dictionary(uniqueKeysWithValues: lives.map { ($0.id, $0.verdict) })
  }

  @Test func itComesBackAndStaysWithTheLife() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    try writer.write(
      makeBatch(1, next: 5, current: [listener(1, .widened), listener(2, nil), makeLife(3)]))
    #expect(try verdicts(scratch) == [1: .widened, 2: nil, 3: nil])
    #expect(try HistoryReader(path: scratch.path).openLives().first?.verdict == .widened)
    // Later rows of a life do not repeat it; nor does its end.
    try writer.write(makeBatch(2, next: 5, current: [listener(1, nil), listener(2, .new)]))
    try writer.write(makeBatch(3, next: 5, finished: [listener(1, nil, closed: 3)]))
    #expect(try verdicts(scratch) == [1: .widened, 2: .new, 3: nil])
    let rows = try writer.connection.prepare("SELECT id, status FROM listening ORDER BY id")
    var told: [String] = []
    while try rows.step() { told.append("\(rows.integer(0)) \(rows.text(1))") }
    #expect(told == ["1 widened", "2 new"])
    #expect(try HistoryReader(path: scratch.path).check().isEmpty)
  }

  @Test func batchesThatWaitedKeepIt() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    var batch = makeBatch(1, next: 5, current: [listener(1, .new), listener(2, .changed), listener(3, .new)])
    batch.merge(
      makeBatch(2, next: 5, current: [listener(1, nil)], finished: [listener(2, nil, closed: 2)]))
    try writer.write(batch)
    #expect(try verdicts(scratch) == [1: .new, 2: .changed, 3: .new])
  }

  @Test func itGoesWithTheLife() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    try writer.write(
      makeBatch(
        10, next: 5, current: [listener(3, .new), listener(4, .new)],
        finished: [listener(1, .new, closed: 1), listener(2, .new, closed: 9)]))
    func stored() throws -> [Int64] {
      let rows = try writer.connection.prepare("SELECT life FROM verdict ORDER BY life")
      var lives: [Int64] = []
      while try rows.step() { lives.append(rows.integer(0)) }
      return lives
    }
    #expect(try stored() == [1, 2, 3, 4])
    try Retention(keep: 5_000_000).run(on: writer, now: moment(12))
    #expect(try stored() == [2, 3, 4])
    var batch = makeBatch(13, next: 5)
    batch.dropped = [4]
    try writer.write(batch)
    #expect(try stored() == [2, 3])
  }

  @Test func theFirstRunIsKnownWhenItsSamplesAreGone() throws {
    let scratch = try Scratch()
    do {
      let writer = try scratch.writer(at: 5)
      try writer.write(makeBatch(6, next: 2, finished: [makeLife(1, closed: 1)]))
      try writer.close(now: moment(7))
    }
    let writer = try scratch.writer(at: 1000)
    try writer.write(makeBatch(1000, next: 2))
    try Retention(keep: 1_000_000).run(on: writer, now: moment(1001))
    let reader = try HistoryReader(path: scratch.path)
    #expect(try reader.firstRun() == moment(5))
    #expect(try reader.sampled()?.lowerBound == moment(1000))
  }
}
