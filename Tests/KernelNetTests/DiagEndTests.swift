// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import KernelNet

/// Reading messages about sockets that have ended.
struct DiagEndTests {
  private func read(_ bytes: [UInt8]) -> [SocketEnd?] {
    bytes.withUnsafeBytes { buffer in
      var offset = 0
      var ends: [SocketEnd?] = []
      while offset < buffer.count, let message = NetlinkMessage(buffer, at: &offset) {
        ends.append(SocketEnd(message, boot: 42))
      }
      return ends
    }
  }

  @Test("a capture tells the ends of the scene's sockets, in order, with what they carried")
  func capture() throws {
    let ends = read(try DiagFixture.bytes("ends.dump")).compactMap(\.self)
    let expected = try DiagFixture.ends()
    #expect(ends.map { DiagFixture.ends($0.proto, $0.local, $0.remote) } == expected.map(\.ends))
    #expect(ends.map(\.cookie) == expected.map { $0.cookie ?? 0 })
    #expect(ends.map { $0.traffic?.bytesIn } == expected.map(\.bytes_in))
    #expect(ends.map { $0.traffic?.bytesOut } == expected.map(\.bytes_out))
    #expect(ends.allSatisfy { $0.boot == 42 })
  }

  @Test("a message is about TCP or UDP, or is none")
  func protocols() {
    var builder = DiagMessageBuilder()
    for number in [6, 17, 132] as [UInt8] {
      builder.message(20, DiagMessageBuilder.socket() + [5, 0, 10, 0, number])
    }
    builder.message(20, DiagMessageBuilder.socket())
    builder.message(3)
    #expect(read(builder.bytes).map { $0?.proto } == [.tcp, .udp, nil, nil, nil])
  }

  @Test("cut anywhere, a message does no harm")
  func truncated() throws {
    let bytes = try DiagFixture.bytes("ends.dump")
    let whole = read(bytes)
    for count in 0..<bytes.count {
      let ends = read(Array(bytes.prefix(count)))
      #expect(ends.elementsEqual(whole.prefix(ends.count)), "cut at \(count)")
    }
    // With the length made right again, so that it is the content that is short.
    let first = Array(bytes.prefix(380))
    for count in 16..<380 {
      var short = Array(first.prefix(count))
      short.replaceSubrange(0..<4, with: withUnsafeBytes(of: UInt32(count)) { Array($0) })
      #expect(read(short).count == 1)
    }
  }
}
