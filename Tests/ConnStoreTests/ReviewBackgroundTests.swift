// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Foundation
import Synchronization
import Testing

@testable import ConnStore

/// Counts complaints, and lets a test wait for one.
private final class Complaints: Sendable {
  let kinds = Mutex<[StoreError.Kind]>([])
  let came = DispatchSemaphore(value: 0)

  func add(_ error: StoreError) {
    kinds.withLock { $0.append(error.kind) }
    came.signal()
  }
}

@Suite struct BackgroundWriterTests {
  private func start(
    _ scratch: Scratch, _ complaints: Complaints, retention: Retention = Retention(), prepare: String = ""
  ) throws -> BackgroundWriter {
    let writer = try HistoryWriter(
      path: scratch.path, run: .init(bootID: "b", pid: 1, version: "t", source: "proc", interval: 1_000_000),
      now: moment(0))
    try writer.connection.run("PRAGMA busy_timeout = 0;" + prepare)
    return BackgroundWriter(writer, retention: retention) { complaints.add($0) }
  }

  private func stopped(_ scratch: Scratch) throws -> Int64? {
    try Connection(path: scratch.path, mode: .read).integer(
      "SELECT stopped FROM run ORDER BY id DESC LIMIT 1")
  }

  /// Opened, changed and finished while nothing can be written.
  @Test func whatWaitsIsWrittenOnceItCanBe() throws {
    let scratch = try Scratch()
    let complaints = Complaints()
    let background = try start(scratch, complaints)
    let blocker = try Connection(path: scratch.path, mode: .write)
    try blocker.run("BEGIN IMMEDIATE")
    background.submit(makeBatch(1, next: 1, current: [makeLife(1, opened: 1), makeLife(2, opened: 1)]))
    complaints.came.wait()
    let changed = makeLife(1, opened: 1, states: [(.established, 0), (.finWait2, 1)])
    background.submit(makeBatch(2, next: 3, current: [changed]))
    var last = makeBatch(3, next: 3, finished: [makeLife(1, opened: 1, closed: 3)])
    last.gaps = [Gap(since: moment(2), until: moment(3), cause: "overrun", samples: 1)]
    background.submit(last)
    try blocker.run("COMMIT")
    background.submit(makeBatch(4, next: 3))
    try background.finish(now: moment(5))
    let reader = try HistoryReader(path: scratch.path)
    #expect(try reader.lives(LifeQuery()).map(\.id) == [2, 1])
    #expect(try reader.lives(LifeQuery()).map(\.closed) == [nil, moment(3)])
    #expect(try reader.openLives().map(\.id) == [2])
    #expect(try reader.gaps().filter { $0.cause == "overrun" }.count == 1)
    #expect(try reader.connection.integer("SELECT sum(samples) FROM sample") == 4)
    #expect(complaints.kinds.withLock { $0 } == [.busy])
    #expect(try stopped(scratch) == moment(5).microseconds)
  }

  @Test func stoppingWhileNothingCanBeWrittenSaysSo() throws {
    let scratch = try Scratch()
    let complaints = Complaints()
    let background = try start(scratch, complaints)
    let blocker = try Connection(path: scratch.path, mode: .write)
    try blocker.run("BEGIN IMMEDIATE")
    background.submit(makeBatch(1, next: 1, current: [makeLife(1, opened: 1)]))
    complaints.came.wait()
    background.submit(makeBatch(2, next: 2))
    do {
      try background.finish(now: moment(3))
      Issue.record("nothing was said")
    } catch {
      #expect(error.kind == .busy)
    }
    #expect(complaints.kinds.withLock { $0 } == [.busy])
  }

  /// Nothing is lost when the old cannot be taken out, so that is no reason to fail at the end, nor to repeat oneself.
  @Test func pruningThatFailsIsNotWritingThatFails() throws {
    let scratch = try Scratch()
    let complaints = Complaints()
    let background = try start(
      scratch, complaints, retention: Retention(keep: 1_000_000),
      prepare: "CREATE TRIGGER stuck BEFORE DELETE ON life BEGIN SELECT raise(ABORT, 'stuck'); END")
    background.submit(makeBatch(1, next: 1, finished: [makeLife(1, opened: 0, closed: 1)]))
    background.submit(makeBatch(100, next: 2, finished: [makeLife(2, opened: 99, closed: 100)]))
    complaints.came.wait()
    for second in 101..<110 as Range<Int64> { background.submit(makeBatch(second, next: 3)) }
    try background.finish(now: moment(120))
    #expect(complaints.kinds.withLock { $0 } == [.other])
    #expect(try stopped(scratch) == moment(120).microseconds)
    #expect(try HistoryReader(path: scratch.path).lives(LifeQuery()).map(\.id) == [2, 1])
  }

