// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import ProcNet

@Suite struct OwnerIncrementalTests {
  /// Asks for some sockets among some others that are alive.
  static func lookUp(_ owners: SocketOwners, _ wanted: UInt64..., among others: [UInt64] = []) {
    owners.lookUp(
      wanted.map { WantedSocket(inode: $0) }, among: (wanted + others).map { OwnerLookUpTests.row($0) })
  }

  /// Three servers and ten others, everything known.
  static func known() throws -> (OwnerFakeProc, SocketOwners) {
    let proc = try OwnerFakeProc()
    for pid in 10..<20 { try proc.add(pid, start: pid) }
    try proc.add(100, name: "a", start: 100, sockets: [3: 1001, 4: 1002])
    try proc.add(200, name: "b", start: 200, sockets: [3: 2001])
    try proc.add(300, name: "c", start: 300)
    let owners = SocketOwners(root: proc.root)
    lookUp(owners, 1001, 1002, 2001, 9999)
    #expect(owners.statistics.isWhole)
    // Long ago, so that none of these is young.
    for _ in 0..<3 { lookUp(owners) }
    return (proc, owners)
  }

  @Test func recentHolderIsLookedAtFirst() throws {
    let (proc, owners) = try Self.known()
    try proc.open(100, 5, 1003)
    Self.lookUp(owners, 1003, among: [1001, 1002, 2001])
    #expect(owners.owner(of: 1003)?.process?.name == "a")
    #expect(owners.statistics.directories <= 2)
    #expect(!owners.statistics.isWhole)
    // Now it is the latest of all: one directory, its file and the new socket.
    try proc.open(100, 6, 1004)
    Self.lookUp(owners, 1004, among: [1001, 1002, 1003, 2001])
    #expect(owners.statistics == Self.read(directories: 1, links: 2))
    #expect(owners.owner(of: 1004)?.process?.name == "a")
    // Answers are those of this look-up only.
    #expect(owners.owner(of: 1003) == nil)
  }

  static func read(directories: Int, links: Int, details: Int = 0) -> OwnerScanStatistics {
    var statistics = OwnerScanStatistics()
    statistics.directories = directories
    statistics.links = links
    statistics.details = details
    return statistics
  }

  @Test func newProcessIsLookedAtFirst() throws {
    let (proc, owners) = try Self.known()
    try proc.add(400, name: "curl", start: 400, parent: 15, sockets: [3: 4001])
    Self.lookUp(owners, 4001, among: [1001, 1002, 2001])
    #expect(owners.owner(of: 4001)?.process?.name == "curl")
    // It, and its ancestors 15 only: that one was there before the socket, so no further.
    #expect(owners.statistics == Self.read(directories: 2, links: 3, details: 1))
  }

  @Test func restIsLookedAtLast() throws {
    let (proc, owners) = try Self.known()
    try proc.open(300, 3, 3001)
    Self.lookUp(owners, 3001, among: [1001, 1002, 2001])
    #expect(owners.owner(of: 3001)?.process?.name == "c")
    #expect(owners.statistics.directories > 2)
  }

  @Test func inheritedSocketBelongsToTheParent() throws {
    let (proc, owners) = try Self.known()
    try proc.open(200, 4, 2002)
    try proc.add(210, name: "child", start: 210, parent: 200, sockets: [4: 2002])
    try proc.add(211, name: "grandchild", start: 211, parent: 210, sockets: [4: 2002])
    try proc.add(212, name: "sibling", start: 212, parent: 200, sockets: [4: 2002])
    Self.lookUp(owners, 2002, among: [1001, 1002, 2001])
    #expect(owners.owner(of: 2002)?.process?.name == "b")
    #expect(owners.owner(of: 2002)?.others == 3)
    #expect(!owners.statistics.isWhole)
  }

