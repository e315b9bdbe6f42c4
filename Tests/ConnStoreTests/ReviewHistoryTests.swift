// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Foundation
import Testing

@testable import ConnStore

extension LifeQuery {
  fileprivate init(since: Int64?, until: Int64? = nil) {
    self.init()
    self.since = since.map(moment)
    self.until = until.map(moment)
  }
}

private let day: Int64 = 86_400

@Suite struct HistoryBoundsTests {
  /// Samples go with the lives of their time, and lives stay that were opened before the first of what is left.
  @Test func rangesFindLivesThatOutlastTheirSamples() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    try writer.write(makeBatch(0, next: 1, finished: [makeLife(1, opened: 0, closed: 10)]))
    try writer.write(makeBatch(60, next: 2, current: [makeLife(2, opened: 60)]))
    try writer.write(makeBatch(400, next: 3, finished: [makeLife(2, opened: 60, closed: 390)]))
    let kept = Retention(keep: day * 1_000_000)
    try kept.run(on: writer, now: moment(day + 200))
    let reader = try HistoryReader(path: scratch.path)
    #expect(try writer.connection.integer("SELECT count(*) FROM sample") == 1)
    #expect(try reader.lives(LifeQuery()).map(\.id) == [2])
    #expect(try reader.lives(LifeQuery(since: 0)).map(\.id) == [2])
    #expect(try reader.lives(LifeQuery(since: -30 * day)).map(\.id) == [2])
    #expect(try reader.lives(LifeQuery(since: 389)).map(\.id) == [2])
    #expect(try reader.lives(LifeQuery(since: 391)).map(\.id) == [])
    // Without any sample left the lives are still found.
    try writer.connection.run("DELETE FROM sample")
    #expect(try reader.lives(LifeQuery(since: 100)).map(\.id) == [2])
  }

  /// The wall clock goes two hours back while batches wait for the disk, and are written as one.
  @Test func aBatchOverAStepOfTheClock() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    try writer.write(makeBatch(10_000, next: 1))
    var batch = makeBatch(20_000, next: 1, finished: [makeLife(1, opened: 20_000, closed: 20_002)])
    batch.merge(makeBatch(20_005, next: 2, finished: [makeLife(2, opened: 20_005, closed: 20_006)]))
    batch.merge(makeBatch(12_000, next: 3, finished: [makeLife(3, opened: 12_000, closed: 12_001)]))
    try writer.write(batch)
    try writer.write(makeBatch(12_100, next: 4, finished: [makeLife(4, opened: 12_100, closed: 12_101)]))
    let reader = try HistoryReader(path: scratch.path)
    #expect(try reader.lives(LifeQuery(since: 19_999, until: 30_000)).map(\.id) == [2, 1])
    #expect(try reader.lives(LifeQuery(since: 11_999, until: 13_000)).map(\.id) == [4, 3])
    #expect(try reader.lives(LifeQuery(since: 0)).map(\.id) == [4, 3, 2, 1])
    #expect(try reader.sampled() == moment(10_000)...moment(20_005))
  }

  /// Every range, found along the bounds, is what looking at all lives finds.
  @Test(arguments: 0..<4 as Range<UInt64>) func rangesAgreeWithLookingAtEverything(_ seed: UInt64) throws {
    var random = SystemRandom(state: seed)
    let scratch = try Scratch()
    let writer = try scratch.writer()
    var clock: Int64 = 100_000
    var next: Int64 = 1
    var open: [Life] = []
    var all: [Int64: Life] = [:]
    for _ in 0..<80 {
      // Mostly onwards by seconds to hours; now and then back.
      clock += random.below(12) == 0 ? -random.below(9000) : random.below(4) == 0 ? random.below(4000) : 7
      let first = next
      var finished: [Life] = []
      for _ in 0..<random.below(4) {
        let life = makeLife(next, opened: clock)
        next += 1
        open.append(life)
        all[life.id] = life
      }
      for _ in 0..<random.below(4) where !open.isEmpty {
        var life = open.remove(at: Int(random.below(Int64(open.count))))
        life.closedOffset = random.below(3) == 0 ? random.below(90_000_000_000) : random.below(700_000_000)
        life.lastSeenOffset = life.closedOffset! + random.below(2) * 60_000_000
        finished.append(life)
        all[life.id] = life
      }
      try writer.write(makeBatch(clock, next: first, current: open, finished: finished))
    }
    let reader = try HistoryReader(path: scratch.path)
    for _ in 0..<50 {
      let since = 60_000 + random.below(160_000)
      var query = LifeQuery(since: since, until: random.below(2) == 0 ? nil : since + random.below(20_000))
      query.countsTimeWait = random.below(2) == 0
      query.order = random.below(2) == 0 ? .oldestFirst : .newestFirst
      let wanted = all.values.filter { life in
        let end = query.countsTimeWait ? max(life.closed ?? life.lastSeen, life.lastSeen) : life.closed
        return (life.closed == nil || end! >= query.since!)
          && life.firstSeen <= query.until ?? moment(1 << 40)
      }
      .map(\.id).sorted()
      #expect(
        try reader.lives(query).map(\.id) == (query.order == .oldestFirst ? wanted : wanted.reversed()))
      query.limit = 3
      #expect(
        try reader.lives(query).map(\.id)
          == Array((query.order == .oldestFirst ? wanted : wanted.reversed()).prefix(3)))
    }
  }

  @Test func theLastSightOfAnOpenLifeIsNotInTheFuture() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    var old = makeLife(1, opened: 10_000)
    old.firstSeenBoot = 1_000_000
    var batch = makeBatch(10_000, next: 1, current: [old])
    batch.boot = 1_000_000
    try writer.write(batch)
    // Two hours back, ten seconds later.
    var young = makeLife(2, opened: 2810)
    young.firstSeenBoot = 11_000_000
    batch = makeBatch(2815, next: 2, current: [young])
    batch.boot = 16_000_000
    try writer.write(batch)
    let reader = try HistoryReader(path: scratch.path)
    #expect(try reader.lives(LifeQuery()).map(\.lastSeen) == [moment(2815), moment(10_015)])
    let rows = try writer.connection.prepare("SELECT last_seen_us FROM connections ORDER BY id")
    #expect(try rows.step() && rows.integer(0) == moment(10_015).microseconds)
    #expect(try rows.step() && rows.integer(0) == moment(2815).microseconds)
    rows.reset()
    // The machine restarts: how long they lasted is told by the clock that does not step.
    _ = try scratch.writer(boot: "boot-2", at: 5000)
    let ended = try reader.lives(LifeQuery())
    #expect(ended.map(\.closedOffset) == [5_000_000, 15_000_000])
    #expect(ended.map(\.lastSeenOffset) == [5_000_000, 15_000_000])
    // When exactly they ended after the last sample is not known.
    #expect(ended.map(\.uncertainty) == [2185_000_000, 2185_000_000])
  }
}

