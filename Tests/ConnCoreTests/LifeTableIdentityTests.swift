// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

/// One table a second, all four read whole; events in short words.
private struct Run {
  var table: LifeTable
  var second: Int64
  var finished: [Life] = []
  var asked: [LifeTable.WantedOwner] = []
  var answer: (LifeTable.WantedOwner) -> SocketOwner = { _ in .notLookedUp }

  init(at second: Int64 = 0) {
    table = LifeTable(seed: 5)
    self.second = second
  }

  @discardableResult
  mutating func see(_ rows: SocketRow...) -> [String] {
    second += 1
    let snapshot = Snapshot(
      time: Timestamp(microseconds: second * 1_000_000), bootTime: second * 1_000_000, rows: rows,
      tables: Proto.allCases.map { TableReport(proto: $0, outcome: .read) })
    var asked: [LifeTable.WantedOwner] = []
    let answer = answer
    let changes = table.apply(snapshot) { wanted in
      asked += wanted
      return wanted.map(answer)
    }
    self.asked = asked
    finished += changes.finished
    return changes.events.map { "\($0.kind.rawValue) #\($0.life.id)" }
  }
}

private func tcp(
  _ state: SocketState, inode: UInt64, uid: UInt32? = nil, local: UInt16 = 40000, remote: UInt16 = 80
) -> SocketRow {
  SocketRow(
    proto: .tcp, state: state, local: Endpoint(IPAddress(v4: 0x0A00_0002), local),
    remote: Endpoint(IPAddress(v4: 0x0A00_0001), remote), inode: inode,
    rawUID: uid ?? (inode == 0 ? SocketRow.noUID : 1000))
}

