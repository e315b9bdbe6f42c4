// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ProcNet

@Suite struct OwnerParsingTests {
  // MARK: /proc/PID/stat

  static let tail =
    " 20 0 1 0 6551 1000 2 18446744073709551615 1 1 0 0 0 0 0 4096 1260 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"

  static func stat(_ name: String, flags: UInt = 4_194_560) -> [UInt8] {
    Array(("42 (\(name)) S 7 42 42 0 -1 \(flags) 128 0 0 0 1 2 3 4" + tail).utf8)
  }

  // Spans cannot pass through the testing macros.
  static func parse(_ bytes: [UInt8]) -> ProcessStat? { ProcessStat.parse(bytes.span) }
  static func status(_ content: String) -> ProcessStatus { ProcessStatus.parse(Array(content.utf8).span) }
  static func inode(_ link: String) -> UInt64? { DescriptorLink.socketInode(Array(link.utf8).span) }

  @Test(arguments: [
    "sshd", "a b", "tmux: server", "(sd-pam)", "x) R 1 (y", ")", "", "two\nlines", "ünï", "a) S 9 9",
  ])
  func statNameMayBeAnything(_ name: String) throws {
    let stat = try #require(Self.parse(Self.stat(name)))
    #expect(stat.name == name)
    #expect(stat.pid == 42)
    #expect(stat.state == UInt8(ascii: "S"))
    #expect(stat.parent == 7)
    #expect(stat.threads == 1)
    #expect(stat.startTime == 6551)
    #expect(!stat.isKernelThread)
  }

  @Test func statNameIsRepaired() throws {
    var bytes = Self.stat("x?y")
    let place = try #require(bytes.firstIndex(of: UInt8(ascii: "?")))
    bytes[place] = 0xFF
    #expect(Self.parse(bytes)?.name == "x\u{FFFD}y")
  }

  @Test func statTellsKernelThreads() {
    #expect(Self.parse(Self.stat("kthreadd", flags: 0x20_8040))?.isKernelThread == true)
  }

  @Test(arguments: [
    "", "\n", "42", "42 ", "42 (", "42 (x", "42 (x)", "42 (x) ", "42 (x) S", "42 (x) S 7 1 2", "(x) S 7",
    "99999999999 (x) S 7 42 42 0 -1 0 128 0 0 0 1 2 3 4 20 0 1 0 6551",
    "42 (x) S -7 42 42 0 -1 0 128 0 0 0 1 2 3 4 20 0 1 0 6551",
    "42 (x) S 7 42 42 0 -1 0 128 0 0 0 1 2 3 4 20 0 1 0 99999999999999999999",
  ])
  func statThatIsNone(_ content: String) {
    #expect(Self.parse(Array(content.utf8)) == nil)
  }

  // MARK: /proc/PID/status

  @Test func statusIsRead() {
    let content =
      "Name:\tuid:\\n Uid:\t7\nState:\tZ (zombie)\nUid:\t1000\t1001\t1002\t1003\nCapEff:\t00000000a80c25fb\n"
    let status = Self.status(content)
    #expect(status == ProcessStatus(state: 90, effectiveUID: 1001, effectiveCapabilities: 0xA80C_25FB))
    #expect(status.mayTrace)
    #expect(!Self.status("CapEff:\t00000000a80425fb\n").mayTrace)
    #expect(Self.status("") == ProcessStatus())
  }

  // MARK: /proc/PID/fd/N

  @Test(arguments: [
    ("socket:[1]", 1), ("socket:[4026531836]", 4_026_531_836),
    ("socket:[18446744073709551615]", UInt64.max), ("socket:[0]", nil), ("socket:[]", nil),
    ("socket:[12", nil),
    ("socket:[12]x", nil), ("socket:[1 2]", nil), ("socket:[-1]", nil),
    ("socket:[18446744073709551616]", nil),
    ("pipe:[123]", nil), ("anon_inode:[eventpoll]", nil), ("/dev/null", nil), ("", nil), ("socket", nil),
    ("/socket:[12]", nil), ("Socket:[12]", nil), ("socket:(12]", nil),
  ])
  func descriptorLink(_ text: String, _ inode: UInt64?) {
    #expect(Self.inode(text) == inode)
  }

  // MARK: names of descriptors and processes

  @Test(arguments: [0, 1, 9, 10, 99, 100, 12_345, 999_999, 4_294_967_295] as [UInt32])
  func decimalNames(_ number: UInt32) throws {
    let name = DecimalName(number)
    #expect(try name.withPointer { String(cString: $0) } == String(number))
    #expect(try name.withPointer { ProcDirectory.number($0) } == Int(number))
  }

  @Test func decimalNamesCountUp() throws {
    var name = DecimalName()
    for number in 0..<1_203 {
      #expect(try name.withPointer { String(cString: $0) } == String(number))
      name.increment()
    }
  }

  @Test(arguments: ["", "a", "1a", "-1", "+1", "01", "00", " 1", ".", "..", "self", "99999999999"])
  func otherNamesAreNoNumbers(_ name: String) {
    #expect(name.withCString { ProcDirectory.number($0) } == -1)
  }

  @Test(arguments: [0, 7, 10, 4_194_304, Int32.max])
  func paths(_ pid: Int32) throws {
    #expect(try withPath(pid, "status") { String(cString: $0) } == "\(pid)/status")
  }

  // MARK: mounts

  @Test(arguments: [
    ("proc /proc proc rw,relatime 0 0\n", false),
    ("proc /proc proc rw,relatime,hidepid=2 0 0\n", true),
    ("proc /proc proc rw,hidepid=invisible,gid=4 0 0\n", true),
    ("proc /proc proc rw,hidepid=0 0 0\n", false),
    ("proc /proc proc rw,hidepid=off 0 0\n", false),
    ("proc /other proc rw,hidepid=2 0 0\n", false),
    ("proc /proc proc rw,hidepid=2 0 0\nproc /proc proc rw 0 0\n", false),
    ("tmpfs /proc tmpfs rw,hidepid=2 0 0\n", false),
    ("", false), ("proc /proc\n", false),
  ])
  func hidepid(_ mounts: String, _ hides: Bool) {
    let result = ProcMount.hidesProcesses(Array(mounts.utf8).span, at: "/proc")
    #expect(result == hides)
  }

  // MARK: inode tables

  @Test func inodeTableFindsWhatWasPutIn() {
    var table = InodeTable()
    #expect(table.value(of: 1) == nil)
    for round in 1...3 {
      let count = round == 2 ? 5_000 : 40
      table.reset(expecting: count)
      for key in 0..<count { #expect(table.insert(UInt64(key) * 7 + 1, UInt32(key)) == UInt32(key)) }
      #expect(table.insert(8, 99) == 1)
      #expect(table.count == count)
      for key in 0..<count { #expect(table.value(of: UInt64(key) * 7 + 1) == UInt32(key)) }
      #expect(table.value(of: 0) == nil)
      #expect(table.value(of: 3) == nil)
      #expect(table.value(of: UInt64.max) == nil)
    }
  }
}
