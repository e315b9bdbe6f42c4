// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConnCore
import ConnStore
import Foundation
import ProcNet
import Testing

@testable import connwatch

private let second: Int64 = 1_000_000

private func at(_ seconds: Int64) -> Timestamp {
  Timestamp(microseconds: 1_767_261_600_000_000 + seconds * second)
}

private func life(
  _ id: Int64, _ opened: Int64, _ steps: [(SocketState, Int64)] = [(.established, 0)], closed: Int64? = nil,
  seen: Int64? = nil, boot: Int64? = nil, port: UInt16? = nil, sources: Life.Sources = .proc,
  netns: String? = nil
) -> Life {
  let row = SocketRow(
    proto: .tcp, state: steps[0].0, local: Endpoint(IPAddress(v4: 1), port ?? UInt16(id)),
    remote: Endpoint(IPAddress(v4: 2), 80), inode: UInt64(id), rawUID: 0)
  var life = Life(
    id: id, row: row, role: .connection, direction: .outbound, firstSeen: at(opened),
    firstSeenBoot: (boot ?? opened) * second, uncertainty: second, sources: sources)
  life.netns = netns
  life.laterSteps = steps.dropFirst().map { Life.Step($0.0, at: $0.1 * second) }
  life.closedOffset = closed.map { $0 * second }
  life.lastSeenOffset = (seen ?? closed ?? 0) * second
  return life
}

private final class Store {
  let path = NSTemporaryDirectory() + "connwatch-past-\(UUID().uuidString).db"
  let writer: HistoryWriter

  init() throws {
    writer = try HistoryWriter(
      path: path, run: .init(bootID: "b", pid: 1, version: "t", source: "proc", interval: second), now: at(0))
  }

  deinit { for end in ["", "-wal", "-shm"] { unlink(path + end) } }

  func write(
    _ time: Int64, next: Int64, current: [Life] = [], finished: [Life] = [], gaps: [Gap] = [],
    boot: Int64? = nil
  ) throws {
    var batch = Batch(time: at(time), boot: (boot ?? time) * second, nextLife: next, sockets: 0)
    batch.current = current
    batch.finished = finished
    batch.gaps = gaps
    try writer.write(batch)
  }

  /// Ports and states of the table at a moment.
  func table(_ time: Int64) throws -> [String] {
    let global = try GlobalArguments.parse(["--db", path, "-q", "--utc"]).options
    let rows = try PastTable(global: global, names: Names()).rows(at: "@\(1_767_261_600 + time)", in: .all)
      .rows
    return rows.map {
      "\($0.socket.local.port) \($0.socket.state.name) \(($0.context.time - at(0)) / second)"
    }
  }
}

@Suite struct PastTests {
  @Test func theTableAsItStood() throws {
    let store = try Store()
    try store.write(0, next: 1, current: [life(1, 0), life(2, 0)])
    try store.write(10, next: 3, current: [life(3, 10)])
    let waited = life(2, 0, [(.established, 0), (.timeWait, 20)], closed: 20, seen: 80)
    try store.write(81, next: 4, finished: [waited, life(3, 10, closed: 5)])
    try store.write(200, next: 4)
    #expect(try store.table(-1) == [])
    #expect(try store.table(0) == ["1 ESTABLISHED 0", "2 ESTABLISHED 0"])
    #expect(try store.table(12) == ["1 ESTABLISHED 12", "2 ESTABLISHED 12", "3 ESTABLISHED 12"])
    #expect(try store.table(15) == ["1 ESTABLISHED 15", "2 ESTABLISHED 15"])
    #expect(try store.table(30) == ["1 ESTABLISHED 30", "2 TIME_WAIT 30"])
    #expect(try store.table(80) == ["1 ESTABLISHED 80", "2 TIME_WAIT 80"])
    #expect(try store.table(90) == ["1 ESTABLISHED 90"])
    #expect(try store.table(5000) == ["1 ESTABLISHED 200"])
  }

  @Test func inAGapItIsTheLastTableKnown() throws {
    let store = try Store()
    try store.write(0, next: 1, current: [life(1, 0)])
    let pause = Gap(since: at(0), until: at(100), cause: "recorder stopped", samples: 99)
    try store.write(100, next: 2, current: [life(2, 100)], finished: [life(1, 0, closed: 100)], gaps: [pause])
    #expect(try store.table(50) == ["1 ESTABLISHED 0"])
    #expect(try store.table(100) == ["2 ESTABLISHED 100"])
  }

