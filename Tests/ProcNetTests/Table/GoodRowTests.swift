// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import ProcNet

/// Rows that are as they should be, in every form that kernels give them.
struct GoodRowTests {
  private typealias Text = TableText

  /// Enough rows behind the one looked at for it to be read eight digits at a time.
  private static let others = (1...3).map { Text.row($0, local: "0100007F:000\($0)") }

  @Test("a tcp row gives all its fields")
  func fields() throws {
    let line = Text.row(
      local: "0101A8C0:01BB", remote: "FE01A8C0:C350", state: "08", queues: "0000000A:0000000B",
      timer: "02:000AC99B", uid: "33", inode: "123456789012")
    let (rows, report) = checked(.tcp, [line] + Self.others)
    #expect(report.outcome == .read)
    #expect(report.isComplete)
    #expect(report.lines == 4)
    #expect(
      rows.first
        == SocketRow(
          proto: .tcp, state: .closeWait, local: .v4(0xC0A8_0101, 443), remote: .v4(0xC0A8_01FE, 50000),
          inode: 123_456_789_012, rawUID: 33, receiveQueue: 11, sendQueue: 10))
  }

  @Test("a tcp6 row gives its addresses, and a v4-mapped one equals the IPv4 address")
  func v6() {
    let line = Text.row(
      local: "B80D0120000000000000000001000000:0016", remote: "0000000000000000FFFF00000101A8C0:C350",
      width: 0)
    let (rows, report) = checked(.tcp6, [line, line, line])
    #expect(report.duplicates == 2)
    #expect(rows.count == 1)
    #expect(rows[0].local == Endpoint(IPAddress(high: 0x2001_0DB8_0000_0000, low: 1), 22))
    #expect(rows[0].remote == .v4(0xC0A8_0101, 50000))
    #expect(rows[0].proto == .tcp6)
  }

  @Test(
    "a big-endian machine's words are taken as they stand",
    arguments: [(ByteOrder.big, "C0A80101"), (.little, "0101A8C0")])
  func byteOrder(order: ByteOrder, text: String) {
    let table = Text.table(.tcp, [Text.row(local: "\(text):0050", remote: "\(text):1234")] + Self.others)
    let (rows, _) = checked(table, .tcp, order)
    #expect(rows[0].local == .v4(0xC0A8_0101, 80))
    #expect(rows[0].remote == .v4(0xC0A8_0101, 0x1234))
  }

  @Test("a big-endian IPv6 address")
  func byteOrder6() {
    let line = Text.row(
      local: "20010DB8000000000000000000000001:0016", remote: "00000000000000000000FFFFC0A80101:C350",
      width: 0)
    let (rows, _) = checked(Text.table(.udp6, [line, line, line]), .udp6, .big)
    #expect(rows[0].local == Endpoint(IPAddress(high: 0x2001_0DB8_0000_0000, low: 1), 22))
    #expect(rows[0].remote.address == IPAddress(v4: 0xC0A8_0101))
  }

  @Test(
    "states keep the kernel's numbers",
    arguments: [
      ("01", SocketState.established), ("03", .synReceived), ("0C", .synReceived), ("0c", .synReceived),
      ("06", .timeWait), ("07", .close), ("0A", .listen), ("0B", .closing), ("00", .unknown(0)),
      ("0D", .unknown(13)), ("1F", .unknown(0x1F)), ("FF", .unknown(0xFF)),
    ])
  func states(text: String, state: SocketState) {
    let (rows, report) = checked(.tcp, [Text.row(state: text)] + Self.others)
    #expect(rows.first?.state == state)
    #expect(report.isComplete)
  }

  @Test(
    "user ids, and where there is none",
    arguments: [
      ("01", "0", "5", UInt32(0)), ("01", "65534", "5", 65534), ("01", "-1", "5", nil),
      ("01", "4294967294", "5", 4_294_967_294), ("01", "4294967295", "5", nil),
      ("01", "-2", "5", 4_294_967_294),
      ("06", "0", "0", nil), ("05", "0", "0", nil), ("05", "7", "9", 7), ("03", "33", "0", 33),
      ("01", "1000", "0", 1000),
    ])
  func users(state: String, uid: String, inode: String, expected: UInt32?) {
    let (rows, report) = checked(.tcp, [Text.row(state: state, uid: uid, inode: inode)] + Self.others)
    #expect(report.isComplete)
    #expect(rows.first?.uid == expected)
    #expect(rows.first?.inode == UInt64(inode))
  }

  @Test(
    "a row in any kernel's form is accepted",
    arguments: [
      Text.row(tail: " 3 ffff8c7a0de94440 20 4 30 10 -1 pid task"),
      Text.row(tail: " 3 (____ptrval____) 20 4 30 10 -1"),
      Text.row(tail: " 3 eaedadc0"),
      Text.row(tail: " 3 ffff8c7a0de94440", width: 0),
      Text.row(tail: "", width: 0),
      Text.row(tail: " ", width: 0),
      Text.row(123456),
      Text.row(timer: "02:1000AC99B"),
      Text.row(timer: "02:FFFFFFFFFFFFFFFF"),
      Text.row().lowercased(),
      Text.row() + "\r",
      Text.row(tail: "\r", width: 0),
      Text.row() + String(repeating: " ", count: 900),
      Text.row().replacing(" ", with: "\t"),
      Text.row().replacing("        ", with: " "),
      Text.row(tail: " 3 0000000000000000 20 4 30 10 -1 1234 na\u{EF}ve\u{1F600}"),
      Text.row(tail: " 3 0000000000000000 20 4 30 10 -1 1234 \u{1}odd\u{7F}"),
    ])
  func forms(line: String) {
    for rows in [[line] + Self.others, Self.others + [line]] {
      let (found, report) = checked(.tcp, rows)
      #expect(report.isComplete)
      #expect(found.contains { $0.local == .v4(0x7F00_0001, 8080) && $0.inode == 4711 && $0.rawUID == 1000 })
      #expect(found.count == 4)
    }
  }

  @Test("a long inode and a counter of any width keep to their columns")
  func widths() {
    for inode: UInt64 in [0, 7, 99_999_999, 100_000_000, 4_294_967_295, 999_999_999_999_999, .max] {
      for sl in [0, 99999, 1_234_567, 12_345_678, 123_456_789] {
        let (rows, report) = checked(.tcp, [Text.row(sl, inode: String(inode))] + Self.others)
        #expect(report.isComplete)
        #expect(rows.first?.inode == inode)
      }
    }
  }

  @Test("udp rows: 07 is unconnected, 01 connected; 2.6 kernels give no drops")
  func udp() {
    let rows = [
      Text.row(131, remote: "00000000:0000", state: "07", tail: " 2 0000000000000000 0", width: 127),
      Text.row(132, state: "01", tail: " 2 0000000000000000 12", width: 127),
    ]
    let new = checked(.udp, rows)
    #expect(new.rows.map(\.state) == [.unconnected, .established])
    #expect(new.report.isComplete)
    #expect(new.report.foreign == 0)
    let old = rows.map { String($0.prefix(95)) }
    let table = Array(([Text.tcpHeader] + old).map { $0 + "\n" }.joined().utf8)
    let older = checked(table, .udp)
    #expect(older.rows == new.rows)
    #expect(older.report.foreign == 0)
  }

  @Test(
    "headers of every kernel",
    arguments: [
      "sl local_address", "  sl  local_address rem_address   st", "\tsl\tlocal_address\trem_address",
      "  sl  local_address rem_address\r", "\n\n  sl  local_address rem_address", Text.tcp6Header,
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
    ])
  func headers(header: String) {
    let (rows, report) = checked(Array("\(header)\n\(Text.row())\n".utf8), .tcp)
    #expect(rows.count == 1)
    #expect(report.isComplete)
    #expect(report.lines == 1)
  }

  @Test("a header alone is an empty table", arguments: Proto.allCases)
  func empty(proto: Proto) {
    for end in ["\n", "\r\n", ""] {
      let (_, report) = checked(Array((Text.header(proto) + end).utf8), proto)
      #expect(report.outcome == .read)
      #expect(report.isComplete)
      #expect(report.lines == 0)
    }
  }

  @Test("the same parser reads table after table")
  func reuse() {
    var parser = SocketTableParser()
    var rows: [SocketRow] = []
    for _ in 0..<3 {
      let many = (1...200).map { Text.row($0, local: "0100007F:00" + hexByte($0)) }
      #expect(parser.parse(Text.table(.tcp, many), proto: .tcp, appendingTo: &rows).rows == 200)
      #expect(parser.parse(Text.table(.tcp, [Text.row()]), proto: .tcp, appendingTo: &rows).rows == 1)
    }
    #expect(rows.count == 603)
  }

  private func hexByte(_ number: Int) -> String {
    let digits = String(number, radix: 16, uppercase: true)
    return digits.count < 2 ? "0" + digits : digits
  }
}
