// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import ProcNet

/// Rows of the same socket become one; rows that merely share their ends do not.
struct DuplicateRowTests {
  private typealias Text = TableText

  /// A row in few words: state, inode and queue.
  private func rows(_ proto: Proto, _ said: [(String, String, String)]) -> (
    rows: [SocketRow], report: TableReport
  ) {
    checked(
      proto,
      said.map { state, inode, queue in
        Text.row(state: state, queues: "00000000:0000000\(queue)", inode: inode)
      })
  }

  @Test(
    "TCP connections: the later row stays",
    arguments: [
      ("01", "5", "01", "5"), ("01", "5", "08", "5"), ("01", "5", "06", "0"), ("03", "0", "01", "5"),
      ("01", "0", "01", "0"), ("01", "0", "06", "0"), ("01", "5", "01", "0"),
    ])
  func collapse(state: String, inode: String, laterState: String, laterInode: String) {
    let (rows, report) = rows(.tcp, [(state, inode, "1"), (laterState, laterInode, "2")])
    #expect(rows.count == 1)
    #expect(report.duplicates == 1)
    #expect(report.isComplete)
    #expect(rows[0].receiveQueue == 2)
    #expect(rows[0].inode == UInt64(laterInode))
    #expect(rows[0].state == SocketState(kernel: UInt8(laterState) ?? 0, transport: .tcp))
  }

  @Test(
    "two sockets with the same ends are both kept",
    arguments: [
      (Proto.tcp, "01", "5", "01", "6"), (.tcp, "06", "7", "01", "6"), (.tcp, "0A", "5", "0A", "6"),
      (.tcp, "0A", "5", "0A", "0"), (.tcp, "0A", "5", "01", "5"), (.tcp, "01", "0", "0A", "0"),
      (.udp, "07", "5", "07", "6"), (.udp, "07", "5", "07", "0"), (.udp, "01", "5", "01", "6"),
    ])
  func keepBoth(proto: Proto, state: String, inode: String, otherState: String, otherInode: String) {
    let (rows, report) = rows(proto, [(state, inode, "1"), (otherState, otherInode, "2")])
    #expect(rows.map(\.receiveQueue) == [1, 2])
    #expect(report.duplicates == 0)
  }

  @Test("listeners and UDP sockets given twice", arguments: [(Proto.tcp, "0A"), (.udp, "07"), (.udp, "01")])
  func twice(proto: Proto, state: String) {
    for inode in ["0", "5"] {
      let (rows, report) = rows(proto, [(state, inode, "1"), (state, "6", "1"), (state, inode, "2")])
      #expect(rows.map(\.receiveQueue) == [2, 1])
      #expect(report.duplicates == 1)
    }
  }

  @Test("other ports and addresses are other sockets")
  func others() {
    let lines = [
      Text.row(), Text.row(local: "0100007F:1F91"), Text.row(remote: "0200007F:C351"),
      Text.row(local: "0300007F:1F90"), Text.row(remote: "0300007F:C350"),
      Text.row(local: "0200007F:C350", remote: "0100007F:1F90"),
    ]
    #expect(checked(.tcp, lines).rows.count == 6)
    #expect(checked(.tcp, lines + lines.reversed()).report.duplicates == 6)
  }

  @Test("IPv6 addresses that differ in their first half only")
  func v6() {
    let ends = ["B80D012000000000", "B80D012001000000"].map { "\($0)0000000001000000:0016" }
    let lines = ends.flatMap { local in ends.map { Text.row(local: local, remote: $0, width: 0) } }
    #expect(checked(.tcp6, lines + lines).rows.count == 4)
  }

  @Test("many sockets with the same ends: every one is kept, every repeat found")
  func manyInodes() {
    for (proto, state) in [(Proto.tcp, "01"), (.tcp, "0A"), (.udp, "07")] {
      let lines = (1...500).map { Text.row($0, state: state, inode: String($0)) }
      let (rows, report) = checked(proto, lines + lines)
      #expect(rows.map(\.inode) == (1...500).map(UInt64.init))
      #expect(report.duplicates == 500)
    }
  }

  @Test("a big table with each row given twice")
  func big() {
    let lines = (0..<3000).map { number in
      let digits = String(0x10000 + number, radix: 16, uppercase: true).dropFirst()
      return Text.row(number, remote: "0100000A:\(digits)", inode: String(number % 2 * (number + 1)))
    }
    let (rows, report) = checked(.tcp, lines + lines)
    #expect(rows.map(\.remote.port) == (0..<3000).map(UInt16.init))
    #expect(report.duplicates == 3000)
  }
}