  /// A recorder with one life open in what was its database.
  private func startWithALife(_ scratch: Scratch, _ complaints: Complaints) throws -> BackgroundWriter {
    let writer = try HistoryWriter(
      path: scratch.path, run: .init(bootID: "b", pid: 1, version: "t", source: "proc", interval: 1_000_000),
      now: moment(0))
    try writer.write(makeBatch(1, next: 1, current: [makeLife(1, opened: 1), makeLife(2, opened: 1)]))
    _ = try HistoryReader(path: scratch.path).backup(to: scratch.folder + "/copy.db")
    try writer.write(
      makeBatch(5, next: 3, current: [makeLife(3, opened: 5)], finished: [makeLife(2, opened: 1, closed: 4)]))
    return BackgroundWriter(writer, retention: Retention()) { complaints.add($0) }
  }

  @Test(arguments: ["removed", "moved", "older"]) func aDatabaseThatIsNoLongerThere(_ what: String) throws {
    let scratch = try Scratch()
    let complaints = Complaints()
    let background = try startWithALife(scratch, complaints)
    switch what {
    case "removed": #expect(unlink(scratch.path) == 0)
    case "moved": #expect(rename(scratch.path, scratch.folder + "/moved.db") == 0)
    default: #expect(rename(scratch.folder + "/copy.db", scratch.path) == 0)
    }
    background.submit(makeBatch(6, next: 4, current: [makeLife(4, opened: 6)]))
    background.submit(makeBatch(7, next: 5, finished: [makeLife(3, opened: 5, closed: 6)]))
    try background.finish(now: moment(8)) {
      var all = makeBatch(7, next: 5, current: [makeLife(1, opened: 1), makeLife(4, opened: 6)])
      all.isEverything = true
      return all
    }
    let reader = try HistoryReader(path: scratch.path)
    let lives = try reader.lives(LifeQuery())
    // An older copy knew the second as open, which it was no longer when we came.
    #expect(lives.map(\.id) == (what == "older" ? [4, 3, 2, 1] : [4, 3, 1]))
    #expect(
      lives.map { $0.closed == nil } == (what == "older" ? [true, false, false, true] : [true, false, true]))
    #expect(try reader.openLives().map(\.id) == [1, 4])
    #expect(
      try reader.gaps() == [
        Gap(since: moment(what == "older" ? 1 : 5), until: moment(6), cause: "database replaced", samples: 0)
      ])
    #expect(try reader.check().isEmpty)
    #expect(complaints.kinds.withLock { $0 } == [.begunAnew])
    if what == "moved" {
      let moved = try HistoryReader(path: scratch.folder + "/moved.db")
      #expect(try moved.lives(LifeQuery()).map(\.id) == [3, 2, 1])
      #expect(try moved.check().isEmpty)
    }
  }

  /// Its lives have the numbers of ours, which get others there.
  @Test func anotherHistoryInItsPlaceIsGoneOnIn() throws {
    let scratch = try Scratch()
    let other = try Scratch()
    func fillOther() throws {
      let writer = try other.writer(at: 1)
      try writer.write(
        makeBatch(
          1, next: 1, current: [makeLife(2, opened: 0, localPort: 8)],
          finished: [makeLife(1, opened: 0, closed: 1, localPort: 7)]))
      try writer.close(now: moment(2))
    }
    try fillOther()
    let complaints = Complaints()
    let background = try startWithALife(scratch, complaints)
    #expect(rename(other.path, scratch.path) == 0)
    background.submit(makeBatch(6, next: 4, current: [makeLife(4, opened: 6)]))
    try background.finish(now: moment(8)) {
      var all = makeBatch(7, next: 5, current: [1, 3, 4].map { makeLife($0, opened: 1) })
      all.isEverything = true
      return all
    }
    let reader = try HistoryReader(path: scratch.path)
    let ids = try reader.lives(LifeQuery()).map(\.id)
    let findings = try reader.check()
    #expect(ids == [6, 5, 3, 2, 1], "\(ids) \(findings)")
    #expect(try reader.lives(LifeQuery()).map(\.local.port).suffix(2) == [8, 7])
    #expect(try reader.openLives().map(\.id) == [3, 5, 6])
    #expect(try reader.connection.integer("SELECT count(*) FROM run") == 2)
    #expect(try reader.gaps().map(\.cause) == ["database replaced"])
    #expect(try reader.check().isEmpty)
    #expect(complaints.kinds.withLock { $0 } == [.begunAnew])
  }

  @Test func givingUpIsBoundedAndSaidInOneGap() throws {
    var batch = makeBatch(0, next: 5, current: [makeLife(3)])
    for second in 1...20 as ClosedRange<Int64> {
      let lives = (0..<3 as Range<Int64>).map {
        makeLife(second * 3 + $0, opened: second, closed: second + $0)
      }
      batch.merge(makeBatch(second, next: second * 3, finished: lives))
      batch.shed(downTo: 10, why: "no space")
    }
    #expect(batch.finished.map(\.id) == Array(53...62))
    #expect(batch.gaps.count == 1 && batch.gaps[0].detail == "50 finished connections given up: no space")
    #expect(batch.gaps[0].since == moment(1) && batch.gaps[0].until == moment(18))
    // Only what was open before the batch has a row to take out.
    #expect(batch.dropped == [3, 4])
    let scratch = try Scratch()
    let writer = try scratch.writer()
    try writer.write(makeBatch(-1, next: 1, current: [makeLife(3), makeLife(4)]))
    try writer.write(batch)
    let reader = try HistoryReader(path: scratch.path)
    #expect(try reader.openLives().isEmpty)
    #expect(try reader.lives(LifeQuery()).count == 10)
  }

  /// A write that breaks off half-way leaves nothing, and the numbers it gave out are not used.
  @Test func aFullDiskAndTheSameBatchAgain() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    let pages = try writer.connection.integer("PRAGMA page_count") ?? 0
    try writer.connection.run("PRAGMA max_page_count = \(pages + 3)")
    var batch = makeBatch(1, next: 1)
    for id in 1...2000 as ClosedRange<Int64> {
      batch.finished.append(makeLife(id, opened: 0, closed: 1, remote: UInt32(id)))
    }
    batch.gaps = [Gap(since: moment(0), until: moment(1), cause: "overrun", samples: 1)]
    for _ in 0..<3 {
      do {
        try writer.write(batch)
        Issue.record("a full disk took it")
      } catch {
        #expect(error.kind == .full)
      }
    }
    let reader = try HistoryReader(path: scratch.path)
    #expect(try reader.lives(LifeQuery()).isEmpty)
    try writer.connection.run("PRAGMA max_page_count = 1000000")
    try writer.write(batch)
    #expect(try reader.lives(LifeQuery()).count == 2000)
    #expect(try reader.gaps().count == 1)
    #expect(try reader.check().isEmpty)
    #expect(try reader.lives(LifeQuery()).allSatisfy { $0.remote.address.v4 == UInt32($0.id) })
  }
}

