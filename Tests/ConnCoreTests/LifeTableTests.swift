// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

/// Tables of one second each, applied one after another; what happens is told in short lines.
private struct Watch {
  var table: LifeTable
  var second: Int64 = 0
  var log: [String] = []
  var finished: [Life] = []
  var owners: ([LifeTable.WantedOwner]) -> [SocketOwner] = { $0.map { _ in .notLookedUp } }
  var asked: [LifeTable.WantedOwner] = []

  init(_ table: LifeTable = LifeTable(seed: 1)) { self.table = table }

  /// Applies the next second's rows.
  @discardableResult
  mutating func see(_ rows: [SocketRow], tables: [TableReport]? = nil) -> LifeTable.Changes {
    second += 1
    let reports = tables ?? Proto.allCases.map { TableReport(proto: $0, outcome: .read) }
    let snapshot = Snapshot(
      time: Timestamp(microseconds: 1_000_000_000 + second * 1_000_000), bootTime: second * 1_000_000,
      rows: rows, tables: reports)
    var asked: [LifeTable.WantedOwner] = []
    let answer = owners
    let changes = table.apply(snapshot) { wanted in
      asked += wanted
      return answer(wanted)
    }
    self.asked += asked
    finished += changes.finished
    for event in changes.events {
      let at = (event.time.microseconds - 1_000_000_000) / 1_000_000
      let states = "\(event.from?.name ?? "-")>\(event.to?.name ?? "-")"
      log.append("\(at) \(event.kind.rawValue) #\(event.life.id) \(states)")
    }
    return changes
  }

  mutating func take() -> [String] {
    defer { log = [] }
    return log
  }
}

private func tcp(
  _ state: SocketState, _ localPort: UInt16 = 40000, _ remotePort: UInt16 = 80, inode: UInt64 = 7,
  remote: UInt32 = 0x0A00_0001, proto: Proto = .tcp
) -> SocketRow {
  SocketRow(
    proto: proto, state: state, local: Endpoint(IPAddress(v4: 0x0A00_0002), localPort),
    remote: Endpoint(IPAddress(v4: remote), remotePort), inode: inode,
    rawUID: inode == 0 ? SocketRow.noUID : 1000)
}

private func listener(_ port: UInt16, inode: UInt64 = 9, proto: Proto = .tcp) -> SocketRow {
  SocketRow(
    proto: proto, state: proto.transport == .tcp ? .listen : .unconnected, local: Endpoint(.anyV4, port),
    remote: Endpoint(.anyV4, 0), inode: inode, rawUID: 0)
}

private func udp(_ port: UInt16, inode: UInt64) -> SocketRow {
  SocketRow(
    proto: .udp, state: .established, local: Endpoint(IPAddress(v4: 0x0A00_0002), port),
    remote: Endpoint(IPAddress(v4: 0x0A00_0001), 53), inode: inode, rawUID: 5)
}

