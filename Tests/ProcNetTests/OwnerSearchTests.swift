// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Glibc
import Testing

@testable import ProcNet

/// The search where it would take too long to look at everything for each new socket.
@Suite struct OwnerSearchTests {
  @Test func creditIsSavedUpToALimit() {
    var credit = SearchCredit(most: 100, first: 10, again: 40)
    credit.begin(isAgain: true)
    #expect(credit.left == 100)
    credit.spend(95)
    #expect(!credit.allows(8))
    credit.begin(isAgain: false)
    #expect(credit.left == 15)
    #expect(credit.allows(8))
    credit.begin(isAgain: true)
    #expect(credit.left == 55)
    // What takes more than there can be waits until all is there.
    #expect(!credit.allows(5000))
    for _ in 0..<5 { credit.begin(isAgain: false) }
    #expect(credit.allows(5000))
    credit.spend(5000)
    #expect(!credit.allows(1))
  }

  /// Forty processes that are known, and so little credit that four of them can be looked at for a new socket, eight for
  /// one that is still there.
  private static func many() throws -> (OwnerFakeProc, SocketOwners) {
    let proc = try OwnerFakeProc()
    for pid in 100..<140 { try proc.add(pid, start: pid, sockets: [3: UInt64(pid) * 10]) }
    let owners = SocketOwners(root: proc.root, credit: SearchCredit(most: 30, first: 30, again: 60))
    owners.lookUp([WantedSocket(inode: 1)], among: rows())
    #expect(owners.statistics.isWhole)
    for _ in 0..<3 { owners.lookUp([], among: rows()) }
    return (proc, owners)
  }

  private static func rows(_ more: UInt64...) -> [SocketRow] {
    ((100..<140).map { $0 * 10 } + more).map { OwnerLookUpTests.row($0) }
  }

  @Test func searchGoesOnUntilTheHolderIsFound() throws {
    let (proc, owners) = try Self.many()
    try proc.open(125, 4, 7777)
    let row = OwnerLookUpTests.row(7777)
    var answers: [SocketOwner] = []
    repeat {
      owners.lookUp([WantedSocket(row)], among: Self.rows(7777))
      #expect(owners.statistics.directories < 12)
      answers.append(owners.owner(of: row, queues: AcceptQueues([]), stillThere: !answers.isEmpty))
    } while answers.count < 50 && answers.last?.isSearchedFor == true
    #expect(answers.last?.process?.pid == 125)
    #expect(answers.count > 1)
    // Until then it is what it would be if it were gone.
    #expect(answers.dropLast().allSatisfy { $0.whyUnknown == .exited })
  }

  @Test func searchEndsWhereNobodyHoldsIt() throws {
    let (proc, owners) = try Self.many()
    defer { withExtendedLifetime(proc) {} }
    let row = OwnerLookUpTests.row(8888)
    var asked = 0
    var answer = SocketOwner.notLookedUp
    repeat {
      owners.lookUp([WantedSocket(row)], among: Self.rows(8888))
      answer = owners.owner(of: row, queues: AcceptQueues([]), stillThere: asked > 0)
      asked += 1
    } while answer.isSearchedFor && asked < 200
    #expect(answer.whyUnknown == .kernel)
    #expect(asked > 1 && asked < 200)
  }

  @Test func anotherNamespaceDoesNotBeginTheSearchAnew() throws {
    let (proc, owners) = try Self.many()
    try proc.open(125, 4, 7777)
    var asked = 0
    repeat {
      owners.lookUp([WantedSocket(inode: 9000 + UInt64(asked))], among: [OwnerLookUpTests.row(9000)])
      owners.lookUp([WantedSocket(inode: 7777)], among: Self.rows(7777))
      asked += 1
    } while owners.isSearching(for: 7777) && asked < 200
    #expect(owners.owner(of: 7777)?.process?.pid == 125)
  }

  @Test func likelyHoldersNeedNoCredit() throws {
    let (proc, owners) = try Self.many()
    try proc.open(130, 4, 7777)
    var asked = 0
    repeat {
      owners.lookUp([WantedSocket(inode: 7777)], among: Self.rows(7777))
      asked += 1
    } while owners.isSearching(for: 7777) && asked < 200
    for inode: UInt64 in 7778..<7790 {
      // One that is gone takes what credit there is, each time.
      owners.lookUp([WantedSocket(inode: inode + 1000)], among: Self.rows())
      try proc.open(130, Int(inode), inode)
      owners.lookUp([WantedSocket(inode: inode)], among: Self.rows(7777, inode))
      #expect(owners.owner(of: inode)?.process?.pid == 130)
      try proc.add(Int(inode), start: Int(inode), sockets: [3: inode + 2000])
      owners.lookUp([WantedSocket(inode: inode + 2000)], among: Self.rows(inode + 2000))
      #expect(owners.owner(of: inode + 2000)?.process?.pid == Int32(inode))
    }
  }

  @Test func manyKnownSocketsAreNotReadAgain() throws {
    var sockets: [CInt] = []
    defer { for each in sockets { close(each) } }
    func open() -> UInt64 {
      let made = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
      sockets.append(made)
      var status = stat()
      return made >= 0 && fstat(made, &status) == 0 ? UInt64(status.st_ino) : 0
    }
    var known = (0..<600).map { _ in open() }
    try #require(!known.contains(0))
    let owners = SocketOwners()
    owners.lookUp(known.map { WantedSocket(inode: $0) }, among: known.map { OwnerLookUpTests.row($0) })
    #expect(owners.owner(of: known[599])?.process?.pid == getpid())
    // One more; one in the place of one that was closed in the middle; and one when some were closed.
    for round in 0..<3 {
      if round == 1 {
        close(sockets.remove(at: 300))
        known.remove(at: 300)
      } else if round == 2 {
        for _ in 0..<20 {
          close(sockets.remove(at: 400))
          known.remove(at: 400)
        }
      }
      // Other tests of this process have files open meanwhile, which are read too; a try in which many came and went
      // between the two counts says nothing.
      let wasFew = (0..<5).contains { _ in
        let new = open()
        known.append(new)
        let before = Self.descriptors()
        owners.lookUp([WantedSocket(inode: new)], among: known.map { OwnerLookUpTests.row($0) })
        #expect(owners.owner(of: new)?.process?.pid == getpid())
        let others = max(before, Self.descriptors()) - known.count
        return owners.statistics.links < others + known.count / 2
      }
      #expect(wasFew, "\(owners.statistics.links) links, round \(round)")
    }
  }

  /// How many descriptors this process has.
  private static func descriptors() -> Int {
    guard let folder = opendir("/proc/self/fd") else { return 0 }
    defer { closedir(folder) }
    var count = -3
    while readdir(folder) != nil { count += 1 }
    return count
  }
}
