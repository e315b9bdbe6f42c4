// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// What a screen shows: its cells, and where the cursor is if it is to be seen. A value: made by a function of what there is
/// to show, compared with the one before, and written as far as the two differ.
struct Frame: Equatable, Sendable {
  /// A size in cells.
  struct Size: Equatable, Sendable {
    var columns: Int
    var rows: Int
  }

  let size: Size
  /// Row after row.
  private(set) var cells: [Cell]
  /// Where something is being typed; nil where the cursor is hidden.
  var cursor: (row: Int, column: Int)?

  /// Makes an empty one.
  init(_ size: Size) {
    self.size = size
    cells = [Cell](repeating: .blank, count: max(0, size.columns) * max(0, size.rows))
  }

  static func == (left: Frame, right: Frame) -> Bool {
    left.size == right.size && left.cells == right.cells && left.cursor?.row == right.cursor?.row
      && left.cursor?.column == right.cursor?.column
  }

  subscript(row: Int, column: Int) -> Cell { cells[row * size.columns + column] }

  /// Writes a text that holds no controls (``HostileText``), as far as there is room: a wide character that would be cut is
  /// left out.
  ///
  /// - Parameter limit: the most columns it may take; up to the end of the row where nil.
  /// - Returns: the columns it took.
  @discardableResult
  mutating func put(
    _ text: some Sequence<Unicode.Scalar>, row: Int, column: Int, look: Look = .plain, limit: Int? = nil
  ) -> Int {
    guard row >= 0, row < size.rows, column >= 0 else { return 0 }
    let end = min(size.columns, limit.map { column + max(0, $0) } ?? size.columns)
    var at = column
    for scalar in text {
      let width = scalar.value < 0x300 ? 1 : DisplayWidth.of(scalar)
      if width == 0 {
        if at > column { combine(scalar, row, at - 1) }
        continue
      }
      if at + width > end { break }
      cells[row * size.columns + at] = Cell(scalar: scalar, look: look)
      if width == 2 {
        cells[row * size.columns + at + 1] = Cell(look: look, content: .rightHalf)
      }
      at += width
    }
    return at - column
  }

  @discardableResult
  mutating func put(
    _ text: String, row: Int, column: Int, look: Look = .plain, limit: Int? = nil
  ) -> Int {
    put(text.unicodeScalars, row: row, column: column, look: look, limit: limit)
  }

  /// Writes a text that may have no room: it then ends in `…`.
  mutating func put(
    _ text: String, cutTo room: Int, row: Int, column: Int, look: Look = .plain
  ) {
    guard room > 0 else { return }
    if DisplayWidth.of(text) <= room {
      put(text, row: row, column: column, look: look)
    } else {
      let used = put(text, row: row, column: column, look: look, limit: room - 1)
      put("…", row: row, column: column + used, look: look)
    }
  }

  /// Gives cells of a row a look, and leaves what is in them.
  mutating func paint(row: Int, columns: Range<Int>, _ change: (inout Look) -> Void) {
    guard row >= 0, row < size.rows else { return }
    for column in columns.clamped(to: 0..<size.columns) { change(&cells[row * size.columns + column].look) }
  }

  /// Shows `?` for what a terminal without UTF-8 has no character for.
  mutating func replaceWhatIsNotASCII() {
    for place in cells.indices where !cells[place].scalar.isASCII {
      cells[place].scalar = cells[place].scalar == "…" ? "~" : "?"
      cells[place].firstMark = nil
      cells[place].secondMark = nil
    }
  }

  /// Adds a mark to the character that ends in a cell. Those that change how wide it is are left out.
  private mutating func combine(_ mark: Unicode.Scalar, _ row: Int, _ column: Int) {
    guard mark.properties.generalCategory == .nonspacingMark, !mark.properties.isVariationSelector else {
      return
    }
    var place = row * size.columns + column
    if cells[place].content == .rightHalf { place -= 1 }
    if cells[place].firstMark == nil {
      cells[place].firstMark = mark
    } else if cells[place].secondMark == nil {
      cells[place].secondMark = mark
    }
  }
}

extension Frame {
  /// What it shows as text, a line a row without the blanks at its end.
  var text: String {
    var lines = ""
    for row in 0..<size.rows {
      var line = String.UnicodeScalarView()
      for column in 0..<size.columns where self[row, column].content == .character {
        let cell = self[row, column]
        line.append(cell.scalar)
        if let mark = cell.firstMark { line.append(mark) }
        if let mark = cell.secondMark { line.append(mark) }
      }
      while line.last == " " { line.removeLast() }
      lines += String(line) + "\n"
    }
    return lines
  }
}