@Suite struct LifeTableTests {
  @Test func aWholeLife() {
    var watch = Watch()
    watch.see([])
    watch.see([tcp(.synSent)])
    watch.see([tcp(.established)])
    watch.see([tcp(.established)])
    watch.see([tcp(.finWait2)])
    watch.see([tcp(.timeWait, inode: 0)])
    watch.see([tcp(.timeWait, inode: 0)])
    watch.see([])
    watch.see([])
    #expect(
      watch.take() == [
        "2 opened #1 ->SYN_SENT", "3 changed #1 SYN_SENT>ESTABLISHED", "5 changed #1 ESTABLISHED>FIN_WAIT2",
        "6 closed #1 FIN_WAIT2>TIME_WAIT",
      ])
    #expect(watch.finished.count == 1)
    let life = watch.finished[0]
    #expect(life.closedOffset == 4_000_000)
    #expect(life.lastSeenOffset == 5_000_000)
    #expect(life.uncertainty == 1_000_000)
    #expect(life.direction == .outbound)
    #expect(life.steps.map(\.state) == [.synSent, .established, .finWait2, .timeWait])
    #expect(life.inode == 7 && life.uid == 1000)
    #expect(watch.table.count == 0)
  }

  @Test func openBeforeWeBeganHasNoUncertainty() {
    var watch = Watch()
    watch.see([tcp(.established)])
    watch.see([])
    watch.see([])
    #expect(watch.take() == ["1 opened #1 ->ESTABLISHED", "2 closed #1 ESTABLISHED>-"])
    #expect(watch.finished[0].uncertainty == nil)
    #expect(watch.finished[0].closedOffset == 1_000_000)
  }

  @Test func oneTableWithoutARowClosesNothing() {
    var watch = Watch()
    watch.see([tcp(.established), udp(50000, inode: 3)])
    watch.see([])
    watch.see([tcp(.established), udp(50000, inode: 3)])
    watch.see([udp(50000, inode: 3)])
    watch.see([tcp(.established)])
    watch.see([tcp(.established)])
    #expect(watch.take() == ["1 opened #1 ->ESTABLISHED", "1 opened #2 ->ESTABLISHED"])
    // UDP is missing for the third time now.
    watch.see([tcp(.established)])
    #expect(watch.take() == ["5 closed #2 ESTABLISHED>-"])
  }

  @Test(arguments: [TableReport.Outcome.torn, .failed("gone")])
  func anIncompleteTableClosesNothing(_ outcome: TableReport.Outcome) {
    var watch = Watch()
    watch.see([tcp(.established)])
    for _ in 0..<5 { watch.see([], tables: [TableReport(proto: .tcp, outcome: outcome)]) }
    watch.see([], tables: [TableReport(proto: .tcp6, outcome: .read)])
    watch.see([], tables: [])
    #expect(watch.table.count == 1)
    watch.see([tcp(.established)])
    #expect(watch.take() == ["1 opened #1 ->ESTABLISHED"])
  }

  @Test func skippedRowsMakeATableIncomplete() {
    var watch = Watch()
    watch.see([tcp(.established)])
    var report = TableReport(proto: .tcp, outcome: .read)
    report.skipped = [.badHex: 1]
    for _ in 0..<3 { watch.see([], tables: [report]) }
    #expect(watch.table.count == 1)
  }

  @Test(arguments: [SocketState.synSent, .established, .synReceived])
  func statesGoingBackwardsAreANewLife(_ state: SocketState) {
    var watch = Watch()
    watch.see([])
    watch.see([tcp(.timeWait, inode: 0)])
    #expect(watch.take() == ["2 opened #1 ->TIME_WAIT", "2 closed #1 TIME_WAIT>-"])
    watch.see([tcp(state, inode: 0)])
    #expect(watch.take() == ["3 opened #2 ->\(state.name)"])
    #expect(watch.finished.map(\.id) == [1])
    #expect(watch.finished[0].closedOffset == 0)
  }

  @Test func anotherInodeOnTheTupleIsANewLife() {
    var watch = Watch()
    watch.see([tcp(.established, inode: 7)])
    watch.see([tcp(.established, inode: 8)])
    #expect(
      watch.take() == [
        "1 opened #1 ->ESTABLISHED", "2 opened #2 ->ESTABLISHED", "2 closed #1 ESTABLISHED>-",
      ])
    #expect(watch.table.count == 1)
  }

  @Test func twoInodesOnOneTupleAtOnceAreKeptApart() {
    var watch = Watch()
    let both = [tcp(.established, inode: 7), tcp(.established, inode: 8)]
    watch.see(both)
    watch.see(both)
    watch.see(both.reversed())
    #expect(watch.take() == ["1 opened #1 ->ESTABLISHED", "1 opened #2 ->ESTABLISHED"])
    #expect(watch.table.count == 2)
    watch.see([both[0]])
    watch.see([both[0]])
    #expect(watch.take() == ["4 closed #2 ESTABLISHED>-"])
  }

  @Test func theInodeComesAndGoesInOneLife() {
    var watch = Watch()
    watch.see([listener(80)])
    watch.see([listener(80), tcp(.synReceived, 80, 50000, inode: 0)])
    watch.see([listener(80), tcp(.established, 80, 50000, inode: 0)])
    watch.see([listener(80), tcp(.established, 80, 50000, inode: 5)])
    watch.see([listener(80), tcp(.finWait1, 80, 50000, inode: 0)])
    #expect(
      watch.take() == [
        "1 listening #1 ->LISTEN", "2 opened #2 ->SYN_RECV", "3 changed #2 SYN_RECV>ESTABLISHED",
        "5 changed #2 ESTABLISHED>FIN_WAIT1",
      ])
    #expect(watch.table.all[1].inode == 5)
    #expect(watch.table.all[1].direction == .inbound)
  }

  @Test func listenersSharingATupleAreKnownByInode() {
    var watch = Watch()
    watch.see([listener(80, inode: 1), listener(80, inode: 2)])
    watch.see([listener(80, inode: 2)])
    watch.see([listener(80, inode: 2)])
    #expect(
      watch.take() == ["1 listening #1 ->LISTEN", "1 listening #2 ->LISTEN", "2 unlistened #1 LISTEN>-"])
  }

  @Test func ephemeralUDPIsNoListener() {
    var watch = Watch()
    watch.see([listener(53, inode: 1, proto: .udp), listener(40000, inode: 2, proto: .udp)])
    #expect(watch.take() == ["1 listening #1 ->UNCONN", "1 opened #2 ->UNCONN"])
    #expect(watch.table.all.map(\.role) == [.listener, .bound])
  }

  @Test func ownersAreAskedForOnceAndKept() {
    let curl = OwningProcess(pid: 10, startTime: 1, name: "curl")
    var watch = Watch()
    watch.owners = { $0.map { $0.row.inode == 0 ? .notLookedUp : SocketOwner(process: curl) } }
    watch.see([tcp(.synReceived, inode: 0)])
    watch.see([tcp(.established, inode: 7)])
    watch.see([tcp(.established, inode: 7)])
    watch.see([tcp(.timeWait, inode: 0)])
    #expect(watch.asked.map(\.row.inode) == [0, 7])
    #expect(watch.table.all[0].owner.process == curl)
    watch.see([])
    watch.see([])
    #expect(watch.finished[0].owner.process == curl)
  }

  @Test func anUnknownOwnerIsAskedForTwice() {
    var watch = Watch()
    watch.owners = { $0.map { SocketOwner(unknown: $0.isSecondLook ? .kernel : .exited) } }
    for _ in 0..<4 { watch.see([tcp(.established)]) }
    #expect(watch.asked.map(\.isSecondLook) == [false, true])
    #expect(watch.table.all[0].owner.whyUnknown == .kernel)
  }

  @Test func anOwnerThatIsStillSearchedForIsAskedForUntilItIsFound() {
    var watch = Watch()
    var answer = SocketOwner(unknown: .exited)
    answer.isSearchedFor = true
    watch.owners = { [answer] in $0.map { _ in answer } }
    for _ in 0..<4 { watch.see([tcp(.established)]) }
    #expect(watch.asked.map(\.isSecondLook) == [false, true, true, true])
    // That it is searched for is no part of what is known.
    #expect(watch.table.all[0].owner == SocketOwner(unknown: .exited))
    let curl = OwningProcess(pid: 10, startTime: 1, name: "curl")
    watch.owners = { $0.map { _ in SocketOwner(process: curl) } }
    for _ in 0..<2 { watch.see([tcp(.established)]) }
    #expect(watch.asked.count == 5)
    #expect(watch.table.all[0].owner.process == curl)
  }

  @Test func aSearchThatEndsWithoutAnOwnerIsTheSecondLook() {
    var watch = Watch()
    var answer = SocketOwner(unknown: .exited)
    answer.isSearchedFor = true
    watch.owners = { [answer] in $0.map { _ in answer } }
    watch.see([tcp(.established)])
    watch.owners = { $0.map { SocketOwner(unknown: $0.isSecondLook ? .kernel : .exited) } }
    for _ in 0..<3 { watch.see([tcp(.established)]) }
    #expect(watch.asked.count == 2)
    #expect(watch.table.all[0].owner.whyUnknown == .kernel)
  }

  @Test func whatAnEarlierRecorderLeftGoesOn() {
    var before = Watch()
    before.see([tcp(.established), tcp(.established, 40001, inode: 8), listener(80)])
    var watch = Watch()
    watch.second = 10
    watch.table.resume(before.table.all, lastSampleBoot: 1_000_000)
    watch.see([tcp(.established), listener(80), tcp(.established, 40002, inode: 9)])
    watch.see([tcp(.established), listener(80), tcp(.established, 40002, inode: 9)])
    #expect(watch.take() == ["11 opened #4 ->ESTABLISHED", "11 closed #2 ESTABLISHED>-"])
    // Opened or closed somewhere in the pause.
    #expect(watch.table.all.first { $0.id == 4 }?.uncertainty == 10_000_000)
    #expect(watch.finished[0].closedOffset == 10_000_000)
  }

  /// Random churn: every life opens once and closes at most once, steady sockets never close, and the table
  /// holds exactly what the last tables showed.
  @Test(arguments: 0..<8) func randomChurn(_ seed: UInt64) {
    var random = SplitMix(state: seed)
    var watch = Watch(LifeTable(seed: seed))
    let steady = (0..<20).map { tcp(.established, UInt16(1000 + $0), inode: UInt64($0 + 1)) }
    var rows: [SocketRow] = []
    for round in 0..<200 {
      rows = (0..<30).map { _ in
        let port = UInt16(40000 + random.next() % 64)
        return tcp(random.next() % 2 == 0 ? .established : .timeWait, port, inode: random.next() % 3)
      }
      // One row a tuple, as the parser guarantees for rows of one inode.
      var seen: Set<UInt16> = []
      rows = rows.filter { seen.insert($0.local.port).inserted }
      var table = steady + rows
      if round % 2 == 1 { table.remove(at: Int(random.next() % 20)) }
      watch.see(table)
    }
    for _ in 0..<2 { watch.see(steady) }
    #expect(watch.table.count == steady.count)
    #expect(watch.table.all.map(\.id).prefix(20) == (1...20).map { Int64($0) }[...])
    #expect(Set(watch.finished.map(\.id)).count == watch.finished.count)
    let opened = watch.log.count { $0.contains("opened") }
    let closed = watch.log.count { $0.contains("closed") }
    #expect(opened == closed + steady.count)
  }
}

/// A small seeded generator, so that a failure can be made again.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}
