// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Tells a whole last line without a line end from one that was cut short.
///
/// The kernel ends every line, so a missing line end means either that somebody trimmed the text, or that it
/// stops in the middle of the table. In the second case more is missing than the end of one line: sockets that
/// come later would look closed. So a last line is whole only with every column that its kind of row has:
///
/// - tcp: 17 or more, or 12 for the kinds that stop there (TIME_WAIT, SYN_RECV, FIN_WAIT2 without an inode),
///   whose last column, the pointer, must then be as wide as that of the first row (8 or 16 in a table of one);
/// - udp: 13 or more under a header that names `drops`, else 12 in the same way, or 17 for a tcp row;
/// - no blanks at the end, or the line's full padding. A line cut within its padding is read, and the table torn.
///
/// What cannot be told: a cut within the digits of the very last column, or between the columns that some
/// vendors' kernels add.
enum LastLine {
  /// What a last line without a line end is.
  enum Verdict {
    /// Nothing is missing but the line end.
    case whole
    /// The row is all there, but the table goes on.
    case cutInPadding
    /// Columns are missing.
    case cut
  }

  /// Judges the last line, given without a line end; `firstRow` is the table's first row where there are more.
  static func judge(
    _ line: UnsafeRawBufferPointer, _ reading: TolerantRow.Reading, form: TableForm,
    firstRow: UnsafeRawBufferPointer?
  ) -> Verdict {
    guard hasEveryColumn(line, reading, form: form, firstRow: firstRow) else { return .cut }
    guard let last = line.last, TolerantRow.isBlank(last) else { return .whole }
    return form.paddedWidth > 0 && line.count >= form.paddedWidth ? .whole : .cutInPadding
  }

  /// True for a header that goes on to the last name: `inode`, or `drops` in udp.
  static func isWholeHeader(_ text: UnsafeRawBufferPointer, form: TableForm) -> Bool {
    var position = 0
    var last = 0..<0
    while let column = TolerantRow.nextColumn(text, &position) { last = column }
    let name = form.proto.transport == .udp ? "drops" : "inode"
    guard text[last].elementsEqual(name.utf8) || text[last].elementsEqual("drops".utf8) else { return false }
    return last.upperBound == text.count || (form.paddedWidth > 0 && text.count >= form.paddedWidth)
  }

  private static func hasEveryColumn(
    _ line: UnsafeRawBufferPointer, _ reading: TolerantRow.Reading, form: TableForm,
    firstRow: UnsafeRawBufferPointer?
  ) -> Bool {
    guard reading.columns >= 12 else { return false }
    if reading.columns >= 17 {
      // "-" is the beginning of the last column's "-1".
      return column(line, 16).map { !line[$0].elementsEqual("-".utf8) } ?? false
    }
    if form.namesDrops { return reading.columns >= 13 }
    guard reading.columns == 12 else { return false }
    if form.proto.transport == .tcp {
      guard case .success(let (row, state)) = reading.row else { return false }
      guard state == 3 || state == 6 || state == 12 || (state == 5 && row.inode == 0) else { return false }
    }
    guard let pointer = column(line, 11) else { return false }
    if let firstRow, let model = column(firstRow, 11) { return pointer.count == model.count }
    return pointer.count == 8 || pointer.count == 16
  }

  private static func column(_ line: UnsafeRawBufferPointer, _ index: Int) -> Range<Int>? {
    var position = 0
    for _ in 0..<index where TolerantRow.nextColumn(line, &position) == nil { return nil }
    return TolerantRow.nextColumn(line, &position)
  }
}
