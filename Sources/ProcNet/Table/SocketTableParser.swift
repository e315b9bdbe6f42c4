// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore

/// Reads the text of /proc/net/tcp, tcp6, udp and udp6 (Documentation/networking/proc_net_tcp.rst, proc_net(5)).
///
/// A bad row is skipped and counted, it never loses the table; ``TableReport`` tells what came of each line,
/// and `rows + skipped + duplicates` is always the number of lines without the header. Keep a parser for
/// repeated use: it reuses its working memory.
///
/// - A row is its first ten columns, `sl` to `inode`; what follows differs between kernels and is ignored.
/// - The table has a header that begins `sl local_address`. Without one the outcome is
///   ``TableReport/Outcome/failed(_:)`` and no row is added, as it is when more than half of the rows are bad.
/// - Rows of the same socket, which the kernel gives when the table changes while it is read, become one:
///   see ``RowDeduplicator``.
/// - A last line without a line end is taken when it is whole, and otherwise is ``SkipReason/torn``: see
///   ``LastLine``.
public struct SocketTableParser {
  private var deduplicator = RowDeduplicator()
  /// For tests: every row through the tolerant reader.
  var avoidsFastPath = false
  /// For measurements: no look for duplicates.
  var keepsDuplicates = false

  /// The longest line that is read, in bytes without its end.
  public static let longestLine = 4096

  /// Makes a parser.
  public init() {}

  /// Reads one table and adds its sockets to `rows`, in the order of the table.
  ///
  /// - Parameters:
  ///   - bytes: the whole table, header included.
  ///   - proto: which table it is; decides the width of addresses and the meaning of state 07.
  ///   - byteOrder: the byte order of the machine that printed it.
  ///   - rows: what is added to; left as it is when the outcome is ``TableReport/Outcome/failed(_:)``.
  public mutating func parse(
    _ bytes: RawSpan, proto: Proto, byteOrder: ByteOrder = .host, appendingTo rows: inout [SocketRow]
  ) -> TableReport {
    bytes.withUnsafeBytes { parse($0, proto: proto, byteOrder: byteOrder, appendingTo: &rows) }
  }

  /// Reads one table and adds its sockets to `rows`: the same for an array.
  public mutating func parse(
    _ bytes: [UInt8], proto: Proto, byteOrder: ByteOrder = .host, appendingTo rows: inout [SocketRow]
  ) -> TableReport {
    parse(bytes.span.bytes, proto: proto, byteOrder: byteOrder, appendingTo: &rows)
  }

  mutating func parse(
    _ bytes: UnsafeRawBufferPointer, proto: Proto, byteOrder: ByteOrder, appendingTo rows: inout [SocketRow]
  ) -> TableReport {
    guard let base = bytes.baseAddress, let header = TableHeader(bytes) else {
      return TableReport(proto: proto, outcome: .failed(TableHeader.complaint(bytes)))
    }
    let form = TableForm(proto: proto, byteOrder: byteOrder, namesDrops: header.namesDrops)
    var report = TableReport(proto: proto, outcome: .read)
    guard header.isTerminated else {
      if !LastLine.isWholeHeader(header.text, form: form) { report.outcome = .torn }
      return report
    }

    let before = rows.count
    // A guess that is right for the kernel's own padding, so that adding rows allocates once.
    let expected = (bytes.count - header.end) / max(form.paddedWidth + 1, 160) + 1
    if rows.capacity < before + expected { rows.reserveCapacity(before + expected) }

    var lines = TableLines(base: base, count: bytes.count, position: header.end, form: form)
    lines.avoidsFastPath = avoidsFastPath
    if form.proto.isV6 {
      lines.readAll(v6: true, into: &rows, &report)
    } else {
      lines.readAll(v6: false, into: &rows, &report)
    }
    let usable = rows.count - before
    if !keepsDuplicates { report.duplicates = deduplicator.collapse(&rows, from: before) }
    report.rows = rows.count - before
    rejectIfMostAreBad(&report, usable: usable, rows: &rows, before: before)
    return report
  }

  /// Gives a table up when more than half of its rows are bad: it is something else, or garbled throughout.
  ///
  /// A torn last line does not count: a table that was cut short is no worse for being short.
  private func rejectIfMostAreBad(
    _ report: inout TableReport, usable: Int, rows: inout [SocketRow], before: Int
  ) {
    let judged = report.lines - (report.skipped[.torn] ?? 0)
    let bad = judged - usable
    guard bad * 2 > judged else { return }
    let worst = report.skipped.max { ($0.value, $1.key.rawValue) < ($1.value, $0.key.rawValue) }
    let mostly = worst.map { ", mostly \($0.key.rawValue)" } ?? ""
    rows.removeSubrange(before...)
    report.outcome = .failed(
      "\(bad) of \(judged) rows cannot be read\(mostly) (is this a table of \(report.proto.name)?)")
    if usable > 0 { report.skipped[.rejected] = usable }
    report.rows = 0
    report.duplicates = 0
    report.foreign = 0
  }
}

/// Reads one socket table: see ``SocketTableParser``, which saves memory when there are several to read.
public func parseSocketTable(
  _ bytes: RawSpan, proto: Proto, byteOrder: ByteOrder = .host, appendingTo rows: inout [SocketRow]
) -> TableReport {
  var parser = SocketTableParser()
  return parser.parse(bytes, proto: proto, byteOrder: byteOrder, appendingTo: &rows)
}

/// Reads one socket table held in an array: see ``SocketTableParser``.
public func parseSocketTable(
  _ bytes: [UInt8], proto: Proto, byteOrder: ByteOrder = .host
) -> (rows: [SocketRow], report: TableReport) {
  var rows: [SocketRow] = []
  let report = parseSocketTable(bytes.span.bytes, proto: proto, byteOrder: byteOrder, appendingTo: &rows)
  return (rows, report)
}
