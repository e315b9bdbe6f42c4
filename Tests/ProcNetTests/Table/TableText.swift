// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import ProcNet

/// Text of socket tables, as the kernel prints them.
enum TableText {
  static let tcpHeader = pad(
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode", 149)
  static let udpHeader = pad(
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
      + " ref pointer drops", 127)
  static let tcp6Header =
    "  sl  local_address                         remote_address                        "
    + "st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
  static let udp6Header = tcp6Header + " ref pointer drops"

  static func header(_ proto: Proto) -> String {
    switch proto {
    case .tcp: tcpHeader
    case .tcp6: tcp6Header
    case .udp: udpHeader
    case .udp6: udp6Header
    }
  }

  /// The five last columns of a full TCP socket.
  static let full = " 20 4 30 10 -1"

  static func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.utf8.count))
  }

  /// One row without its line end; `tail` is what comes after the inode.
  static func row(
    _ sl: Int = 0, local: String = "0100007F:1F90", remote: String = "0200007F:C350", state: String = "01",
    queues: String = "00000000:00000000", timer: String = "00:00000000", uid: String = "1000",
    inode: String = "4711", tail: String = " 1 0000000000000000 20 4 30 10 -1", width: Int = 149
  ) -> String {
    let blanks = String(repeating: " ", count: max(0, 4 - String(sl).count))
    let user = String(repeating: " ", count: max(0, 5 - uid.count)) + uid
    return pad(
      "\(blanks)\(sl): \(local) \(remote) \(state) \(queues) \(timer) 00000000 \(user)        0 \(inode)\(tail)",
      width)
  }

  /// A table of lines, each with a line end.
  static func table(_ proto: Proto, _ rows: [String]) -> [UInt8] {
    Array(([header(proto)] + rows).map { $0 + "\n" }.joined().utf8)
  }
}

/// What parsing gave, both ways that there are; fails where the two differ or the count of lines is wrong.
@discardableResult
func checked(
  _ bytes: [UInt8], _ proto: Proto, _ byteOrder: ByteOrder = .little,
  sourceLocation: SourceLocation = #_sourceLocation
) -> (rows: [SocketRow], report: TableReport) {
  var fast = SocketTableParser()
  var slow = SocketTableParser()
  slow.avoidsFastPath = true
  let earlier = SocketRow(
    proto: .udp, state: .unconnected, local: Endpoint(.anyV4, 1), remote: Endpoint(.anyV4, 0))
  var rows = [earlier]
  var slowRows = [earlier]
  let report = fast.parse(bytes, proto: proto, byteOrder: byteOrder, appendingTo: &rows)
  let slowReport = slow.parse(bytes, proto: proto, byteOrder: byteOrder, appendingTo: &slowRows)
  #expect(report == slowReport, sourceLocation: sourceLocation)
  #expect(rows == slowRows, sourceLocation: sourceLocation)
  #expect(rows.first == earlier, sourceLocation: sourceLocation)
  rows.removeFirst()
  #expect(report.rows == rows.count, sourceLocation: sourceLocation)
  #expect(
    report.rows + report.skippedTotal + report.duplicates == report.lines, "every line is accounted for",
    sourceLocation: sourceLocation)
  if case .failed = report.outcome { #expect(rows.isEmpty, sourceLocation: sourceLocation) }
  return (rows, report)
}

/// The same for a table of text rows.
@discardableResult
func checked(
  _ proto: Proto, _ rows: [String], sourceLocation: SourceLocation = #_sourceLocation
) -> (rows: [SocketRow], report: TableReport) {
  checked(TableText.table(proto, rows), proto, sourceLocation: sourceLocation)
}

extension Endpoint {
  static func v4(_ number: UInt32, _ port: UInt16) -> Endpoint { Endpoint(IPAddress(v4: number), port) }
}
