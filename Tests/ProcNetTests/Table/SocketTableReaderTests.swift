// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Glibc
import Synchronization
import Testing

@testable import ProcNet

/// Reading the tables below a root, and what happens when that fails.
struct SocketTableReaderTests {
  private typealias Text = TableText

  /// Each look at it is a second later.
  private final class SteppingClock: SampleClock {
    private let looks = Atomic<Int64>(0)

    func now() -> Moment {
      let seconds = looks.add(1, ordering: .relaxed).oldValue
      return Moment(
        wall: Timestamp(microseconds: 5_000_000_000 + seconds * 1_000_000), boot: seconds * 1_000_000)
    }
  }

  private static let v6 = "0000000000000000FFFF00000100007F:0016"
  private static let tables: [String: [UInt8]] = [
    "net/tcp": Text.table(.tcp, [Text.row(), Text.row(1, local: "0100007F:0001")]),
    "net/tcp6": Text.table(.tcp6, [Text.row(local: v6, remote: v6, width: 0)]),
    "net/udp": Text.table(.udp, []),
    "net/udp6": Text.table(
      .udp6, [Text.row(local: v6, remote: v6, state: "07", tail: " 2 0000000000000000 0", width: 0)]),
  ]

  private func reader(_ proc: TemporaryProc) -> SocketTableReader {
    SocketTableReader(root: proc.root, byteOrder: .little, clock: SteppingClock())
  }

  private func reason(_ report: TableReport?) -> String {
    if case .failed(let why) = report?.outcome { why } else { "did not fail: \(String(describing: report))" }
  }

  @Test("all four tables make one snapshot, dated after the last read")
  func everything() throws {
    let proc = try TemporaryProc(Self.tables)
    let reader = reader(proc)
    let snapshot = reader.read()
    #expect(snapshot.rows.map(\.proto) == [.tcp, .tcp, .tcp6, .udp6])
    #expect(snapshot.tables.map(\.proto) == Proto.allCases)
    #expect(snapshot.tables.map(\.rows) == [2, 1, 0, 1])
    #expect(snapshot.incomplete == [])
    #expect(snapshot.time.microseconds == 5_001_000_000)
    #expect(snapshot.bootTime == 1_000_000)
    #expect(snapshot.readingTook == 1_000_000)
    #expect(reader.read().rows == snapshot.rows)
  }

  @Test("only the tables that are asked for are read")
  func some() throws {
    let proc = try TemporaryProc(Self.tables)
    let snapshot = reader(proc).read([ProtoSet(.udp), ProtoSet(.tcp6)])
    #expect(snapshot.tables.map(\.proto) == [.tcp6, .udp])
    #expect(snapshot.rows.map(\.proto) == [.tcp6])
    #expect(reader(proc).read([]).tables.isEmpty)
  }

  @Test("a file larger than any page, and one that ends at a page, are read to the end")
  func large() throws {
    let lines = (0..<5000).map { Text.row($0, inode: String($0 + 1)) }
    let proc = try TemporaryProc(["net/tcp": Text.table(.tcp, lines)])
    #expect(reader(proc).read(ProtoSet(.tcp)).rows.count == 5000)
    try proc.write("net/tcp", Array(Text.table(.tcp, lines)[..<(150 * 2048)]))
    #expect(reader(proc).read(ProtoSet(.tcp)).rows.count == 2047)
  }

  @Test("a machine without IPv6 has no tcp6 and udp6, which is no failure")
  func noIPv6() throws {
    let proc = try TemporaryProc(Self.tables)
    try proc.remove("net/tcp6")
    try proc.remove("net/udp6")
    let snapshot = reader(proc).read()
    #expect(snapshot.tables.map(\.outcome) == [.read, .absent, .read, .absent])
    #expect(snapshot.incomplete == [])
  }

