// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ProcNet

/// On trees that look like /proc, with files that stand for mounted namespaces: the inode of such a file is the
/// namespace's.
struct NetworkNamespacesTests {
  private static let id = "4f5e6d7c8b9a00112233445566778899aabbccddeeff00112233445566778899"

  /// Process 1 and we are in namespace 100.
  private func proc() throws -> OwnerFakeProc {
    let proc = try OwnerFakeProc()
    try proc.link("self/ns/net", to: "net:[100]")
    try proc.link("1/ns/net", to: "net:[100]")
    return proc
  }

  private func add(
    _ proc: OwnerFakeProc, _ pid: Int, _ inode: UInt64?, start: Int, flags: Int = 0, cgroup: String? = nil
  ) throws {
    try proc.add(pid, start: start, flags: flags, cgroup: cgroup)
    if let inode { try proc.link("\(pid)/ns/net", to: "net:[\(inode)]") }
  }

  /// Makes a file for a mounted namespace; gives its inode.
  private func mount(_ proc: OwnerFakeProc, _ path: String) throws -> UInt64 {
    try proc.write(path, "")
    let attributes = try FileManager.default.attributesOfItem(atPath: proc.url.path + "/" + path)
    return try #require((attributes[.systemFileNumber] as? NSNumber)?.uint64Value)
  }

  private func find(_ proc: OwnerFakeProc) throws -> NetworkNamespaces {
    try NetworkNamespaces(
      reading: proc.root, named: [proc.url.path + "/netns", proc.url.path + "/netns"],
      unnamed: [proc.url.path + "/docker"])
  }

  @Test func eachIsFoundOnceWithItsOldestProcess() throws {
    let proc = try proc()
    // Process numbers are given again: the oldest is not always the lowest.
    try add(proc, 20, 200, start: 900)
    try add(proc, 30, 200, start: 300)
    try add(proc, 40, 200, start: 400)
    try add(proc, 50, 100, start: 50)
    try add(proc, 60, 300, start: 60, cgroup: "0::/system.slice/a.service\n")
    // One that has ended while it was listed.
    try add(proc, 70, nil, start: 70)
    let found = try find(proc)
    #expect(found.all.map(\.label) == ["net:[100]", "a.service", "net:[200]"])
    #expect(found.all.map(\.inode) == [100, 300, 200])
    #expect(found.all.map(\.process) == [nil, 60, 30])
    #expect(found.all.map(\.isOwn) == [true, false, false])
    #expect(found.all.map(\.directory) == ["net", "60/net", "30/net"])
    let root = proc.root.path
    #expect(found.all.map(\.path) == ["\(root)/self/ns/net", "\(root)/60/ns/net", "\(root)/30/ns/net"])
    #expect(found.refused == 0)
    #expect(!found.hidesProcesses)
    #expect(found.all.allSatisfy { $0.isInPlace(below: proc.root) })
    try add(proc, 30, 999, start: 1000)
    try proc.remove(60)
    #expect(found.all.map { $0.isInPlace(below: proc.root) } == [true, false, false])
  }

  @Test func namesComeFirstAndAMountNeedsNoProcess() throws {
    let proc = try proc()
    let blue = try mount(proc, "netns/blue")
    let empty = try mount(proc, "netns/empty")
    let sandbox = try mount(proc, "docker/0123456789ab")
    let kept = try mount(proc, "docker/default")
    try add(proc, 20, blue, start: 20, cgroup: "0::/system.slice/a.service\n")
    try add(proc, 30, sandbox, start: 30, cgroup: "0::/system.slice/docker-\(Self.id).scope\n")
    let found = try find(proc)
    let byLabel = Dictionary(uniqueKeysWithValues: found.all.map { ($0.label, $0) })
    #expect(Set(byLabel.keys) == ["net:[100]", "blue", "empty", "4f5e6d7c8b9a", "net:[\(kept)]"])
    #expect(byLabel["blue"]?.process == 20)
    #expect(byLabel["blue"]?.path == proc.url.path + "/netns/blue")
    #expect(byLabel["empty"]?.inode == empty)
    #expect(byLabel["empty"]?.process == nil)
    #expect(byLabel["empty"]?.directory == nil)
    #expect(byLabel["4f5e6d7c8b9a"]?.path == proc.url.path + "/docker/0123456789ab")
    #expect(NetNamespace(reading: proc.root, mounts: [proc.url.path + "/netns"])?.label == "net:[100]")
    try proc.link("self2/ns/net", to: "net:[\(blue)]")
    #expect(byLabel["blue"]?.isInPlace(below: proc.root) == true)
    let descriptor = try #require(try byLabel["empty"]?.openDescriptor())
    close(descriptor)
    try FileManager.default.removeItem(atPath: proc.url.path + "/netns/empty")
    #expect(throws: NetworkNamespaceError.self) { try byLabel["empty"]?.openDescriptor() }
  }

