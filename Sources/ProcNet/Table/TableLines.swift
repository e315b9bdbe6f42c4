// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Goes through the lines of a socket table after its header.
struct TableLines {
  /// The first byte of the table.
  let base: UnsafeRawPointer
  /// Bytes of the table.
  let count: Int
  /// Where the next line begins.
  var position: Int
  /// What the rows look like.
  let form: TableForm
  /// For tests: every row through the tolerant reader.
  var avoidsFastPath = false

  /// Where a line ends, and whether it has bytes that need a closer look.
  private struct LineEnd {
    /// The offset of the line end, or of the end of the table.
    var offset: Int
    /// There is a line end.
    var found: Bool
    /// There are bytes outside printable ASCII.
    var isOdd: Bool
  }

  init(base: UnsafeRawPointer, count: Int, position: Int, form: TableForm) {
    self.base = base
    self.count = count
    self.position = position
    self.form = form
  }

  /// Reads every line, adding rows to `rows` and what came of the lines to `report`.
  @inline(__always)
  mutating func readAll(v6: Bool, into rows: inout [SocketRow], _ report: inout TableReport) {
    let lastFastStart = avoidsFastPath || form.headerIsForeign ? -1 : count - KernelRow.reach(v6: v6)
    let isTCP = form.proto.transport == .tcp
    var taken = 0
    var at = position
    while at < count {
      // State 07 of tcp and what is not 01 or 07 of udp may be rows of the other table: see TableForm.
      if at <= lastFastStart, let read = KernelRow.parse(base + at, form: form, v6: v6),
        isTCP ? read.state != 7 : (read.state == 7 || read.state == 1)
      {
        let end = lineEnd(from: at &+ read.length)
        if end.found, !end.isOdd, end.offset &- at <= SocketTableParser.longestLine {
          rows.append(read.row)
          taken &+= 1
          at = end.offset &+ 1
          continue
        }
      }
      let end = lineEnd(from: at)
      position = at
      readCarefully(end, into: &rows, &report)
      at = end.offset &+ 1
    }
    position = count
    report.lines += taken
  }

  /// Finds the end of the line from `offset` on, eight bytes at a time.
  @inline(__always)
  private func lineEnd(from offset: Int) -> LineEnd {
    let high: UInt64 = 0x8080_8080_8080_8080
    var at = offset
    var isOdd = false
    while at &+ 8 <= count {
      let word = base.word(at)
      // The lowest byte marked is below 0x20 or above 0x7F; higher ones may be marked by a borrow.
      let special = ((word &- 0x2020_2020_2020_2020) | word) & high
      if special == 0 {
        at &+= 8
        continue
      }
      at &+= special.trailingZeroBitCount >> 3
      if base.byte(at) == 0x0A { return LineEnd(offset: at, found: true, isOdd: isOdd) }
      isOdd = true
      at &+= 1
    }
    while at < count {
      let byte = base.byte(at)
      if byte == 0x0A { return LineEnd(offset: at, found: true, isOdd: isOdd) }
      isOdd = isOdd || byte < 0x20 || byte > 0x7F
      at &+= 1
    }
    return LineEnd(offset: count, found: false, isOdd: isOdd)
  }

  /// Reads one line column by column, with every check.
  @inline(never)
  private func readCarefully(_ end: LineEnd, into rows: inout [SocketRow], _ report: inout TableReport) {
    var line = UnsafeRawBufferPointer(start: base + position, count: end.offset - position)
    report.lines += 1
    var isWhole = end.found
    if line.last == 0x0D {
      line = UnsafeRawBufferPointer(rebasing: line.dropLast())
      isWhole = true
    }
    let reading = TolerantRow.parse(line, form: form)
    if !isWhole {
      switch LastLine.judge(line, reading, form: form, firstRow: firstRow(before: position)) {
      case .whole: break
      case .cutInPadding: report.outcome = .torn
      case .cut:
        report.outcome = .torn
        report.skipped[.torn, default: 0] += 1
        return
      }
    }
    if let reason = unreadable(line, isOdd: end.isOdd) {
      report.skipped[reason, default: 0] += 1
      return
    }
    switch reading.row {
    case .success(let (row, state)):
      rows.append(row)
      if form.isForeign(state: state, columns: reading.columns) { report.foreign += 1 }
    case .failure(let unusable):
      report.skipped[unusable.reason, default: 0] += 1
    }
  }

  /// Why a line is not to be read at all.
  private func unreadable(_ line: UnsafeRawBufferPointer, isOdd: Bool) -> SkipReason? {
    if line.count > SocketTableParser.longestLine { return .tooLong }
    guard isOdd else { return nil }
    if line.contains(0) { return .notText }
    do throws(UTF8.ValidationError) {
      _ = try UTF8Span(validating: Span(_bytes: line.bytes))
      return nil
    } catch {
      return .notText
    }
  }

  /// The first row of the table, to compare the last one with; nil where it is the same.
  private func firstRow(before last: Int) -> UnsafeRawBufferPointer? {
    // The header ends with the first line end that has a row's text after it.
    let bytes = UnsafeRawBufferPointer(start: base, count: last)
    guard let header = TableHeader(bytes), header.end < last else { return nil }
    let row = bytes[header.end...]
    return UnsafeRawBufferPointer(rebasing: row.prefix { $0 != 0x0A && $0 != 0x0D })
  }
}
