// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import ConnStore

/// Attempts that never became connections, and how they ended.
@Suite struct AttemptTests {
  private func life(_ id: Int64, _ states: [SocketState], _ outcome: Life.Outcome? = nil) -> Life {
    var life = makeLife(
      id, opened: id, closed: states.count > 1 ? id + Int64(states.count) - 1 : nil,
      states: states.enumerated().map { ($1, Int64($0)) })
    life.outcome = outcome
    return life
  }

  @Test func outcomesComeBackAsTheyWere() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    let outcomes: [Life.Outcome?] = [nil] + Life.Outcome.allCases
    let lives = outcomes.enumerated().map { life(Int64($0) + 1, [.synSent, .close], $1) }
    try writer.write(makeBatch(20, next: 10, finished: lives))
    var query = LifeQuery()
    query.order = .oldestFirst
    let reader = try HistoryReader(path: scratch.path)
    #expect(try reader.lives(query).map(\.outcome) == outcomes)
    let names = try writer.connection.prepare("SELECT outcome FROM connections ORDER BY id")
    var shown: [String?] = []
    while try names.step() { shown.append(names.optionalText(0)) }
    #expect(shown == [nil, "refused", "unreachable", "timed out", "abandoned"])
    #expect(shown == outcomes.map { $0?.name })
    // Beside the other bits.
    var full = life(10, [.synSent, .close], .abandoned)
    full.owner = SocketOwner(process: OwningProcess(pid: 1, startTime: 1, name: "x"), others: 255)
    full.sources = [.proc, .netlink, .end, .trace]
    try writer.write(makeBatch(30, next: 11, finished: [full]))
    let back = try #require(try reader.lives(LifeQuery()).first)
    #expect(back.outcome == .abandoned && back.owner.others == 255 && back.sources == full.sources)
    let column = "SELECT count(*) FROM connections WHERE outcome = 'abandoned' AND others = 255"
    #expect(try writer.connection.integer(column) == 1)
  }

  /// One in 500, so that some blocks have none: with digests and without them, the same as by looking at each life.
  @Test func attemptsAreFoundAmongManyLives() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    let paths: [[SocketState]] = [
      [.synSent, .close], [.synSent], [.synReceived, .close], [.synSent, .synReceived, .close],
      [.synSent, .established, .close], [.close], [.established],
    ]
    for first in stride(from: Int64(1), through: 40_000, by: 5000) {
      let lives = (first..<first + 5000).map { id in
        // The second block of all has none.
        (4096..<8192).contains(id) || id % 500 != 7
          ? makeLife(id, opened: id, closed: id + 1) : life(id, paths[Int(id / 500) % paths.count])
      }
      try writer.write(
        makeBatch(
          first + 5000, next: first, current: lives.filter { $0.closedOffset == nil },
          finished: lives.filter { $0.closedOffset != nil }))
    }
    try writer.digest(after: makeBatch(46_000, next: 40_001))
    #expect(try writer.connection.integer("SELECT count(*) FROM digest") ?? 0 > 8)
    let reader = try HistoryReader(path: scratch.path)
    func expectTruth() throws {
      for order in [LifeQuery.Order.newestFirst, .oldestFirst] {
        var all = LifeQuery()
        all.order = order
        all.since = moment(1000)
        var query = all
        query.attemptsOnly = true
        let wanted = try reader.lives(all).filter(\.isAttempt).map(\.id)
        #expect(wanted.count > 30)
        #expect(try reader.lives(query).map(\.id) == wanted)
        let filter = try Filter(["state", "close"], services: .builtIn) { _ in nil }
        (all.condition, query.condition) = (try filter.sql(), try filter.sql())
        #expect(try reader.lives(query).map(\.id) == reader.lives(all).filter(\.isAttempt).map(\.id))
      }
    }
    try expectTruth()
    // One that became a connection after its block was digested.
    let open = try #require(try reader.lives(LifeQuery()).first { $0.closedOffset == nil && $0.isAttempt })
    var later = open
    later.laterSteps = [Life.Step(.established, at: 1), Life.Step(.close, at: 2)]
    later.closedOffset = 2
    try writer.write(makeBatch(46_001, next: 40_001, finished: [later]))
    try expectTruth()
  }

  @Test func runsWithoutTheTraceAreTold() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    try writer.write(makeBatch(10, next: 1))
    let reader = try HistoryReader(path: scratch.path)
    #expect(try reader.isUntraced())
    try writer.connection.run("UPDATE run SET source = 'netlink+end+trace'")
    #expect(try !reader.isUntraced())
    #expect(try !reader.isUntraced(since: moment(500)))
  }
}