  @Test("tcp6 that was there and is gone is a failure")
  func lostIPv6() throws {
    let proc = try TemporaryProc(Self.tables)
    let reader = reader(proc)
    #expect(reader.read().incomplete == [])
    try proc.remove("net/tcp6")
    let snapshot = reader.read()
    #expect(snapshot.incomplete == ProtoSet(.tcp6))
    #expect(
      reason(snapshot.tables[1])
        == "\(proc.root.path)/net/tcp6: No such file or directory (is /proc mounted there?)")
    #expect(snapshot.rows.map(\.proto) == [.tcp, .tcp, .udp6])
    try proc.write("net/tcp6", Self.tables["net/tcp6"] ?? [])
    #expect(reader.read().incomplete == [])
  }

  @Test("without tcp, or without /proc at all, nothing is absent: it failed")
  func noProc() throws {
    let proc = try TemporaryProc(Self.tables)
    try proc.remove("net/tcp")
    #expect(reader(proc).read().incomplete == ProtoSet(.tcp))
    let nowhere = SocketTableReader(root: ProcRoot("\(proc.root.path)/nowhere"))
    let snapshot = nowhere.read()
    #expect(snapshot.incomplete == .all)
    #expect(reason(snapshot.tables[1]).contains("No such file or directory"))
  }

  @Test("an empty file is a failure, a torn one is incomplete, garbage is named")
  func damaged() throws {
    let proc = try TemporaryProc(Self.tables)
    try proc.write("net/tcp", [])
    try proc.write("net/tcp6", (Self.tables["net/tcp6"] ?? []).dropLast(40))
    try proc.write("net/udp", Array("hello\n".utf8))
    let snapshot = reader(proc).read()
    #expect(reason(snapshot.tables[0]).hasPrefix("\(proc.root.path)/net/tcp: empty"))
    #expect(snapshot.tables[1].outcome == .torn)
    #expect(reason(snapshot.tables[2]).contains("begins \"hello\""))
    #expect(snapshot.rows.map(\.proto) == [.udp6])
    #expect(snapshot.incomplete == [ProtoSet(.tcp), ProtoSet(.tcp6), ProtoSet(.udp)])
  }

  @Test("a directory in a table's place fails in the middle of reading")
  func directory() throws {
    let proc = try TemporaryProc(Self.tables)
    try proc.remove("net/tcp")
    try proc.makeDirectory("net/tcp")
    let snapshot = reader(proc).read()
    #expect(reason(snapshot.tables[0]) == "\(proc.root.path)/net/tcp: Is a directory")
    #expect(snapshot.incomplete == ProtoSet(.tcp))
    #expect(snapshot.rows.map(\.proto) == [.tcp6, .udp6])
  }

  @Test(
    "what the system says is passed on",
    arguments: [
      (EACCES, "Permission denied (may this user look into it?)"), (EIO, "Input/output error"),
      (EMFILE, "Too many open files (raise the limit: ulimit -n)"),
    ])
  func refused(code: Int32, words: String) throws {
    let proc = try TemporaryProc(Self.tables)
    let reader = SocketTableReader(
      root: proc.root, directory: "net", byteOrder: .little, clock: SteppingClock(),
      opening: { _ in
        errno = code
        return -1
      })
    let snapshot = reader.read()
    #expect(snapshot.rows.isEmpty)
    #expect(snapshot.incomplete == .all)
    #expect(reason(snapshot.tables[1]) == "\(proc.root.path)/net/tcp6: \(words)")
  }

  @Test("out of descriptors, the last one is read again from its start; an interrupted open is repeated")
  func heldDescriptor() throws {
    let proc = try TemporaryProc(Self.tables)
    let failure = Mutex<(code: Int32, times: Int)>((EINTR, 3))
    let reader = SocketTableReader(
      root: proc.root, directory: "net", byteOrder: .little, clock: SteppingClock(),
      opening: { path in
        let code = failure.withLock { failure -> Int32 in
          failure.times -= 1
          return failure.times >= 0 ? failure.code : 0
        }
        guard code == 0 else {
          errno = code
          return -1
        }
        return open(path, O_RDONLY | O_CLOEXEC)
      })
    let before = reader.read()
    #expect(before.rows.count == 4)
    for code in [EMFILE, ENFILE] {
      failure.withLock { $0 = (code, 4) }
      let again = reader.read()
      #expect(again.rows == before.rows)
      #expect(again.incomplete == [])
    }
    failure.withLock { $0 = (EACCES, 4) }
    #expect(reader.read().incomplete == .all)
    #expect(reader.read().incomplete == [])
  }

  @Test("another directory below the root")
  func otherDirectory() throws {
    let proc = try TemporaryProc(["77/net/tcp": Text.table(.tcp, [Text.row()])])
    let snapshot = SocketTableReader(root: proc.root, directory: "77/net").read(ProtoSet(.tcp))
    #expect(snapshot.rows.count == 1)
  }

  @Test(
    "the running kernel's own tables are complete",
    .enabled(if: access("/proc/net/tcp", R_OK) == 0, "no /proc here"))
  func real() throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    try #require(listener >= 0)
    defer { close(listener) }
    try #require(listen(listener, 1) == 0)
    var status = stat()
    try #require(fstat(listener, &status) == 0)
    let reader = SocketTableReader()
    for _ in 0..<2 {
      let snapshot = reader.read()
      #expect(snapshot.tables.count == 4)
      #expect(snapshot.incomplete == [], "\(snapshot.tables)")
      #expect(snapshot.rows.contains { $0.inode == UInt64(status.st_ino) && $0.state == .listen })
      #expect(snapshot.bootTime > 0)
      #expect(snapshot.readingTook >= 0)
    }
  }
}
