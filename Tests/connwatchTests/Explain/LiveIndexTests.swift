// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import connwatch

/// Which listener a line can be about.
struct LiveIndexTests {
  private static func listener(_ proto: Proto, _ address: IPAddress, inode: UInt64) -> ListRow {
    ListRow(
      context: ListRow.Context(names: Names(), time: Timestamp(microseconds: 1), netns: nil),
      socket: SocketRow(
        proto: proto, state: .listen, local: Endpoint(address, 22),
        remote: Endpoint(proto.isV6 ? .anyV6 : .anyV4, 0), inode: inode), role: .listener,
      owner: .notLookedUp)
  }

  @Test(
    arguments: [
      ("[::1]:22", [2, 3]), ("[2001:db8::1]:22", [2, 3]), ("127.0.0.1:22", [1, 3]), ("22/tcp", [1, 2, 3, 4]),
      ("tcp6 0 0 ::1:22 :::* LISTEN", [2, 3]), ("tcp6 0 0 :::22 :::* LISTEN", [2, 3]),
      ("tcp 0 0 0.0.0.0:22 0.0.0.0:* LISTEN", [1, 3, 4]),
      ("tcp 0 0 192.0.2.9:22 0.0.0.0:* LISTEN", [1, 3, 4]),
      ("sshd 7 root 3u IPv6 17 0t0 TCP *:22 (LISTEN)", [2, 3]),
    ] as [(String, Set<UInt64>)])
  func `An IPv6 end is never served by an IPv4 socket`(line: String, inodes: Set<UInt64>) throws {
    let index = LiveIndex(
      [
        Self.listener(.tcp, .anyV4, inode: 1), Self.listener(.tcp6, .anyV6, inode: 2),
        Self.listener(.tcp6, .anyV6, inode: 3),
        Self.listener(.tcp, try #require(IPAddress("192.0.2.9")), inode: 4),
      ], v6Only: [2: true, 3: false])
    let row = try #require(EvidenceReader.read([line], services: .builtIn).first?.row)
    #expect(Set(index.listeners(row).map(\.socket.inode)) == inodes)
  }
}
