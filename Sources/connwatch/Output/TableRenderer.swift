// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Rows as an aligned table.
///
/// Each cell is written once, into one buffer, and measured on the way; then lines are put together from the cells.
/// Widths only grow from one batch of rows to the next, so that a table printed bit by bit stays aligned.
struct TableRenderer<Row: OutputRow> {
  /// Rows measured before they are printed: bounds the memory of a table of millions.
  static var batch: Int { 131_072 }

  /// A cell in the buffer.
  private struct Cell {
    /// Where it ends; it begins where the one before it ends.
    var end: UInt32
    /// The columns it takes; one that is wider is not padded.
    var width: UInt16
    var style: Style
  }

  /// A column that is shown, ready for the loop over the lines.
  private struct Shown {
    var column: Int
    var width: Int
    var isRight: Bool
    var isLast: Bool
  }

  private let columns: [TableColumn<Row.Field>]
  private let fields: [Row.Field]
  private let options: OutputOptions
  private var text: TableText
  private var widths: [Int]
  private var isNumber: [Bool?]
  private var isHeaderDue: Bool
  private var cellText: [UInt8] = []
  private var cells: [Cell] = []

  /// Makes a table with these columns.
  init(columns: [TableColumn<Row.Field>], options: OutputOptions) {
    self.columns = columns
    self.options = options
    fields = columns.map(\.field)
    text = TableText(zone: options.zone, names: options.names)
    widths = columns.map { max($0.minimumWidth, options.header ? DisplayWidth.of($0.header) : 0) }
    isNumber = columns.map { _ in nil }
    isHeaderDue = options.header
  }

  /// Appends the header, the first time, and a line a row; drains what is full.
  mutating func render(
    _ rows: some Sequence<Row>, to bytes: inout [UInt8], draining output: StandardOutput
  ) throws(OutputError) {
    var iterator = rows.makeIterator()
    var count: Int
    repeat {
      count = measure(&iterator)
      try emit(count, to: &bytes, draining: output)
    } while count == Self.batch
  }

  /// Writes the cells of a batch of rows; returns how many rows there were.
  private mutating func measure(_ iterator: inout some IteratorProtocol<Row>) -> Int {
    cellText.removeAll(keepingCapacity: true)
    cells.removeAll(keepingCapacity: true)
    var count = 0
    let isColored = options.color
    while count < Self.batch, let row = iterator.next() {
      count += 1
      for column in 0..<fields.count {
        let value = row.value(fields[column])
        let width = text.append(value, to: &cellText)
        if width > widths[column] { widths[column] = width }
        if isNumber[column] == nil { isNumber[column] = value.isNumber }
        var style = Style.plain
        if isColored {
          style = row.style(fields[column])
          if style == .plain, case .state(let state) = value { style = Style(of: state) }
        }
        cells.append(
          Cell(end: UInt32(truncatingIfNeeded: cellText.count), width: UInt16(clamping: width), style: style))
      }
    }
    return count
  }

  private mutating func emit(_ count: Int, to bytes: inout [UInt8], draining output: StandardOutput)
    throws(OutputError)
  {
    let shown = layout()
    if isHeaderDue {
      isHeaderDue = false
      appendHeader(shown, to: &bytes)
    }
    var cell = 0
    var start = 0
    for _ in 0..<count {
      append(rowAt: cell, textAt: start, shown, to: &bytes)
      cell += fields.count
      if cell > 0 { start = Int(cells[cell - 1].end) }
      if bytes.count >= StandardOutput.chunk { try output.drain(&bytes) }
    }
  }

  private func layout() -> [Shown] {
    let needs = columns.indices.map { index in
      TableLayout.Need(
        width: widths[index], headerWidth: DisplayWidth.of(columns[index].header),
        dropOrder: columns[index].dropOrder, isFlexible: columns[index].isFlexible)
    }
    let places = TableLayout.fit(needs, into: options.width)
    return places.indices.map { index in
      Shown(
        column: places[index].column, width: places[index].width,
        isRight: isNumber[places[index].column] == true, isLast: index == places.count - 1)
    }
  }

  private func appendHeader(_ shown: [Shown], to bytes: inout [UInt8]) {
    for place in shown {
      let header = columns[place.column].header
      let padding = place.width - DisplayWidth.of(header)
      if place.isRight { bytes.append(spaces: padding) }
      if options.color { Style.bold.begin(&bytes) }
      bytes.append(raw: header)
      if options.color { Style.bold.end(&bytes) }
      if !place.isRight, !place.isLast { bytes.append(spaces: padding) }
      if !place.isLast { bytes.append(spaces: TableLayout.gap) }
    }
    bytes.append(UInt8(ascii: "\n"))
  }

  private func append(rowAt first: Int, textAt rowStart: Int, _ shown: [Shown], to bytes: inout [UInt8]) {
    for place in shown {
      let index = first + place.column
      let cell = cells[index]
      let start = place.column == 0 ? rowStart : Int(cells[index - 1].end)
      let padding = place.width - Int(cell.width)
      if place.isRight { bytes.append(spaces: padding) }
      cell.style.begin(&bytes)
      cellText.withUnsafeBufferPointer { text in
        let text = UnsafeBufferPointer(rebasing: text[start..<Int(cell.end)])
        if padding >= 0 || !columns[place.column].isFlexible {
          bytes.append(contentsOf: text)
        } else {
          DisplayWidth.append(text, cutTo: place.width, to: &bytes)
        }
      }
      cell.style.end(&bytes)
      if place.isLast { break }
      bytes.append(spaces: TableLayout.gap + (place.isRight ? 0 : max(0, padding)))
    }
    bytes.append(UInt8(ascii: "\n"))
  }
}
