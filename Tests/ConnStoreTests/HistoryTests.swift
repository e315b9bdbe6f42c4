// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Foundation
import Testing

@testable import ConnStore

/// A database in a folder of its own, gone after the test.
final class Scratch {
  let folder: String
  var path: String { folder + "/history.db" }

  init() throws {
    folder = NSTemporaryDirectory() + "connwatch-test-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  func writer(boot: String = "boot-1", at second: Int64 = 0) throws -> HistoryWriter {
    try HistoryWriter(
      path: path,
      run: .init(
        bootID: boot, pid: 1, version: "test", source: "proc", interval: 1_000_000,
        services: [(80, .tcp, "http")], accountName: { $0 == 1000 ? "alice" : nil }),
      now: moment(second))
  }
}

let epoch: Int64 = 1_767_261_600_000_000

func moment(_ second: Int64) -> Timestamp { Timestamp(microseconds: epoch + second * 1_000_000) }

func makeLife(
  _ id: Int64, opened: Int64 = 0, closed: Int64? = nil, seen: Int64? = nil, localPort: UInt16 = 40000,
  remote: UInt32 = 0x5DB8_D822, role: Life.Role = .connection,
  states: [(SocketState, Int64)] = [(.established, 0)],
  owner: SocketOwner = .notLookedUp, uid: UInt32 = 1000
) -> Life {
  let row = SocketRow(
    proto: .tcp, state: states[0].0, local: Endpoint(IPAddress(v4: 0x0A00_0002), localPort),
    remote: Endpoint(IPAddress(v4: remote), 80), inode: 77, rawUID: uid)
  var life = Life(
    id: id, row: row, role: role, direction: .outbound, firstSeen: moment(opened),
    firstSeenBoot: opened * 1_000_000, uncertainty: 1_000_000, sources: .proc)
  life.laterSteps = states.dropFirst().map { Life.Step($0.0, at: $0.1 * 1_000_000) }
  life.closedOffset = closed.map { ($0 - opened) * 1_000_000 }
  life.lastSeenOffset = ((seen ?? closed ?? opened) - opened) * 1_000_000
  life.owner = owner
  return life
}

func makeBatch(_ second: Int64, next: Int64, current: [Life] = [], finished: [Life] = []) -> Batch {
  var batch = Batch(time: moment(second), boot: second * 1_000_000, nextLife: next, sockets: current.count)
  batch.current = current
  batch.finished = finished
  return batch
}

private let curl = OwningProcess(
  pid: 4242, startTime: 99, name: "curl", exe: "/usr/bin/curl", unit: "session-1.scope", container: nil)

