// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

@testable import ProcNet

/// Two parsers for the whole run, so that memory kept from one table to the next is under test too.
nonisolated(unsafe) private var fast = SocketTableParser()
nonisolated(unsafe) private var careful: SocketTableParser = {
  var parser = SocketTableParser()
  parser.avoidsFastPath = true
  return parser
}()
nonisolated(unsafe) private var rows: [SocketRow] = []
nonisolated(unsafe) private var carefulRows: [SocketRow] = []
nonisolated(unsafe) private var headed: [UInt8] = []

/// Any bytes at all, as a table of each kind and byte order: no crash, every line accounted for, the same rows
/// from both ways of reading a row, and complete only where nothing was left out.
///
/// Which kind and order an input is read as follows from its length: all eight would take eight times as long,
/// and inputs that differ little come by in thousands. Without a header nothing past it would be
/// reached, so one is put in front where there is none.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzParse(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = UnsafeRawBufferPointer(start: data, count: count)
  let proto = Proto(rawValue: UInt8(count & 3)) ?? .tcp
  let order = count & 4 == 0 ? ByteOrder.little : .big
  let (isFailed, lines) = check(bytes, proto, order)
  if isFailed, lines == 0 {
    headed.removeAll(keepingCapacity: true)
    headed.append(contentsOf: "  sl  local_address\n".utf8)
    headed.append(contentsOf: bytes)
    headed.withUnsafeBytes { _ = check($0, proto, order) }
  }
  return 0
}

private func check(
  _ bytes: UnsafeRawBufferPointer, _ proto: Proto, _ order: ByteOrder
) -> (isFailed: Bool, lines: Int) {
  rows.removeAll(keepingCapacity: true)
  carefulRows.removeAll(keepingCapacity: true)
  let report = fast.parse(bytes, proto: proto, byteOrder: order, appendingTo: &rows)
  let carefulReport = careful.parse(bytes, proto: proto, byteOrder: order, appendingTo: &carefulRows)
  precondition(report == carefulReport, "two reports: \(report) and \(carefulReport)")
  precondition(rows == carefulRows, "two readings")
  precondition(report.rows == rows.count, "rows miscounted")
  precondition(report.rows + report.skippedTotal + report.duplicates == report.lines, "a line is lost")
  precondition(report.foreign <= report.lines, "foreign rows miscounted")
  if report.isComplete { precondition(report.skipped.isEmpty, "complete with rows left out") }
  precondition(rows.allSatisfy { $0.proto == proto }, "a row of another table")
  guard case .failed = report.outcome else { return (false, report.lines) }
  precondition(rows.isEmpty, "rows of a failed table")
  return (true, report.lines)
}