@Suite struct LifeFlagsTests {
  @Test func everythingComesBack() {
    var life = makeLife(1)
    for why in SocketOwner.WhyUnknown.allCases {
      life.owner = SocketOwner(unknown: why)
      #expect(LifeFlags(life).whyUnknown == why)
      #expect(LifeFlags(life).others == 0)
    }
    for others in [0, 1, 255, 256, 100_000] {
      life.owner = SocketOwner(
        process: OwningProcess(pid: 1, startTime: 1, name: "x"), others: others)
      let flags = LifeFlags(life)
      #expect(flags.others == min(others, 255) && flags.whyUnknown == nil)
      #expect(flags.proto == .tcp && flags.direction == .outbound && flags.role == .connection)
      #expect(flags.sources == .proc)
    }
    for role in [Life.Role.connection, .listener, .bound] {
      life.role = role
      for direction in [nil, Direction.inbound, .outbound] {
        life.direction = direction
        #expect(LifeFlags(life).role == role && LifeFlags(life).direction == direction)
      }
    }
  }

  /// `(uid_t)-2`, the user of nobody in some systems, is a user; `(uid_t)-1` is none.
  @Test func theLargestUserIDs() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    try writer.write(
      makeBatch(
        0, next: 1,
        finished: [makeLife(1, closed: 1, uid: .max - 1), makeLife(2, closed: 1, uid: .max)]))
    let lives = try HistoryReader(path: scratch.path).lives(LifeQuery())
    #expect(lives.map(\.uid) == [nil, 4_294_967_294])
    #expect(lives.map(\.inode) == [0, 0])
  }

  @Test func portsAndStatesWithoutNames() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    var life = makeLife(1, closed: 3, localPort: 65535, states: [(.unknown(0x1F), 0), (.unknown(200), 2)])
    life.remote.port = 0
    try writer.write(makeBatch(0, next: 1, finished: [life]))
    let back = try #require(try HistoryReader(path: scratch.path).lives(LifeQuery()).first)
    #expect(back.local.port == 65535 && back.remote.port == 0 && back.steps == life.steps)
  }
}
