// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// How wide the columns of a view have become: they grow with what is shown and do not shrink, so that nothing jumps about
/// while one scrolls.
struct TableShape: Equatable, Sendable {
  var widths: [Int] = []
  /// How many columns are on lines of their own, because they do not fit beside the others.
  var stacked = 0
}

/// A table on a screen, of which only the rows that are seen are made.
struct ScreenTable<Row: OutputRow> {
  /// A row, or what stands above a group of them.
  enum Content {
    case row(Row, Proto?)
    case heading(Page.Line)
  }

  /// A line of it.
  struct Line {
    var content: Content
    var mark = " "
    /// Of the whole line; its cells have their own where nil.
    var look: Look?
    var isSelected = false
  }

  /// Columns before the first: a mark and a blank.
  static var margin: Int { 2 }

  let columns: [TableColumn<Row.Field>]
  /// Columns that go to lines of their own where there is no room, the first first.
  var stackable: [Row.Field] = []
  /// The column that it is sorted by, and what shows how.
  var sorted: (field: Row.Field, arrow: Character)?

  /// Draws header and lines between two rows of a frame.
  ///
  /// - Parameters:
  ///   - rows: the frame's rows that may be used; the first is the header's.
  ///   - shape: how wide columns have been so far; grows.
  func draw(
    _ lines: [Line], in rows: Range<Int>, of frame: inout Frame, _ text: inout ScreenText,
    _ shape: inout TableShape
  ) {
    guard !rows.isEmpty else { return }
    if shape.widths.count != columns.count { shape.widths = columns.map(headerWidth) }
    for (column, header) in columns.enumerated() {
      shape.widths[column] = max(shape.widths[column], headerWidth(header))
    }
    let cells = lines.map { makeCells($0, &text, &shape) }
    let width = frame.size.columns - Self.margin
    let places = layout(&shape, width)
    drawHeader(places, rows.lowerBound, &frame)
    var row = rows.lowerBound + 1
    let height = 1 + shape.stacked
    for (line, cells) in zip(lines, cells) {
      guard row + height <= rows.upperBound else { break }
      draw(line, cells, places, shape, row, &frame)
      row += height
    }
  }

  /// How many lines have room in so many rows of a screen.
  static func capacity(_ rows: Int, _ shape: TableShape) -> Int {
    max(1, (rows - 1) / (1 + shape.stacked))
  }

  // MARK: - Cells

  private struct CellText {
    var text = ""
    var width = 0
    var look = Look.plain
    var isNumber = false
  }

  private func headerWidth(_ column: TableColumn<Row.Field>) -> Int {
    DisplayWidth.of(column.header) + (column.field == sorted?.field ? 1 : 0)
  }

  private func makeCells(_ line: Line, _ text: inout ScreenText, _ shape: inout TableShape) -> [CellText] {
    guard case .row(let row, let proto) = line.content else { return [] }
    return columns.enumerated().map { index, column in
      let value = row.value(column.field)
      var cell = CellText()
      cell.text = text.string(value, proto)
      cell.width = DisplayWidth.of(cell.text)
      cell.isNumber = value.isNumber ?? false
      var style = row.style(column.field)
      if style == .plain, case .state(let state) = value { style = Style(of: state) }
      cell.look = Look(style)
      if !column.isFlexible || cell.width <= TableLayout.enough {
        shape.widths[index] = max(shape.widths[index], cell.width)
      } else {
        shape.widths[index] = max(shape.widths[index], min(cell.width, Self.mostFlexible))
      }
      return cell
    }
  }

  /// A column that may be cut asks for no more than this.
  private static var mostFlexible: Int { 60 }

  /// What is left to the column that may be cut, as long as others can be dropped.
  private static var enough: Int { 10 }

  /// Where the columns are: as many as it takes are stacked, so that nothing is cut that must not be.
  private func layout(_ shape: inout TableShape, _ width: Int) -> [TableLayout.Place] {
    while true {
      let left = Set(stacked(shape))
      let kept = columns.indices.filter { !left.contains($0) }
      let needs = kept.map { index in
        TableLayout.Need(
          width: shape.widths[index], headerWidth: headerWidth(columns[index]),
          dropOrder: columns[index].dropOrder, isFlexible: columns[index].isFlexible)
      }
      var places = TableLayout.fit(needs, into: width, enough: Self.enough)
      // Columns of the same order go together.
      let shown = Set(places.map(\.column))
      let dropped = Set(needs.indices.filter { !shown.contains($0) }.map { needs[$0].dropOrder })
      places.removeAll { needs[$0.column].dropOrder != nil && dropped.contains(needs[$0.column].dropOrder) }
      let total = places.reduce(-TableLayout.gap) { $0 + $1.width + TableLayout.gap }
      if total <= width || shape.stacked == stackable.count {
        return places.map { TableLayout.Place(column: kept[$0.column], width: $0.width) }
      }
      shape.stacked += 1
    }
  }

  /// The columns that have lines of their own.
  private func stacked(_ shape: TableShape) -> [Int] {
    let fields = stackable.prefix(shape.stacked)
    return columns.indices.filter { fields.contains(columns[$0].field) }
  }

  // MARK: - Drawing

  private func drawHeader(_ places: [TableLayout.Place], _ row: Int, _ frame: inout Frame) {
    var at = Self.margin
    for place in places {
      let column = columns[place.column]
      var title = column.header
      let isSorted = column.field == sorted?.field
      if isSorted, let arrow = sorted?.arrow { title.append(arrow) }
      frame.put(
        title, row: row, column: at, look: Look(isBold: true, isReversed: isSorted), limit: place.width)
      at += place.width + TableLayout.gap
    }
  }

  private func draw(
    _ line: Line, _ cells: [CellText], _ places: [TableLayout.Place], _ shape: TableShape, _ row: Int,
    _ frame: inout Frame
  ) {
    frame.put(line.mark, row: row, column: 0, look: line.look ?? .plain)
    switch line.content {
    case .heading(let runs):
      var at = Self.margin
      for run in runs { at += frame.put(run.text, row: row, column: at, look: run.look) }
    case .row:
      var at = Self.margin
      for place in places {
        let cell = cells[place.column]
        put(cell, line, at: at, width: place.width, row, &frame)
        at += place.width + TableLayout.gap
      }
      for (offset, index) in stacked(shape).enumerated() {
        let start = Self.margin + 2
        frame.put(">", row: row + 1 + offset, column: Self.margin, look: line.look ?? .plain)
        put(cells[index], line, at: start, width: frame.size.columns - start, row + 1 + offset, &frame)
      }
    }
    guard line.isSelected else { return }
    for offset in 0...shape.stacked {
      frame.paint(row: row + offset, columns: 0..<frame.size.columns) { $0.isReversed = true }
    }
  }

  private func put(
    _ cell: CellText, _ line: Line, at column: Int, width: Int, _ row: Int, _ frame: inout Frame
  ) {
    let start = cell.isNumber ? column + max(0, width - cell.width) : column
    let room = min(width, frame.size.columns - column)
    frame.put(
      cell.text, cutTo: room, row: row, column: cell.width <= room ? start : column,
      look: line.look ?? cell.look)
  }
}