@Suite struct LifeTableIdentityTests {
  /// A table can show the old socket of a tuple and, further on, its successor.
  @Test func theSecondOfTwoInodesOutlivesTheFirst() {
    var run = Run()
    #expect(run.see(tcp(.closeWait, inode: 7), tcp(.established, inode: 8)) == ["opened #1", "opened #2"])
    #expect(run.see(tcp(.established, inode: 8)) == [])
    #expect(run.see(tcp(.established, inode: 8)) == ["closed #1"])
    for _ in 0..<4 { #expect(run.see(tcp(.established, inode: 8)) == []) }
    // Its inode goes with its owner, and it is still the same connection.
    #expect(run.see(tcp(.finWait2, inode: 0)) == ["changed #2"])
    #expect(run.see(tcp(.timeWait, inode: 0)) == ["closed #2"])
    run.see()
    run.see()
    #expect(run.table.count == 0)
    #expect(run.finished.map(\.id) == [1, 2])
    #expect(run.finished[1].steps.map(\.state) == [.established, .finWait2, .timeWait])
  }

  @Test func threeInodesOnOneTuple() {
    var run = Run()
    let rows = [7, 8, 9].map { tcp(.established, inode: $0) }
    #expect(run.see(rows[0], rows[1], rows[2]) == ["opened #1", "opened #2", "opened #3"])
    #expect(run.see(rows[2], rows[0], rows[1]) == [])
    #expect(run.see(rows[1], rows[2]) == [])
    #expect(run.see(rows[2], rows[1]) == ["closed #1"])
    #expect(run.see(rows[2], rows[1]) == [])
    #expect(run.see(rows[2]) == [])
    #expect(run.see(rows[2]) == ["closed #2"])
    #expect(run.see(rows[2]) == [])
    #expect(run.table.all.map(\.id) == [3])
  }

  /// The first one is followed by a stranger while the second goes on.
  @Test func aThirdInodeInPlaceOfTheFirst() {
    var run = Run()
    run.see(tcp(.established, inode: 7), tcp(.established, inode: 8))
    #expect(run.see(tcp(.established, inode: 8), tcp(.established, inode: 9)) == ["opened #3", "closed #1"])
    #expect(run.see(tcp(.established, inode: 9), tcp(.established, inode: 8)) == [])
    #expect(run.table.all.map(\.id) == [2, 3])
    #expect(run.table.all.map(\.inode) == [8, 9])
  }

  /// The first one's state goes backwards, which ends it: what is seen is the second.
  @Test func theFirstInTimeWaitAndTheSecondWithoutItsInode() {
    var run = Run()
    run.see(tcp(.finWait2, inode: 7), tcp(.established, inode: 8))
    run.see(tcp(.timeWait, inode: 0), tcp(.established, inode: 8))
    #expect(run.table.all.map(\.id) == [1, 2])
    #expect(run.see(tcp(.finWait1, inode: 0)) == ["changed #2"])
    #expect(run.table.all.map(\.id) == [2])
    #expect(run.finished.map(\.id) == [1])
  }

  @Test func twoInodesOnOneTupleAreTakenUpAgain() {
    var before = Run()
    let rows = (tcp(.established, inode: 7), tcp(.established, inode: 8))
    before.see(rows.0, rows.1)
    var run = Run(at: 10)
    run.table.resume(before.table.all, lastSampleBoot: 1_000_000)
    #expect(run.table.count == 2)
    #expect(run.see(rows.0, rows.1) == [])
    run.see(rows.1)
    #expect(run.see(rows.1) == ["closed #1"])
    #expect(run.see(rows.1) == [])
    #expect(run.table.all.map(\.id) == [2])
  }

  /// The kernel tells 0 as the user of a socket that its process has closed.
  @Test func anOrphanKeepsItsUser() {
    var run = Run()
    run.see(tcp(.established, inode: 7, uid: 1000))
    run.see(tcp(.finWait1, inode: 0, uid: 0))
    #expect(run.table.all[0].uid == 1000)
    run.see(tcp(.timeWait, inode: 0))
    #expect(run.table.all[0].uid == 1000)
  }

  /// Accepted by another user's process than the one that listens.
  @Test func anAcceptedSocketHasTheUserOfItsInode() {
    var run = Run()
    run.see(tcp(.synReceived, inode: 0, uid: 0))
    run.see(tcp(.established, inode: 0, uid: 0))
    run.see(tcp(.established, inode: 7, uid: 33))
    #expect(run.table.all[0].uid == 33)
  }

  @Test func anOwnerThatAnEarlierRecorderCouldNotSeeIsLookedForAgain() {
    let curl = OwningProcess(pid: 10, startTime: 1, name: "curl")
    var before = Run()
    before.answer = { _ in SocketOwner(unknown: .noPermission) }
    before.see(tcp(.established, inode: 7))
    before.see(tcp(.established, inode: 7))
    var run = Run(at: 10)
    run.answer = { _ in SocketOwner(process: curl) }
    run.table.resume(before.table.all, lastSampleBoot: 2_000_000)
    run.see(tcp(.established, inode: 7))
    #expect(run.asked.map(\.isSecondLook) == [false])
    #expect(run.table.all[0].owner.process == curl)
    run.see(tcp(.established, inode: 7))
    #expect(run.asked.isEmpty)
  }

  @Test func aLifeInTimeWaitIsTakenUpAgain() {
    var before = Run()
    before.see()
    before.see(tcp(.established, inode: 7))
    before.see(tcp(.timeWait, inode: 0))
    let left = before.table.all
    // Still there.
    var run = Run(at: 5)
    run.table.resume(left, lastSampleBoot: 3_000_000)
    #expect(run.see(tcp(.timeWait, inode: 0)) == [])
    run.see()
    #expect(run.see() == [])
    #expect(run.finished[0].closedOffset == 1_000_000)
    #expect(run.finished[0].lastSeenOffset == 4_000_000)
    // Gone.
    var other = Run(at: 5)
    other.table.resume(left, lastSampleBoot: 3_000_000)
    other.see()
    #expect(other.see() == [])
    #expect(other.finished[0].closedOffset == 1_000_000 && other.finished[0].lastSeenOffset == 1_000_000)
    // Its tuple in use again.
    var third = Run(at: 5)
    third.table.resume(left, lastSampleBoot: 3_000_000)
    #expect(third.see(tcp(.established, inode: 9)) == ["opened #2"])
    #expect(third.finished.map(\.id) == [1] && third.finished[0].closedOffset == 1_000_000)
  }

  /// A slot is used again in the same table: answers go to whom they are for.
  @Test func ownersOfATupleInUseAgain() {
    var run = Run()
    run.answer = { SocketOwner(process: OwningProcess(pid: Int32($0.row.inode), startTime: 1, name: "p")) }
    run.see(tcp(.established, inode: 7), tcp(.established, inode: 5, local: 40001))
    run.see(tcp(.established, inode: 8), tcp(.established, inode: 6, local: 40001))
    #expect(run.table.all.map(\.inode) == [8, 6])
    #expect(run.table.all.map { $0.owner.process?.pid } == [8, 6])
    #expect(run.finished.map { $0.owner.process?.pid } == [7, 5])
  }

  @Test(arguments: [0, 65535] as [UInt16]) func theFirstAndTheLastPort(_ port: UInt16) {
    var run = Run()
    run.see()
    #expect(run.see(tcp(.synSent, inode: 7, local: port, remote: port)) == ["opened #1"])
    #expect(run.see(tcp(.established, inode: 7, local: port, remote: port)) == ["changed #1"])
    #expect(run.table.all[0].direction == .outbound)
  }
}
