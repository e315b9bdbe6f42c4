// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Foundation
import Testing

@testable import ProcNet

@Suite struct OwnerLookUpTests {
  static func wanted(_ inodes: UInt64...) -> [WantedSocket] { inodes.map { WantedSocket(inode: $0) } }

  static func rows(_ inodes: UInt64...) -> [SocketRow] { inodes.map { row($0) } }

  static func row(_ inode: UInt64, uid: UInt32 = 0, _ state: SocketState = .established) -> SocketRow {
    SocketRow(
      proto: .tcp, state: state, local: Endpoint(.anyV4, 80), remote: Endpoint(.anyV4, 0), inode: inode,
      rawUID: uid)
  }

  // MARK: All at once

  @Test func holderIsDescribed() throws {
    let proc = try OwnerFakeProc()
    try proc.add(
      50, name: "nginx: a) b", start: 500, sockets: [3: 111, 10: 222], exe: "/usr/sbin/nginx (deleted)",
      cgroup: "0::/system.slice/nginx.service\n")
    let owners = SocketOwners(root: proc.root)
    owners.lookUp(Self.wanted(111, 222, 333))
    let expected = OwningProcess(
      pid: 50, startTime: 500, name: "nginx: a) b", exe: "/usr/sbin/nginx", unit: "nginx.service")
    #expect(owners.owner(of: 111) == SocketOwner(process: expected))
    #expect(owners.owner(of: 222)?.process === owners.owner(of: 111)?.process)
    #expect(owners.owner(of: 333) == nil)
    #expect(owners.owner(of: 444) == nil)
    #expect(owners.statistics.details == 1)
    #expect(owners.statistics.isWhole)
    #expect(owners.visibility.processes == 2)
    #expect(owners.visibility.isComplete)
  }

  @Test func oldestHolderIsNamedAndOthersCounted() throws {
    let proc = try OwnerFakeProc()
    try proc.add(60, start: 600, sockets: [3: 111, 4: 111, 5: 222])
    try proc.add(70, start: 500, sockets: [3: 111])
    try proc.add(40, start: 600, sockets: [9: 222])
    try proc.add(80, start: 700, sockets: [3: 111])
    let owners = SocketOwners(root: proc.root)
    owners.lookUp(Self.wanted(111, 222, 111))
    #expect(owners.owner(of: 111)?.process?.pid == 70)
    #expect(owners.owner(of: 111)?.others == 2)
    // Started in the same tick: the lower pid.
    #expect(owners.owner(of: 222)?.process?.pid == 40)
    #expect(owners.owner(of: 222)?.others == 1)
  }

  @Test func nothingWantedReadsNothing() throws {
    let proc = try OwnerFakeProc()
    let owners = SocketOwners(root: proc.root)
    owners.lookUp([])
    owners.lookUp(Self.wanted(0))
    owners.lookUp([], among: Self.rows(1, 2))
    #expect(owners.statistics == OwnerScanStatistics())
    #expect(owners.owner(of: 0) == nil)
    #expect(owners.owner(of: 1) == nil)
  }

  @Test func brokenProcessesDoNotStopTheOthers() throws {
    let proc = try OwnerFakeProc()
    try proc.write("20/comm", "no descriptors\n")
    try proc.write("21/fd", "not a directory")
    try proc.add(22, start: 1, sockets: [3: 111])
    try proc.write("22/stat", "22 (broken")
    try proc.link("23/fd/3", to: "socket:[111]")
    try proc.add(24, start: 240, sockets: [3: 111, 4: 222])
    try proc.link("24/fd/5x", to: "socket:[333]")
    let owners = SocketOwners(root: proc.root)
    owners.lookUp(Self.wanted(111, 222, 333))
    #expect(owners.owner(of: 111)?.process?.pid == 24)
    #expect(owners.owner(of: 111)?.others == 0)
    #expect(owners.owner(of: 222)?.process?.pid == 24)
    #expect(owners.owner(of: 333) == nil)
    // One has a stat that is none; another without stat is like one that just ended.
    #expect(owners.visibility.failed == 1)
    #expect(owners.owner(of: Self.row(333), queues: AcceptQueues([])) == .notLookedUp)
  }

  @Test func missingRootIsNoAnswer() {
    let owners = SocketOwners(root: ProcRoot("/nonexistent/proc"))
    owners.lookUp(Self.wanted(111))
    #expect(owners.owner(of: Self.row(111), queues: AcceptQueues([])) == .notLookedUp)
    #expect(owners.visibility.failed == 1)
    #expect(!owners.visibility.isComplete)
  }

  // MARK: Why there is none