  /// Ours by its name, and that of process 1 where we are elsewhere, which is no unit's.
  @Test func ownAndFirstAreNobodys() throws {
    let proc = try OwnerFakeProc()
    let own = try mount(proc, "netns/mine")
    try proc.link("self/ns/net", to: "net:[\(own)]")
    try proc.link("1/ns/net", to: "net:[100]")
    try add(proc, 5, 100, start: 5, cgroup: "0::/system.slice/a.service\n")
    try add(proc, 6, own, start: 6, cgroup: "0::/system.slice/b.service\n")
    let found = try find(proc)
    #expect(found.all.map(\.label) == ["mine", "net:[100]"])
    #expect(found.all[1].process == 1)
    #expect(NetNamespace(reading: proc.root, mounts: [proc.url.path + "/netns"]) == found.all[0])
  }

  @Test func selectionsFindWhatTheyName() throws {
    let proc = try proc()
    let blue = try mount(proc, "netns/blue")
    _ = try mount(proc, "netns/30")
    try add(proc, 20, blue, start: 20)
    try add(proc, 30, 200, start: 30)
    try add(proc, 31, 200, start: 31)
    let found = try find(proc)
    func labels(_ word: String) throws -> [String] { try found.find(.init(word)).map(\.label) }
    #expect(try labels("self") == ["net:[100]"])
    #expect(try labels("all") == ["net:[100]", "30", "blue", "net:[200]"])
    #expect(try labels("blue") == ["blue"])
    #expect(try labels("net:[\(blue)]") == ["blue"])
    #expect(try labels("net:[200]") == ["net:[200]"])
    #expect(try labels("20") == ["blue"])
    #expect(try labels("31") == ["net:[200]"])
    #expect(try labels("1") == ["net:[100]"])
    // A name goes before a number.
    #expect(try labels("30") == ["30"])
    for word in ["green", "", "net:[7]", "0", "-1", "99999999999"] {
      #expect(throws: NetworkNamespaceError.unknown(word, labels: found.all.map(\.label))) {
        try labels(word)
      }
    }
    #expect(throws: NetworkNamespaceError.noProcess(77)) { try labels("77") }
    // One that came after we looked.
    try add(proc, 77, 700, start: 77)
    #expect(try labels("77") == ["net:[700]"])
  }

  @Test func hiddenProcessesAreNoticed() throws {
    let proc = try proc()
    try proc.remove(1)
    #expect(try find(proc).hidesProcesses)
  }

  @Test func aTreeWithoutNamespacesSaysSo() throws {
    let proc = try OwnerFakeProc()
    #expect(NetNamespace(reading: proc.root) == nil)
    #expect(
      throws: NetworkNamespaceError.unreadable(path: proc.root.path + "/self/ns/net", code: ENOENT)
    ) { try find(proc) }
  }

  /// The kernel's own: whatever is there, we are in one of them, and each has a label of its own.
  @Test func thoseOfThisMachineCanBeTold() throws {
    let found = try NetworkNamespaces()
    #expect(found.all.count { $0.isOwn } == 1)
    #expect(found.all.first == NetNamespace(reading: ProcRoot()))
    #expect(Set(found.all.map(\.label)).count == found.all.count)
    #expect(Set(found.all.map(\.inode)).count == found.all.count)
    #expect(try found.find(.one("\(getpid())")) == [found.all[0]])
  }
}