  @Test func listenerIsLookedForEverywhere() throws {
    let (proc, owners) = try Self.known()
    for pid in [300, 12, 13] { try proc.open(pid, 7, 7001) }
    owners.lookUp([WantedSocket(inode: 7001, isListener: true)], among: [OwnerLookUpTests.row(7001)])
    #expect(owners.owner(of: 7001)?.process?.pid == 12)
    #expect(owners.owner(of: 7001)?.others == 2)
    #expect(owners.statistics.isWhole)
    #expect(owners.statistics.directories == 14)
  }

  @Test func missingSocketIsLookedForEverywhere() throws {
    let (proc, owners) = try Self.known()
    try proc.close(200, 0)
    Self.lookUp(owners, 5005, among: [1001, 1002, 2001])
    #expect(owners.owner(of: 5005) == nil)
    #expect(owners.statistics.isWhole)
  }

  @Test func descriptorTakenOverFromALivingSocketIsRead() throws {
    let (proc, owners) = try Self.known()
    // 1002 lives on in another process; its descriptor here is a new socket.
    try proc.open(200, 9, 1002)
    try proc.open(100, 4, 1005)
    Self.lookUp(owners, 1005, among: [1001, 1002, 2001])
    #expect(owners.owner(of: 1005)?.process?.name == "a")
    // And is known as that from now on.
    try proc.open(100, 5, 1006)
    Self.lookUp(owners, 1006, among: [1001, 1002, 1005, 2001])
    #expect(owners.statistics == Self.read(directories: 1, links: 2))
  }

  @Test func inodeOfALaterSocketIsLookedUpAfresh() throws {
    let (proc, owners) = try Self.known()
    try proc.close(200, 3)
    try proc.open(300, 3, 2001)
    Self.lookUp(owners, 2001, among: [1001, 1002])
    #expect(owners.owner(of: 2001)?.process?.name == "c")
  }

  @Test func pidOfALaterProcessIsAnother() throws {
    let (proc, owners) = try Self.known()
    try proc.add(100, name: "later", start: 999, sockets: [3: 1001])
    Self.lookUp(owners, 1001, among: [2001])
    #expect(owners.owner(of: 1001)?.process == OwningProcess(pid: 100, startTime: 999, name: "later"))
  }

  @Test func startTimeIsBelievedOverTheDirectory() throws {
    let (proc, owners) = try Self.known()
    try proc.rename(100, "a", start: 999)
    Self.lookUp(owners, 1001, among: [2001])
    #expect(owners.owner(of: 1001)?.process?.startTime == 999)
  }

  @Test func programThatWasReplacedIsReadAgain() throws {
    let (proc, owners) = try Self.known()
    Self.lookUp(owners, 1001, among: [2001])
    let before = owners.owner(of: 1001)?.process
    Self.lookUp(owners, 1001, among: [2001])
    #expect(owners.owner(of: 1001)?.process === before)
    try proc.rename(100, "exec'd", start: 100)
    Self.lookUp(owners, 1001, among: [2001])
    #expect(owners.owner(of: 1001)?.process?.name == "exec'd")
  }

  @Test func processesThatEndedAreForgotten() throws {
    let (proc, owners) = try Self.known()
    #expect(owners.visibility.processes == 14)
    for pid in 10..<20 { try proc.remove(pid) }
    try proc.remove(200)
    Self.lookUp(owners, 2001, among: [1001, 1002])
    #expect(owners.visibility.processes == 3)
    #expect(owners.owner(of: 2001) == nil)
    try proc.open(300, 3, 3001)
    Self.lookUp(owners, 3001, 1001, among: [1002])
    #expect(owners.owner(of: 3001)?.process?.name == "c")
    #expect(owners.owner(of: 1001)?.process?.name == "a")
  }

  @Test func bothUsesMix() throws {
    let (proc, owners) = try Self.known()
    owners.lookUp(OwnerLookUpTests.wanted(1001, 2001))
    #expect(owners.owner(of: 2001)?.process?.name == "b")
    try proc.open(100, 5, 1003)
    Self.lookUp(owners, 1003, among: [1001, 1002, 2001])
    #expect(owners.owner(of: 1003)?.process?.name == "a")
  }
}
