// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Foundation
import Testing

@testable import ProcNet

/// Tables read line by line, against the parser that reads them whole.
struct SavedTableReaderTests {
  private static let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Fixtures/proc_net_tcp").standardizedFileURL

  private struct Read {
    var rows: [SocketRow] = []
    var headers: [Proto] = []
    var unreadable: [(line: Int, reason: SkipReason)] = []
    var others = 0
    var whole: ProtoSet = []
  }

  private static func read(_ bytes: [UInt8], _ order: ByteOrder = .little, hint: Proto? = nil) -> Read {
    var reader = SavedTableReader(byteOrder: order, hint: hint)
    var read = Read()
    var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    let isTerminated = lines.last?.isEmpty ?? true
    if isTerminated { lines.removeLast() }
    for (place, line) in lines.enumerated() {
      let isLast = place == lines.count - 1
      switch reader.read(Array(line).span.bytes, isTerminated: !isLast || isTerminated) {
      case .header(let proto): read.headers.append(proto)
      case .row(let row): read.rows.append(row)
      case .unreadable(let reason): read.unreadable.append((place + 1, reason))
      case .other: read.others += 1
      }
    }
    read.whole = reader.whole
    return read
  }

  private static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: fixtures.appending(path: name)))
  }

  @Test(
    arguments: [
      "all_states.tcp", "all_states.tcp6", "all_states.udp", "all_states.udp6", "crlf.tcp", "mapped.tcp6",
      "header_only.tcp", "header_only.tcp6", "header_only.udp", "header_only.udp6", "reuseport.tcp",
      "no_final_newline.tcp", "time_wait.tcp", "udp_connected.udp",
    ])
  func `The same rows as the parser, and the same table`(_ name: String) throws {
    let bytes = try Self.bytes(name)
    let proto = try #require(Proto.allCases.first { name.hasSuffix(".\($0.name)") })
    let read = Self.read(bytes)
    #expect(read.headers == [proto] && read.unreadable.isEmpty && read.whole == ProtoSet(proto))
    #expect(read.rows == parseSocketTable(bytes, proto: proto, byteOrder: .little).rows)
  }

  @Test func `A table that was cut is not whole`() throws {
    for name in ["torn.tcp", "torn_inode.tcp"] {
      let read = Self.read(try Self.bytes(name))
      #expect(read.rows.count == 5 && read.unreadable.map(\.line) == [7], "\(name)")
      #expect(read.unreadable.first?.reason == .torn && read.whole == [], "\(name)")
    }
  }

  @Test func `The other byte order`() throws {
    let little = Self.read(try Self.bytes("all_states.tcp"))
    #expect(Self.read(try Self.bytes("big_endian.tcp"), .big).rows == little.rows)
  }

  @Test func `Several tables one after the other`() throws {
    let names = ["all_states.tcp", "all_states.tcp6", "all_states.udp", "all_states.udp6"]
    let read = Self.read(try names.flatMap { try Self.bytes($0) })
    #expect(read.headers == [.tcp, .tcp6, .udp, .udp6] && read.whole == .all && read.unreadable.isEmpty)
    #expect(Set(read.rows.map(\.proto)) == Set(Proto.allCases))
  }

  @Test func `A bad row costs that table its wholeness, and no other`() throws {
    var tcp = String(decoding: try Self.bytes("all_states.tcp"), as: UTF8.self)
    tcp += "  99: 0100007F:1F9X 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1\n"
    let read = Self.read(Array(tcp.utf8) + (try Self.bytes("all_states.udp")))
    #expect(read.unreadable.map(\.reason) == [.badHex] && read.whole == ProtoSet(.udp))
  }

  @Test func `Rows without a header are read, and are no whole table`() throws {
    let headless = Array(try Self.bytes("all_states.udp6").drop { $0 != 0x0A }.dropFirst())
    let read = Self.read(headless)
    #expect(read.whole == [] && !read.rows.isEmpty && read.rows.allSatisfy { $0.proto == .udp6 })
    #expect(Self.read(Array("hello\n".utf8)).others == 1)
  }

  @Test func `Any bytes at all`() throws {
    var bytes = try Self.bytes("all_states.tcp")
    var random = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
      let read = Self.read(bytes)
      #expect(read.rows.count + read.unreadable.count + read.others + read.headers.count > 0)
    }
  }
}