  @Test func exitedOrKernel() throws {
    let proc = try OwnerFakeProc()
    let owners = SocketOwners(root: proc.root)
    owners.lookUp(Self.wanted(111))
    let queues = AcceptQueues([])
    #expect(owners.needsSecondLook(Self.row(111)))
    #expect(owners.owner(of: Self.row(111), queues: queues).whyUnknown == .exited)
    #expect(owners.owner(of: Self.row(111), queues: queues, stillThere: true).whyUnknown == .kernel)
    // Not asked for.
    #expect(owners.owner(of: Self.row(112), queues: queues) == .notLookedUp)
    #expect(!owners.needsSecondLook(Self.row(112)))
    #expect(owners.owner(of: Self.row(0, .synReceived), queues: queues).whyUnknown == .notYetAccepted)
    #expect(owners.owner(of: Self.row(0, .timeWait), queues: queues).whyUnknown == .exited)
  }

  @Test func otherNamespace() throws {
    let proc = try OwnerFakeProc()
    try proc.link("self/ns/pid", to: "pid:[4026532000]")
    let owners = SocketOwners(root: proc.root)
    owners.lookUp(Self.wanted(111))
    #expect(owners.owner(of: Self.row(111), queues: AcceptQueues([])).whyUnknown == .otherNamespace)
    #expect(!owners.needsSecondLook(Self.row(111)))
  }

  @Test func initialNamespace() throws {
    let proc = try OwnerFakeProc()
    try proc.link("self/ns/pid", to: "pid:[4026531836]")
    let owners = SocketOwners(root: proc.root)
    owners.lookUp(Self.wanted(111))
    #expect(owners.owner(of: Self.row(111), queues: AcceptQueues([])).whyUnknown == .exited)
  }

  @Test func hiddenProcesses() throws {
    let proc = try OwnerFakeProc()
    try proc.write("self/mounts", "proc \(proc.root.path) proc rw,hidepid=invisible 0 0\n")
    try proc.write("self/status", "CapEff:\t0000000000000000\n")
    let owners = SocketOwners(root: proc.root, effectiveUID: 1000)
    owners.lookUp(Self.wanted(111))
    #expect(owners.visibility.hidden)
    #expect(owners.owner(of: Self.row(111, uid: 0), queues: AcceptQueues([])).whyUnknown == .noPermission)
    #expect(owners.owner(of: Self.row(111, uid: 1000), queues: AcceptQueues([])).whyUnknown == .exited)
  }

  @Test func hidingDoesNotHinderWhoMayTrace() throws {
    let proc = try OwnerFakeProc()
    try proc.write("self/mounts", "proc \(proc.root.path) proc rw,hidepid=2 0 0\n")
    try proc.write("self/status", "CapEff:\t000001ffffffffff\n")
    let owners = SocketOwners(root: proc.root)
    owners.lookUp(Self.wanted(111))
    #expect(!owners.visibility.hidden)
  }

  @Test func firstProcessNotSeen() throws {
    let proc = try OwnerFakeProc()
    try proc.remove(1)
    let owners = SocketOwners(root: proc.root)
    owners.lookUp(Self.wanted(111))
    #expect(owners.visibility.hidden)
  }

  // MARK: The real thing

  @Test func ownSocketIsFound() throws {
    let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    var status = stat()
    try #require(fstat(descriptor, &status) == 0)
    let inode = UInt64(status.st_ino)
    let owners = SocketOwners()
    for round in 0..<2 {
      if round == 0 {
        owners.lookUp([WantedSocket(inode: inode)])
      } else {
        owners.lookUp([WantedSocket(inode: inode)], among: [])
      }
      let owner = try #require(owners.owner(of: inode))
      #expect(owner.process?.pid == getpid())
      #expect(
        owner.process?.exe == (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")))
      #expect(owner.others == 0)
    }
  }

  @Test func manyOwnSocketsAreFound() throws {
    // Enough for descriptors to be tried by their numbers.
    let descriptors = (0..<200).map { _ in socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0) }
    // Holes, also large ones.
    let far = fcntl(descriptors[0], F_DUPFD, 900)
    close(descriptors[0])
    defer { for descriptor in descriptors.dropFirst() + [far] { close(descriptor) } }
    let inodes = (descriptors.dropFirst() + [far]).map { descriptor -> UInt64 in
      var status = stat()
      return fstat(descriptor, &status) == 0 ? UInt64(status.st_ino) : 0
    }
    let owners = SocketOwners()
    owners.lookUp(inodes.map { WantedSocket(inode: $0) })
    for inode in inodes { #expect(owners.owner(of: inode)?.process?.pid == getpid()) }
  }
}