  /// The hour that the clock went back over was watched.
  @Test func aClockThatWentBackIsNoPause() throws {
    let store = try Store()
    try store.write(0, next: 1, current: [life(1, 0)])
    try store.write(1800, next: 2, current: [life(2, 1800)])
    try store.write(3600, next: 3)
    let step = Gap(since: at(1), until: at(3600), cause: "clock stepped", samples: 0, detail: "by -3600.0 s")
    try store.write(1, next: 3, current: [life(3, 1, boot: 3601)], gaps: [step], boot: 3601)
    #expect(
      try store.table(2000) == ["1 ESTABLISHED 2000", "2 ESTABLISHED 2000", "3 ESTABLISHED 2000"])
  }

  /// The kernel told of the end and nobody looked at the table after it.
  @Test func aTimeWaitThatNobodyWatchedIsThereForAMinute() throws {
    let store = try Store()
    let steps: [(SocketState, Int64)] = [(.established, 0), (.timeWait, 10)]
    try store.write(0, next: 1)
    try store.write(
      100, next: 1,
      finished: [
        life(1, 0, steps, closed: 10, seen: 0, sources: [.netlink, .end]),
        life(2, 0, [(.established, 0), (.close, 10)], closed: 10, sources: .trace),
        // Seen in the table, and not in the next one.
        life(3, 0, steps, closed: 10),
      ])
    #expect(try store.table(9) == ["1 ESTABLISHED 9", "2 ESTABLISHED 9", "3 ESTABLISHED 9"])
    #expect(try store.table(10) == ["1 TIME_WAIT 10", "3 TIME_WAIT 10"])
    #expect(try store.table(11) == ["1 TIME_WAIT 11"])
    #expect(try store.table(70) == ["1 TIME_WAIT 70"])
    #expect(try store.table(71) == [])
  }

  @Test func aNewerOneOnTheSameEndsTakesItsPlace() throws {
    let store = try Store()
    let steps: [(SocketState, Int64)] = [(.established, 0), (.timeWait, 10)]
    try store.write(0, next: 1)
    try store.write(
      100, next: 1, current: [life(4, 50, port: 7)],
      finished: [
        life(1, 0, steps, closed: 10, port: 7, sources: .end),
        // The same ends in another namespace are another socket's.
        life(2, 1, steps, closed: 10, port: 7, sources: .end, netns: "web"),
        life(3, 30, steps, closed: 10, port: 7, sources: .end),
      ])
    #expect(try store.table(29) == ["7 TIME_WAIT 29", "7 TIME_WAIT 29"])
    #expect(try store.table(35) == ["7 TIME_WAIT 35", "7 ESTABLISHED 35"])
    #expect(try store.table(45) == ["7 TIME_WAIT 45", "7 TIME_WAIT 45"])
    #expect(try store.table(55) == ["7 TIME_WAIT 55", "7 ESTABLISHED 55"])
  }

  @Test func rowsNameTheirNamespace() throws {
    let store = try Store()
    try store.write(0, next: 1, current: [life(1, 0), life(2, 0, netns: "web"), life(3, 0, netns: "db")])
    let global = try GlobalArguments.parse(["--db", store.path, "-q", "--utc"]).options
    let rows = try PastTable(global: global, names: Names()).rows(at: "@1767261600", in: .all).rows
    #expect(rows.map { $0.context.netns } == [nil, "web", "db"])
  }

  @Test func eventsInTheOrderOfTime() throws {
    let store = try Store()
    let gap = Gap(since: at(12), until: at(14), cause: "overrun", samples: 1)
    try store.write(0, next: 1)
    try store.write(
      30, next: 4, current: [life(3, 12)],
      finished: [
        life(1, 0, [(.synSent, 0), (.established, 11), (.timeWait, 25)], closed: 25), life(2, 5, closed: 8),
      ], gaps: [gap])
    let history = try HistoryReader(path: store.path)
    func events(_ since: Int64?, _ until: Int64?) throws -> [String] {
      var query = LifeQuery()
      query.order = .oldestFirst
      query.since = since.map(at)
      query.until = until.map(at)
      var lines: [String] = []
      try EventsCommand.happenings(history, query, wantsGaps: true) { happening in
        switch happening {
        case .event(let event):
          lines.append("\((event.time - at(0)) / second) \(event.kind) #\(event.life.id)")
        case .gap(let gap): lines.append("\((gap.since - at(0)) / second) gap")
        }
        return true
      }
      return lines
    }
    let all = [
      "0 opened #1", "5 opened #2", "11 changed #1", "12 gap", "12 opened #3", "13 closed #2", "25 closed #1",
    ]
    #expect(try events(nil, nil) == all)
    #expect(try events(11, 13) == Array(all[2...5]))
    #expect(try events(14, nil) == ["12 gap", "25 closed #1"])
  }

  @Test func newsAreToldOnce() {
    let open = life(1, 0)
    let moved = life(1, 0, [(.established, 0), (.finWait2, 5)])
    let ended = life(1, 0, [(.established, 0), (.finWait2, 5), (.timeWait, 6)], closed: 6)
    let gap = Gap(since: at(1), until: at(2), cause: "overrun", samples: 1)
    func news(_ before: [Life], _ after: [Life], _ gaps: [Gap] = []) -> [String] {
      var earlier = Follower.Look(since: nil)
      for life in before { earlier.take(life) }
      #expect(earlier.news.isEmpty)
      var look = Follower.Look(since: earlier.seen)
      look.take(gaps)
      for life in after { look.take(life) }
      return look.news.map {
        switch $0 {
        case .event(let event): "\(event.kind) #\(event.life.id)"
        case .gap: "gap"
        }
      }
    }
    #expect(news([], [open]) == ["opened #1"])
    #expect(news([open], [open]) == [])
    #expect(news([open], [ended, life(2, 3)], [gap]) == ["gap", "opened #2", "changed #1", "closed #1"])
    #expect(news([moved], [ended]) == ["closed #1"])
    #expect(news([ended], [ended]) == [])
    #expect(news([ended], []) == [])
  }
}