@Suite struct HistoryTests {
  @Test func aLifeComesBackAsItWas() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    var life = makeLife(
      1, closed: 7, seen: 9, states: [(.synSent, 0), (.established, 1), (.timeWait, 7)],
      owner: SocketOwner(process: curl, others: 2))
    try writer.write(makeBatch(0, next: 1, current: [life]))
    let reader = try HistoryReader(path: scratch.path)
    var query = LifeQuery()
    let open = try #require(try reader.lives(query).first)
    #expect(open.steps == life.steps && open.owner == life.owner && open.closed == life.closed)
    #expect(open.inode == 77 && open.firstSeenBoot == 0)
    try writer.write(makeBatch(1, next: 2, finished: [life]))
    let back = try #require(try reader.lives(query).first)
    #expect(back.id == 1 && back.proto == .tcp && back.local == life.local && back.remote == life.remote)
    #expect(back.firstSeen == life.firstSeen && back.closed == moment(7) && back.lastSeen == moment(9))
    #expect(back.steps == life.steps && back.direction == .outbound && back.uncertainty == 1_000_000)
    #expect(back.uid == 1000 && back.owner.others == 2)
    #expect(back.owner.process?.name == "curl" && back.owner.process?.pid == 4242)
    #expect(back.owner.process?.exe == "/usr/bin/curl" && back.owner.process?.unit == "session-1.scope")
    query.roles = [.listener]
    #expect(try reader.lives(query).isEmpty)
    life.owner = SocketOwner(unknown: .noPermission)
    life.id = 2
    try writer.write(makeBatch(2, next: 3, finished: [life]))
    query.roles = [.connection]
    #expect(try reader.lives(query).first?.owner == SocketOwner(unknown: .noPermission))
    #expect(try reader.check().isEmpty)
  }

  @Test func writingABatchTwiceIsWritingItOnce() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    let batch = makeBatch(0, next: 1, current: [makeLife(2)], finished: [makeLife(1, closed: 1)])
    try writer.write(batch)
    try writer.write(batch)
    #expect(try HistoryReader(path: scratch.path).lives(LifeQuery()).map(\.id) == [2, 1])
  }

  @Test func rangesFindShortLongAndOpenLives() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    try writer.write(makeBatch(0, next: 1, current: [makeLife(1), makeLife(2)]))
    for hour in 0..<10 as Range<Int64> {
      let second = hour * 3600 + 60
      let id = 3 + hour
      try writer.write(
        makeBatch(second, next: id, finished: [makeLife(id, opened: second, closed: second + 30)]))
    }
    // A long one that began before them and ended in the fifth hour.
    try writer.write(makeBatch(36_100, next: 13, finished: [makeLife(2, opened: 0, closed: 5 * 3600)]))
    let reader = try HistoryReader(path: scratch.path)
    func ids(_ since: Int64?, _ until: Int64?, _ order: LifeQuery.Order = .newestFirst) throws -> [Int64] {
      var query = LifeQuery()
      query.since = since.map(moment)
      query.until = until.map(moment)
      query.order = order
      return try reader.lives(query).map(\.id)
    }
    #expect(try ids(nil, nil) == [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1])
    #expect(try ids(4 * 3600, 4 * 3600 + 70) == [7, 2, 1])
    #expect(try ids(4 * 3600, 4 * 3600 + 70, .oldestFirst) == [1, 2, 7])
    #expect(try ids(6 * 3600 + 120, 6 * 3600 + 130) == [1])
    #expect(try ids(8 * 3600 + 61, nil) == [12, 11, 1])
    #expect(try ids(nil, 59) == [2, 1])
    #expect(try ids(50_000_000, nil) == [1])
    var limited = LifeQuery()
    limited.limit = 3
    #expect(try reader.lives(limited).map(\.id) == [12, 11, 10])
  }

  @Test func aRecorderOfTheSameBootGoesOn() throws {
    let scratch = try Scratch()
    do {
      let writer = try scratch.writer()
      #expect(writer.resumption.cause == nil && writer.resumption.nextLife == 1)
      try writer.write(
        makeBatch(5, next: 1, current: [makeLife(1, owner: SocketOwner(process: curl))], finished: []))
    }
    do {
      let writer = try scratch.writer(at: 20)
      #expect(writer.resumption.cause == .recorderKilled)
      #expect(writer.resumption.lastSample == moment(5) && writer.resumption.lastSampleBoot == 5_000_000)
      #expect(writer.resumption.nextLife == 2)
      let life = try #require(writer.resumption.open.first)
      #expect(life.owner.process == curl && life.inode == 77 && life.firstSeenBoot == 0)
      try writer.close(now: moment(21))
    }
    #expect(try scratch.writer(at: 30).resumption.cause == .recorderStopped)
  }

  @Test func aRestartOfTheMachineEndsWhatWasOpen() throws {
    let scratch = try Scratch()
    try scratch.writer().write(makeBatch(5, next: 1, current: [makeLife(1)]))
    let writer = try scratch.writer(boot: "boot-2", at: 90)
    #expect(writer.resumption.cause == .machineRestarted && writer.resumption.open.isEmpty)
    #expect(writer.resumption.lastSampleBoot == nil && writer.resumption.nextLife == 2)
    let life = try #require(try HistoryReader(path: scratch.path).lives(LifeQuery()).first)
    #expect(life.closed == moment(5))
  }

  @Test func foreignNewerMissingAndDamagedFilesAreRefused() throws {
    let scratch = try Scratch()
    func kind(_ body: () throws -> Void) -> StoreError.Kind? {
      do { try body() } catch { return (error as? StoreError)?.kind }
      return nil
    }
    #expect(kind { _ = try HistoryReader(path: scratch.path) } == .missing)
    try Data("not a database, whatever its name says".utf8).write(to: URL(fileURLWithPath: scratch.path))
    #expect(kind { _ = try HistoryReader(path: scratch.path) } == .foreign)
    #expect(kind { _ = try scratch.writer() } == .foreign)
    #expect(try String(contentsOfFile: scratch.path, encoding: .utf8).hasPrefix("not a database"))
    try FileManager.default.removeItem(atPath: scratch.path)
    let connection = try Connection(path: scratch.path, mode: .write)
    try connection.run("CREATE TABLE theirs(x)")
    #expect(kind { _ = try scratch.writer() } == .foreign)
    try connection.run("DROP TABLE theirs")
    _ = try scratch.writer()
    try connection.run("PRAGMA user_version = 99")
    #expect(kind { _ = try HistoryReader(path: scratch.path) } == .newer)
    #expect(kind { _ = try scratch.writer() } == .newer)
  }

  @Test func viewsNeedNothingButSQLite() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    var batch = makeBatch(
      9, next: 1, current: [makeLife(2, opened: 8, role: .listener, states: [(.listen, 0)])],
      finished: [
        makeLife(
          1, opened: 1, closed: 7, seen: 8, states: [(.synSent, 0), (.established, 2), (.timeWait, 6)],
          owner: SocketOwner(process: curl))
      ])
    batch.gaps = [Gap(since: moment(0), until: moment(1), cause: "recorder stopped", samples: 1)]
    try writer.write(batch)
    let connection = try Connection(path: scratch.path, mode: .read)
    func line(_ sql: String) throws -> [String] {
      let rows = try connection.prepare(sql)
      var lines: [String] = []
      while try rows.step() { lines.append(rows.text(0)) }
      return lines
    }
    #expect(
      try line(
        """
        SELECT concat_ws_ FROM (SELECT id || '|' || proto || '|' || state || '|' || local_addr || '|' || remote_addr
          || '|' || service || '|' || direction || '|' || user || '|' || first_seen || '|' || closed || '|'
          || duration_s || '|' || process || '|' || source || '|' || (closed_us - first_seen_us) AS concat_ws_
        FROM connections)
        """) == [
          "1|tcp|TIME_WAIT|10.0.0.2|93.184.216.34|http|out|alice|2026-01-01T10:00:01.000000Z|"
            + "2026-01-01T10:00:07.000000Z|6.0|curl|proc|6000000"
        ])
    #expect(
      try line("SELECT state || ' ' || at FROM transitions WHERE id = 1 ORDER BY step") == [
        "SYN_SENT 2026-01-01T10:00:01.000000Z", "ESTABLISHED 2026-01-01T10:00:03.000000Z",
        "TIME_WAIT 2026-01-01T10:00:07.000000Z",
      ])
    #expect(
      try line("SELECT id || ' ' || last_seen FROM listening") == ["2 2026-01-01T10:00:09.000000Z"])
    #expect(try line("SELECT cause || samples FROM gaps") == ["recorder stopped1"])
    #expect(try line("SELECT samples || source || interval_s FROM samples") == ["1proc1.0"])
  }

  @Test func retentionTakesOutWhatIsOldAndGivesSpaceBack() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    var id: Int64 = 1
    for day in 0..<10 as Range<Int64> {
      let second = day * 86_400
      var lives: [Life] = []
      let first = id
      for _ in 0..<2000 {
        lives.append(
          makeLife(id, opened: second, closed: second + 5, remote: UInt32(id))
        )
        id += 1
      }
      try writer.write(makeBatch(second, next: first, finished: lives))
    }
    let before = try writer.connection.usedBytes()
    let now = moment(9 * 86_400 + 10)
    var retention = Retention(keep: 3 * 86_400 * 1_000_000)
    while try retention.run(on: writer, now: now) > 0 {}
    let reader = try HistoryReader(path: scratch.path)
    #expect(try reader.lives(LifeQuery()).count == 3 * 2000)
    #expect(try writer.connection.integer("SELECT count(*) FROM sample") == 3)
    try writer.sweepDictionaries()
    #expect(try writer.connection.integer("SELECT count(*) FROM address") == 6001)
    #expect(try reader.check().isEmpty)
    retention = Retention(maxSize: before / 10)
    while try retention.run(on: writer, now: now) > 0 {}
    try writer.sweepDictionaries()
    try writer.connection.giveBack(pages: 1_000_000)
    #expect(try writer.connection.usedBytes() <= before / 10)
    #expect(try writer.connection.integer("PRAGMA page_count") ?? 0 < before / 10 / 4096 + 50)
  }

  @Test func oneRecorderAtATime() throws {
    let scratch = try Scratch()
    #expect(RecorderLock.holder(database: scratch.path) == .none)
    do {
      let lock = try RecorderLock(database: scratch.path)
      #expect(RecorderLock.holder(database: scratch.path) == .recorder(pid: getpid()))
      do {
        _ = try RecorderLock(database: scratch.path)
        Issue.record("a second recorder got the lock")
      } catch {
        #expect(error.kind == .recording(pid: getpid()))
      }
      withExtendedLifetime(lock) {}
    }
    _ = try RecorderLock(database: scratch.path)
  }

  @Test func backupIsADatabaseOfItsOwn() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    try writer.write(makeBatch(5, next: 1, current: [makeLife(1)]))
    let copy = scratch.folder + "/copy.db"
    #expect(try HistoryReader(path: scratch.path).backup(to: copy) > 0)
    #expect(try HistoryReader(path: copy).lives(LifeQuery()).map(\.id) == [1])
    #expect(throws: StoreError.self) { try HistoryReader(path: scratch.path).backup(to: copy) }
  }
}