@Suite struct ResumptionTests {
  /// A run that never got to sample says nothing of which boot the samples before it are of.
  @Test func aRunWithoutSamplesAfterARestart() throws {
    let scratch = try Scratch()
    try scratch.writer().write(makeBatch(5, next: 1, current: [makeLife(1)]))
    _ = try scratch.writer(boot: "boot-2", at: 90)
    let again = try scratch.writer(boot: "boot-2", at: 100)
    #expect(again.resumption.lastSampleBoot == nil)
    #expect(again.resumption.cause == .machineRestarted)
    #expect(again.resumption.open.isEmpty && again.resumption.lastSample == moment(5))
  }

  @Test func aBatchOfNoSampleIsNoSample() throws {
    let scratch = try Scratch()
    do {
      let writer = try scratch.writer()
      try writer.write(makeBatch(5, next: 1, current: [makeLife(1, opened: 5)]))
      var rest = makeBatch(65, next: 2)
      rest.samples = 0
      rest.gaps = [Gap(since: moment(5), until: moment(65), cause: "/proc unreadable", samples: 60)]
      var joined = makeBatch(6, next: 2)
      joined.merge(rest)
      #expect(joined.samples == 1 && joined.last == moment(6) && joined.boot == 6_000_000)
      #expect(joined.gaps == rest.gaps)
      try writer.write(rest)
    }
    let writer = try scratch.writer(at: 70)
    #expect(writer.resumption.lastSample == moment(5))
    #expect(writer.resumption.lastSampleBoot == 5_000_000)
    let reader = try HistoryReader(path: scratch.path)
    #expect(try reader.sampled() == moment(5)...moment(5))
    #expect(try reader.gaps().count == 1)
  }

  /// Opened by its administrator for others to read.
  @Test func anExistingDatabaseKeepsItsMode() throws {
    func mode(_ path: String) -> UInt32 {
      var status = stat()
      return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
    }
    let scratch = try Scratch()
    _ = try scratch.writer()
    #expect(mode(scratch.path) == 0o640)
    chmod(scratch.path, 0o644)
    _ = try scratch.writer()
    #expect(mode(scratch.path) == 0o644)
    let other = scratch.folder + "/theirs.db"
    let theirs = try Connection(path: other, mode: .write)
    try theirs.run("CREATE TABLE theirs(x)")
    chmod(other, 0o600)
    #expect(throws: StoreError.self) {
      try HistoryWriter(
        path: other, run: .init(bootID: "b", pid: 1, version: "t", source: "proc", interval: 1),
        now: moment(0))
    }
    #expect(mode(other) == 0o600)
  }

  @Test func oneRecorderAtATimeWhateverTheName() throws {
    let scratch = try Scratch()
    _ = try scratch.writer()
    let link = scratch.folder + "/link.db"
    symlink(scratch.path, link)
    let lock = try RecorderLock(database: scratch.path)
    #expect(throws: StoreError.self) { try RecorderLock(database: link) }
    #expect(RecorderLock.holder(database: link) == .recorder(pid: getpid()))
    withExtendedLifetime(lock) {}
  }

  @Test func aNewFileGivesItsFreePagesBack() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    #expect(try writer.connection.integer("PRAGMA auto_vacuum") == 2)
    #expect(try writer.connection.text("PRAGMA journal_mode") == "wal")
  }
}

/// A small seeded generator, so that a failure can be made again.
struct SystemRandom {
  var state: UInt64
  mutating func below(_ limit: Int64) -> Int64 {
    state = (state &+ 77) &* 0x5851_F42D_4C95_7F2D &+ 0x1405_7B7E_F767_814F
    var value = state ^ (state >> 33)
    value = value &* 0xFF51_AFD7_ED55_8CCD
    value ^= value >> 33
    return Int64(value % UInt64(limit))
  }
}
