// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import KernelNet

/// Reading the answers of the kernel.
struct DiagDumpTests {
  private static let answers: [(String, Transport, [Proto])] = [
    ("all_states.tcp.dump", .tcp, [.tcp, .tcp6]), ("all_states.udp.dump", .udp, [.udp]),
    ("all_states.udp6.dump", .udp, [.udp6]),
  ]

  @Test("a capture holds the scene's sockets and nothing else", arguments: answers)
  func captures(name: String, transport: Transport, protos: [Proto]) throws {
    let (dump, v4, v6) = DiagFixture.read(try DiagFixture.bytes(name), transport)
    #expect(dump.isDone && dump.code == 0 && dump.unusable == 0 && !dump.isInterrupted)
    #expect(v4.rows.allSatisfy { !$0.proto.isV6 } && v6.rows.allSatisfy(\.proto.isV6))
    let rows = v4.rows + v6.rows
    let names = protos.map(\.name)
    let expected = try DiagFixture.states().filter { names.contains($0.proto) }
    func line(_ row: SocketRow) -> String {
      "\(DiagFixture.ends(row.proto, row.local, row.remote)) \(row.state.name) \(row.inode)"
    }
    #expect(
      rows.map(line).sorted() == expected.map { "\($0.ends) \($0.state ?? "") \($0.inode ?? 0)" }.sorted())
    for row in rows where row.inode != 0 {
      let held = try #require(expected.first { $0.inode == row.inode })
      #expect(row.uid == held.uid, "\(line(row))")
    }
    #expect(Set(v4.cookies + v6.cookies).count == rows.count)
    #expect(v4.traffic.count == v4.rows.count && v6.traffic.count == v6.rows.count)
  }

  @Test("rows say what /proc says where the message says something else")
  func asInProc() throws {
    let (dump, v4, v6) = DiagFixture.read(try DiagFixture.bytes("all_states.tcp.dump"))
    let rows = v4.rows + v6.rows
    #expect(dump.requestSockets == 3)
    for row in rows {
      switch row.state {
      case .listen: #expect(row.sendQueue == 0)
      case .timeWait, .synReceived: #expect(row.uid == nil && row.inode == 0)
      case .finWait2: #expect((row.uid == nil) == (row.inode == 0))
      default: #expect(row.uid != nil)
      }
    }
    // A connection waits to be accepted; 1,000 bytes wait to be read, 500 to be acknowledged.
    #expect(rows.contains { $0.state == .listen && $0.local.port == 8083 && $0.receiveQueue == 1 })
    #expect(rows.contains { $0.receiveQueue == 1000 } && rows.contains { $0.sendQueue == 500 })
  }

  @Test("traffic is there for connections, and only where it was asked for")
  func traffic() throws {
    let bytes = try DiagFixture.bytes("all_states.tcp.dump")
    let (_, v4, _) = DiagFixture.read(bytes)
    for (row, traffic) in zip(v4.rows, v4.traffic) {
      switch row.state {
      case .listen, .timeWait, .synReceived: #expect(traffic == nil)
      case .established: #expect(traffic != nil)
      default: break
      }
      if row.receiveQueue == 1000 { #expect(traffic?.bytesIn == 1000) }
    }
    #expect(v4.traffic.contains { $0?.bytesOut == 1000 && $0?.bytesIn == 0 })
    #expect(DiagFixture.read(bytes, traffic: false).v4.traffic.isEmpty)
  }

  @Test("cut anywhere, an answer gives the messages that are whole and is not taken for complete")
  func truncated() throws {
    let bytes = try DiagFixture.bytes("all_states.tcp.dump")
    let whole = DiagFixture.read(bytes)
    for count in 0..<bytes.count - 3 {
      let (dump, v4, v6) = DiagFixture.read(bytes.prefix(count))
      let end = DiagFixture.read(bytes.prefix(count), traffic: false).dump
      #expect(!dump.isDone || count >= bytes.count - 4, "cut at \(count)")
      #expect(dump.unusable <= 1 && end.unusable == dump.unusable)
      #expect(v4.rows.elementsEqual(whole.v4.rows.prefix(v4.rows.count)))
      #expect(v6.traffic.elementsEqual(whole.v6.traffic.prefix(v6.rows.count)))
    }
  }

  @Test("an answer in pieces is the answer in one", arguments: [1, 2, 7])
  func pieces(messages: Int) throws {
    let bytes = try DiagFixture.bytes("all_states.tcp.dump")
    let whole = DiagFixture.read(bytes)
    var dump = DiagDump(transport: .tcp, wantsTraffic: true, sequence: 1)
    var v4 = DiagRows()
    var v6 = DiagRows()
    bytes.withUnsafeBytes { buffer in
      var offset = 0
      while offset < buffer.count {
        let start = offset
        for _ in 0..<messages { _ = NetlinkMessage(buffer, at: &offset) }
        dump.read(UnsafeRawBufferPointer(rebasing: buffer[start..<offset]), v4: &v4, v6: &v6)
      }
    }
    #expect(dump.isDone && v4.rows == whole.v4.rows && v6.rows == whole.v6.rows)
    #expect(v4.cookies == whole.v4.cookies && v6.traffic == whole.v6.traffic)
  }

  @Test("how an answer ends, and what is in it that is no socket", arguments: Odd.all)
  func odd(_ odd: Odd) {
    var builder = DiagMessageBuilder()
    odd.build(&builder)
    let (dump, v4, v6) = DiagFixture.read(builder.bytes)
    #expect(dump.isDone == odd.isDone, "\(odd)")
    #expect(dump.code == odd.code, "\(odd)")
    #expect(dump.isInterrupted == odd.isInterrupted, "\(odd)")
    #expect(dump.unusable == odd.unusable, "\(odd)")
    #expect(v4.rows.count + v6.rows.count == odd.rows, "\(odd)")
  }

  /// Something that an answer can hold.
  struct Odd: CustomStringConvertible, Sendable {
    var description: String
    var isDone = false
    var code: Int32 = 0
    var isInterrupted = false
    var unusable = 0
    var rows = 0
    var build: @Sendable (inout DiagMessageBuilder) -> Void

    static let all: [Odd] = [
      Odd(description: "done", isDone: true) { $0.message(3, [0, 0, 0, 0]) },
      Odd(description: "done without its number", isDone: true) { $0.message(3) },
      Odd(description: "done with ENOENT: no such module", isDone: true, code: 2) {
        $0.message(3, [0xFE, 0xFF, 0xFF, 0xFF])
      },
      Odd(description: "the error EINVAL", isDone: true, code: 22) {
        $0.message(2, [0xEA, 0xFF, 0xFF, 0xFF] + [UInt8](repeating: 0, count: 16))
      },
      Odd(description: "the least number there is", isDone: true, code: .min) {
        $0.message(2, [0, 0, 0, 0x80])
      },
      Odd(description: "interrupted", isDone: true, isInterrupted: true, rows: 1) {
        $0.message(20, flags: 0x12, DiagMessageBuilder.socket())
        $0.message(3, [0, 0, 0, 0])
      },
      Odd(description: "nothing behind done", isDone: true) {
        $0.message(3, [0, 0, 0, 0])
        $0.message(20, DiagMessageBuilder.socket())
      },
      Odd(description: "of another answer", rows: 1) {
        $0.message(20, sequence: 9, DiagMessageBuilder.socket())
        $0.message(3, sequence: 9, [0, 0, 0, 0])
        $0.message(20, DiagMessageBuilder.socket())
      },
      Odd(description: "another family", unusable: 1, rows: 1) {
        $0.message(20, DiagMessageBuilder.socket(family: 1))
        $0.message(20, DiagMessageBuilder.socket(family: 10))
      },
      Odd(description: "too short for a socket", unusable: 1, rows: 1) {
        $0.message(20, DiagMessageBuilder.socket().dropLast())
        $0.message(20, DiagMessageBuilder.socket())
      },
      Odd(description: "another type", unusable: 1) { $0.message(77) },
      Odd(description: "no operation") { $0.message(1) },
      Odd(description: "a length of 0", unusable: 1) {
        $0.message(20, length: 0, DiagMessageBuilder.socket())
      },
      Odd(description: "a length of everything", unusable: 1) {
        $0.message(20, length: .max, DiagMessageBuilder.socket())
      },
      Odd(description: "attributes that lead outside", rows: 4) {
        for attribute in [[0xFF, 0xFF, 2, 0], [0, 0, 2, 0], [3, 0, 2, 0], [5, 0, 2, 0]] as [[UInt8]] {
          $0.message(20, DiagMessageBuilder.socket() + attribute)
        }
      },
    ]
  }

  @Test("numbers are where the kernel has them")
  func fields() {
    var builder = DiagMessageBuilder()
    builder.message(18, DiagMessageBuilder.socket(state: 10, cookie: 0x1_0000_0002, queues: (3, 4096)))
    let (_, v4, _) = DiagFixture.read(builder.bytes)
    #expect(v4.cookies == [0x1_0000_0002])
    #expect(
      v4.rows == [
        SocketRow(
          proto: .tcp, state: .listen, local: Endpoint(IPAddress(v4: 0x7F00_0001), 80),
          remote: Endpoint(.anyV4, 0), inode: 9, rawUID: 1000, receiveQueue: 3)
      ])
  }

  @Test("state 7 is CLOSE for TCP and UNCONN for UDP, and 13 is not asked for")
  func states() {
    #expect(StateSet.all.kernelMask(.tcp) == ~0b10_0000_0000_0001)
    #expect(StateSet.all.kernelMask(.udp) == ~0b10_0000_0000_0001)
    #expect(StateSet(.listen).kernelMask(.tcp) == 1 << 10)
    #expect(StateSet(.close).kernelMask(.tcp) == 1 << 7)
    #expect(StateSet(.close).kernelMask(.udp) == 0)
    #expect(StateSet(.unconnected).kernelMask(.udp) == 1 << 7)
    #expect(StateSet(.unconnected).kernelMask(.tcp) == 0)
    #expect(StateSet(.synReceived).kernelMask(.tcp) == 1 << 3 | 1 << 12)
  }

  @Test("of rows with one cookie the later one stays, in the earlier one's place")
  func duplicates() {
    func row(_ port: UInt16) -> SocketRow {
      SocketRow(
        proto: .tcp, state: .established, local: Endpoint(.anyV4, port), remote: Endpoint(.anyV4, 0))
    }
    var sockets = DiagRows()
    // The first two belong to a table that was read before.
    let cookies: [UInt64] = [5, 6, 0, 5, 6, 0, 5, 7, 6, 8, 5]
    for (index, cookie) in cookies.enumerated() {
      sockets.rows.append(row(UInt16(index)))
      sockets.cookies.append(cookie)
      sockets.traffic.append(Traffic(bytesIn: UInt64(index), bytesOut: 0))
    }
    var deduplicator = CookieDeduplicator()
    #expect(deduplicator.collapse(&sockets, from: 2) == 3)
    #expect(sockets.rows.map(\.local.port) == [0, 1, 2, 10, 8, 5, 7, 9])
    #expect(sockets.cookies == [5, 6, 0, 5, 6, 0, 7, 8])
    #expect(sockets.traffic.map { $0?.bytesIn } == [0, 1, 2, 10, 8, 5, 7, 9])
    #expect(deduplicator.collapse(&sockets, from: 2) == 0)
  }

  @Test("a request socket has the user of the listener on its address, or on any")
  func requestSockets() {
    func listener(_ proto: Proto, _ address: IPAddress, _ uid: UInt32) -> SocketRow {
      SocketRow(
        proto: proto, state: .listen, local: Endpoint(address, 80), remote: Endpoint(.anyV4, 0), rawUID: uid)
    }
    func user(_ proto: Proto, _ address: IPAddress, _ port: UInt16 = 80) -> UInt32 {
      let users = ListenerUsers([
        listener(.tcp, .anyV4, 1), listener(.tcp, IPAddress(v4: 0x7F00_0001), 2), listener(.tcp6, .anyV6, 3),
      ])
      return users.user(
        of: SocketRow(
          proto: proto, state: .synReceived, local: Endpoint(address, port), remote: Endpoint(.anyV4, 9)))
    }
    #expect(user(.tcp, IPAddress(v4: 0x7F00_0001)) == 2)
    #expect(user(.tcp, IPAddress(v4: 0x7F00_0002)) == 1)
    #expect(user(.tcp6, IPAddress(v4: 0x7F00_0001)) == 3)
    #expect(user(.tcp, IPAddress(v4: 0x7F00_0001), 81) == SocketRow.noUID)
  }
}
