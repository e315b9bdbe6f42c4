// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import ProcNet

/// The last line, with its end, without it, and cut short.
struct LastLineTests {
  private typealias Text = TableText

  private static let short = " 1 ffff8c7a0de94440"
  private static let v6 = "00000000000000000000000001000000:0016"

  private func cut(_ proto: Proto, _ before: [String], _ last: String) -> (
    rows: [SocketRow], report: TableReport
  ) {
    checked(Text.table(proto, before) + Array(last.utf8), proto)
  }

  @Test(
    "a whole last line needs no line end",
    arguments: [
      (Proto.tcp, Text.row(width: 0)), (.tcp, Text.row()), (.tcp, Text.row(width: 0) + "\r"),
      (.tcp, Text.row(state: "06", inode: "0", tail: short, width: 0)),
      (.tcp, Text.row(state: "03", inode: "0", tail: short)),
      (.tcp, Text.row(state: "05", inode: "0", tail: short, width: 0)),
      (.tcp, Text.row(tail: short + Text.full + " 77 sshd", width: 0)),
      (.tcp6, Text.row(local: v6, remote: v6, width: 0)),
      (.udp, Text.row(state: "07", tail: short + " 0", width: 0)),
      (.udp, Text.row(state: "07", tail: short + " 0", width: 127)),
      (.udp6, Text.row(local: v6, remote: v6, state: "07", tail: short + " 0", width: 0)),
    ])
  func whole(proto: Proto, line: String) {
    let first = line.replacing(":1F90", with: ":0001").replacing(":0016", with: ":0001")
      .trimmingSuffix { $0 == "\r" }
    for before in [[], [String(first)]] {
      let (rows, report) = cut(proto, before, line)
      #expect(report.outcome == .read)
      #expect(report.isComplete)
      #expect(rows.count == before.count + 1)
    }
  }

  @Test(
    "a last line that is cut short is torn, and makes the table incomplete",
    arguments: [
      (Proto.tcp, "   "), (.tcp, "   0: 0100007F:1F"), (.tcp, Text.row(tail: "", width: 0)),
      (.tcp, Text.row(tail: " 1", width: 0)), (.tcp, Text.row(tail: short, width: 0)),
      (.tcp, Text.row(tail: short + " 20 4 30 10", width: 0)),
      (.tcp, Text.row(tail: short + " 20 4 30 10 -", width: 0)),
      (.tcp, Text.row(state: "06", inode: "0", tail: " 1 ffff8c7a0d", width: 0)),
      (.tcp, Text.row(state: "05", inode: "8", tail: short, width: 0)),
      (.udp, Text.row(state: "07", tail: short, width: 0)),
      (.udp, Text.row(state: "07", tail: short + " ", width: 0)),
      (.tcp6, Text.row(local: v6, remote: v6, tail: short + " 20 4 30", width: 0)),
      (.tcp6, Text.row(local: v6, remote: v6, tail: short + " 20 4 30 10 ", width: 0)),
    ])
  func torn(proto: Proto, line: String) {
    let (rows, report) = cut(proto, [], line)
    #expect(rows.isEmpty)
    #expect(report.outcome == .torn)
    #expect(report.skipped == [.torn: 1])
    #expect(report.lines == 1)
    #expect(!report.isComplete)
  }

  @Test("a pointer shorter than that of the first row is cut")
  func pointer() {
    let waiting = { (port: String, pointer: String) in
      Text.row(local: "0100007F:\(port)", state: "06", inode: "0", tail: " 3 \(pointer)", width: 0)
    }
    let torn = cut(.tcp, [waiting("0001", "ffff8c7a0de94440")], waiting("0002", "ffff8c7a"))
    #expect(torn.report.outcome == .torn)
    #expect(torn.rows.count == 1)
    let narrow = cut(.tcp, [waiting("0001", "eaedadc0")], waiting("0002", "eaedadc1"))
    #expect(narrow.report.outcome == .read)
    #expect(narrow.rows.count == 2)
  }

  @Test("a line cut within its padding is read, and the table torn")
  func padding() {
    let (rows, report) = cut(.tcp, [], String(Text.row().prefix(147)))
    #expect(rows.count == 1)
    #expect(report.skipped.isEmpty)
    #expect(report.outcome == .torn)
    #expect(!report.isComplete)
  }

  @Test("a header that is cut short is not an empty table", arguments: Proto.allCases)
  func header(proto: Proto) {
    let text = Text.header(proto)
    let whole = text.trimmingSuffix { $0 == " " }.count
    for length in 0..<text.count where length != whole {
      let (_, report) = checked(Array(text.utf8.prefix(length)), proto)
      #expect(!report.isComplete, "\(length)")
    }
  }

  @Test(
    "wherever a table is cut, no line is lost from the count and no row is made up", arguments: Proto.allCases
  )
  func everywhere(proto: Proto) {
    let address = proto.isV6 ? "0000000000000000FFFF00000100007F" : "0100007F"
    let tail = proto.transport == .tcp ? Self.short + Text.full : Self.short + " 0"
    let width = proto == .tcp ? 149 : proto == .udp ? 127 : 0
    let lines = (1...4).map {
      Text.row($0, local: "\(address):000\($0)", remote: "\(address):1000", tail: tail, width: width)
    }
    let table = Text.table(proto, lines)
    let all = checked(table, proto).rows
    #expect(all.count == 4)
    for length in 0..<table.count {
      let (rows, report) = checked(Array(table[..<length]), proto)
      #expect(rows[...] == all.prefix(rows.count)[...])
      // Complete only at the end of a line: with it, or right before it or the padding.
      if report.isComplete {
        let rest = table[length...].prefix { $0 != 0x0A }
        #expect(table[length - 1] == 0x0A || rest.allSatisfy { $0 == 0x20 || $0 == 0x31 }, "\(length)")
      }
    }
  }
}

extension String {
  /// The text without the characters at its end that fit.
  fileprivate func trimmingSuffix(_ fits: (Character) -> Bool) -> Substring {
    var rest = self[...]
    while let last = rest.last, fits(last) { rest.removeLast() }
    return rest
  }
}
