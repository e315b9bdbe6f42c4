// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Rows as an aligned table.
///
/// Each cell is written once, into one buffer, and measured on the way; then lines are put together from the cells.
/// Widths only grow from one batch of rows to the next, so that a table printed bit by bit stays aligned.
struct TableRenderer<Row: OutputRow> {
  /// Rows measured before they are printed: bounds the memory of a table of millions.
  static var batch: Int { 131_072 }

  /// What is written before each cell in the buffer.
  private struct Head {
    /// Its bytes, without this head.
    var count: UInt32
    /// The columns it takes; one that is wider is not padded.
    var width: UInt16
    var style: Style
  }

  /// A column, ready for the loop over the lines.
  private struct Shown {
    var width = 0
    var isShown = false
    var isRight = false
    var isLast = false
    var isFlexible = false
  }

  private let columns: [TableColumn<Row.Field>]
  private let fields: [Row.Field]
  private let options: OutputOptions
  private var text: TableText
  private var widths: [Int]
  private var isNumber: [Bool?]
  private var isHeaderDue: Bool

  /// Makes a table with these columns.
  init(columns: [TableColumn<Row.Field>], options: OutputOptions) {
    self.columns = columns
    self.options = options
    fields = columns.map(\.field)
    text = TableText(options)
    widths = columns.map {
      max(options.hasRoomToSpare ? $0.minimumWidth : 0, options.header ? DisplayWidth.of($0.header) : 0)
    }
    isNumber = columns.map { _ in nil }
    isHeaderDue = options.header
  }

  /// Appends the header, the first time, and a line a row; writes out what is full.
  mutating func render(
    _ rows: some Sequence<Row>, to bytes: inout ByteBuffer, writing output: StandardOutput
  ) throws(OutputError) {
    var iterator = rows.makeIterator()
    var cells = ByteBuffer()
    var count: Int
    repeat {
      cells.removeAll()
      count = measure(&iterator, into: &cells)
      let shown = layout()
      if isHeaderDue {
        isHeaderDue = false
        appendHeader(shown, to: &bytes)
      }
      var cell = UnsafeRawPointer(cells.base)
      for _ in 0..<count {
        cell = append(rowAt: cell, shown, to: &bytes)
        if bytes.count >= StandardOutput.chunk { try output.write(&bytes) }
      }
    } while count == Self.batch
  }

  /// Writes the cells of a batch of rows; returns how many rows there were.
  private mutating func measure(_ iterator: inout some IteratorProtocol<Row>, into cells: inout ByteBuffer)
    -> Int
  {
    let headSize = MemoryLayout<Head>.stride
    let isColored = options.color
    var count = 0
    // Copies of its own, so that the loop need not look for others who hold them.
    var widths = widths
    var isNumber = isNumber
    while count < Self.batch, let row = iterator.next() {
      count += 1
      for column in 0..<fields.count {
        let value = row.value(fields[column])
        cells.reserve(headSize)
        cells.advance(headSize)
        let start = cells.count
        let width = text.append(value, to: &cells)
        if width > widths[column] { widths[column] = width }
        if isNumber[column] == nil { isNumber[column] = value.isNumber }
        var style = Style.plain
        if isColored {
          style = row.style(fields[column])
          if style == .plain, case .state(let state) = value { style = Style(of: state) }
        }
        let head = Head(
          count: UInt32(truncatingIfNeeded: cells.count - start), width: UInt16(clamping: width), style: style
        )
        UnsafeMutableRawPointer(cells.base + start - headSize).storeBytes(of: head, as: Head.self)
      }
    }
    self.widths = widths
    self.isNumber = isNumber
    return count
  }

  /// Every column in its order, with its place where it has one.
  private func layout() -> [Shown] {
    let needs = columns.indices.map { index in
      TableLayout.Need(
        width: widths[index], headerWidth: DisplayWidth.of(columns[index].header),
        dropOrder: columns[index].dropOrder, isFlexible: columns[index].isFlexible)
    }
    let places = TableLayout.fit(needs, into: options.width)
    var shown = columns.map { _ in Shown() }
    for (index, place) in places.enumerated() {
      shown[place.column] = Shown(
        width: place.width, isShown: true, isRight: isNumber[place.column] == true,
        isLast: index == places.count - 1, isFlexible: columns[place.column].isFlexible)
    }
    return shown
  }

  private func appendHeader(_ shown: [Shown], to bytes: inout ByteBuffer) {
    let style = options.color ? Style.bold : .plain
    for (column, place) in zip(columns, shown) where place.isShown {
      let padding = place.width - DisplayWidth.of(column.header)
      if place.isRight { bytes.append(spaces: padding) }
      style.begin(&bytes)
      bytes.append(raw: column.header)
      style.end(&bytes)
      if !place.isLast { bytes.append(spaces: TableLayout.gap + (place.isRight ? 0 : padding)) }
    }
    bytes.append(UInt8(ascii: "\n"))
  }

  /// Appends the line of the row whose cells begin here; returns where the next row's do.
  private func append(
    rowAt first: UnsafeRawPointer, _ shown: [Shown], to bytes: inout ByteBuffer
  ) -> UnsafeRawPointer {
    var cell = first
    for place in shown {
      let head = cell.loadUnaligned(as: Head.self)
      let text = (cell + MemoryLayout<Head>.stride).assumingMemoryBound(to: UInt8.self)
      let count = Int(head.count)
      cell = UnsafeRawPointer(text + count)
      guard place.isShown else { continue }
      let padding = place.width - Int(head.width)
      if place.isRight { bytes.append(spaces: padding) }
      if head.style != .plain { head.style.begin(&bytes) }
      if padding >= 0 || !place.isFlexible {
        bytes.append(slackAfter: text, count: count)
      } else {
        DisplayWidth.append(UnsafeBufferPointer(start: text, count: count), cutTo: place.width, to: &bytes)
      }
      if head.style != .plain { head.style.end(&bytes) }
      if !place.isLast { bytes.append(spaces: TableLayout.gap + (place.isRight ? 0 : max(0, padding))) }
    }
    bytes.append(UInt8(ascii: "\n"))
    return cell
  }
}
