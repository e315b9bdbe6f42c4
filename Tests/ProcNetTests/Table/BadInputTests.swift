// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import ProcNet

/// Input that is not as it should be: a bad row is skipped with its reason, and never loses the table.
struct BadInputTests {
  private typealias Text = TableText

  /// Sound rows around the bad one, so that most of the table is sound.
  private static let sound = (1...3).map { Text.row($0, local: "0100007F:000\($0)") }

  @Test(
    "a bad row is skipped and counted by its reason",
    arguments: [
      ("   0: 0100007F:1F90", SkipReason.tooFewColumns),
      ("", .tooFewColumns),
      ("   ", .tooFewColumns),
      (
        "   0: 0100007F:1F90 0200007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0",
        .tooFewColumns
      ),
      (Text.row(local: "0100007G:1F90"), .badHex),
      (Text.row(local: "010000/F:1F90"), .badHex),
      (Text.row(local: "0100007F:1F9O"), .badHex),
      (Text.row(local: "0100007F:1F9"), .badHex),
      (Text.row(local: "0100007F1F90"), .badHex),
      (Text.row(remote: "0200007F:-001"), .badHex),
      (Text.row(state: "0G"), .badHex),
      (Text.row(state: "1"), .badHex),
      (Text.row(state: "001"), .badHex),
      (Text.row(queues: "00000000:0000000g"), .badHex),
      (Text.row(queues: "0000000000000000"), .badHex),
      (Text.row(timer: "00:0000000"), .badHex),
      (Text.row(timer: "0x:00000000"), .badHex),
      (Text.row(timer: "00:00000000000000000"), .badHex),
      (Text.row(local: "0100007:1F90"), .badAddressWidth),
      (Text.row(local: "0100007F00:1F90"), .badAddressWidth),
      (Text.row(local: "00000000000000000000000000000000:1F90"), .badAddressWidth),
      (Text.row(local: ":1F90"), .badAddressWidth),
      (Text.row(uid: "10x"), .badNumber),
      (Text.row(uid: "4294967296"), .badNumber),
      (Text.row(uid: "-2147483649"), .badNumber),
      (Text.row(inode: "-5"), .badNumber),
      (Text.row(inode: "18446744073709551616"), .badNumber),
      (Text.row(inode: "4711x"), .badNumber),
      (Text.row().replacing("0: 01", with: "0  01"), .badNumber),
      (Text.row().replacing("0: 01", with: "x: 01"), .badNumber),
      (Text.row().replacing("0: 01", with: " : 01"), .badNumber),
      (Text.tcpHeader, .badNumber),
      (Text.row() + "\0", .notText),
      ("\0" + Text.row(), .notText),
      (Text.row(tail: " 1 0 1 2 3 4 5 \0 x"), .notText),
      (Text.row() + String(repeating: " ", count: 4096), .tooLong),
      (String(repeating: "x", count: 5000), .tooLong),
    ])
  func badRow(line: String, reason: SkipReason) {
    for position in 0...3 {
      var lines = Self.sound
      lines.insert(line, at: position)
      let (rows, report) = checked(.tcp, lines)
      #expect(rows.count == 3)
      #expect(report.skipped.count == 1)
      #expect(report.skipped[reason] == 1, "\(report)")
      #expect(report.outcome == .read)
      #expect(!report.isComplete)
    }
  }

  @Test(
    "bytes that are no UTF-8 are not text",
    arguments: [[0xFF], [0xC3, 0x28], [0xE2, 0x82], [0xC0, 0x80], [0xED, 0xA0, 0x80]] as [[UInt8]])
  func notUTF8(bytes: [UInt8]) {
    let table =
      Text.table(.tcp, Self.sound) + Array(Text.row(tail: " 1 0 1 2 3 4 5 ", width: 0).utf8) + bytes + [0x0A]
      + Array((Text.row(5, local: "0100007F:0005") + "\n").utf8)
    let (rows, report) = checked(table, .tcp)
    #expect(rows.count == 4)
    #expect(report.skipped == [.notText: 1])
  }

  @Test("a line of 4,096 bytes is read, one of 4,097 not", arguments: [4096, 4097])
  func longest(width: Int) {
    let (rows, report) = checked(.tcp, Self.sound + [Text.row(width: width)])
    #expect(rows.count == (width == 4096 ? 4 : 3))
    #expect(report.skipped == (width == 4096 ? [:] : [.tooLong: 1]))
  }

  @Test(
    "without a header there is no table",
    arguments: [
      ("", "empty"), (" \n\n", "no header"), (Text.row() + "\n", "no header: begins \"   0: 0100007F"),
      ("garbage\u{1B}[31m\0\n", "begins \"garbage?[31m?\""),
      ("sl", "no header"), ("sl local", "no header"), ("local_address sl\n", "no header"),
      ("SL LOCAL_ADDRESS\n", "no header"),
    ])
  func noHeader(text: String, words: String) {
    for proto in Proto.allCases {
      let (_, report) = checked(Array(text.utf8), proto)
      guard case .failed(let why) = report.outcome else {
        Issue.record("accepted: \(text)")
        return
      }
      #expect(why.contains(words))
      #expect(!report.isComplete)
      #expect(report.lines == 0)
    }
  }

  @Test("a table of mostly bad rows is given up, and says why")
  func mostlyBad() {
    let bad = Text.row(state: "XX")
    let half = checked(.tcp, Self.sound + [bad, bad, bad])
    #expect(half.report.outcome == .read)
    #expect(half.report.skipped == [.badHex: 3])
    let most = checked(.tcp, Self.sound + [Self.sound[0], bad, bad, bad, bad, "x"])
    #expect(
      most.report.outcome
        == .failed("5 of 9 rows cannot be read, mostly bad hexadecimal (is this a table of tcp?)"))
    #expect(most.report.skipped == [.badHex: 4, .tooFewColumns: 1, .rejected: 4])
    #expect(most.rows.isEmpty)
    let other = checked(TableText.table(.tcp6, [Text.row(), Text.row()]), .tcp6)
    #expect(other.report.skipped == [.badAddressWidth: 2])
  }

  @Test("a row of the other transport's table is kept and counted")
  func foreign() {
    let listening = Text.row(state: "0A")
    let plain = Text.row(state: "07", tail: " 2 0000000000000000 0", width: 127)
    let inUDP = checked(.udp, [listening, plain, plain.replacing("0100007F:", with: "0300007F:")])
    #expect(inUDP.rows.map(\.state) == [.listen, .unconnected, .unconnected])
    #expect(inUDP.report.foreign == 1)
    #expect(inUDP.report.isComplete)
    let inTCP = checked(.tcp, [listening, plain, Text.row(local: "0300007F:0016")])
    #expect(inTCP.report.foreign == 1)
    #expect(inTCP.rows.count == 3)
    // A closed TCP socket has all 17 columns.
    #expect(checked(.tcp, [Text.row(state: "07")]).report.foreign == 0)
  }
}
