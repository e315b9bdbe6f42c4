// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// A column, ready for the loop over the lines.
private struct ShownColumn {
  var width = 0
  var isShown = false
  var isRight = false
  var isLast = false
  var isFlexible = false
}

/// Rows as an aligned table.
///
/// Each cell is written once, into one buffer, and measured on the way; then lines are put together from the cells.
/// Widths only grow from one batch of rows to the next, so that a table printed bit by bit stays aligned.
struct TableRenderer<Row: OutputRow> {
  /// Rows measured before they are printed: bounds the memory of a table of millions.
  static var batch: Int { 131_072 }

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
    var cells = TableCells(expecting: columns.count * min(Self.batch, rows.underestimatedCount))
    var count: Int
    repeat {
      cells.removeAll()
      count = measure(&iterator, into: &cells)
      let shown = layout()
      if isHeaderDue {
        isHeaderDue = false
        appendHeader(shown, to: &bytes)
      }
      try shown.withUnsafeBufferPointer { shown throws(OutputError) in
        var cell = cells.heads
        for _ in 0..<count {
          for place in shown {
            if place.isShown { Self.append(cell.pointee, cells, place, to: &bytes) }
            cell += 1
          }
          bytes.append(UInt8(ascii: "\n"))
          if bytes.count >= StandardOutput.chunk { try output.write(&bytes) }
        }
      }
    } while count == Self.batch || cells.isFull
  }

  /// Writes the cells of a batch of rows; returns how many rows there were.
  private mutating func measure(
    _ iterator: inout some IteratorProtocol<Row>, into cells: inout TableCells
  ) -> Int {
    let isColored = options.color
    var count = 0
    // Copies of its own, so that the loop need not look for others who hold them.
    var widths = widths
    var isNumber = isNumber
    fields.withUnsafeBufferPointer { fields in
      widths.withUnsafeMutableBufferPointer { widths in
        isNumber.withUnsafeMutableBufferPointer { isNumber in
          while count < Self.batch, !cells.isFull, let row = iterator.next() {
            count &+= 1
            for column in 0..<fields.count {
              let value = row.value(fields[column])
              var cell = cells.append(value, &text)
              if cell.width > widths[column] { widths[column] = Int(cell.width) }
              if isNumber[column] == nil { isNumber[column] = value.isNumber }
              if isColored {
                cell.style = row.style(fields[column])
                if cell.style == .plain, case .state(let state) = value { cell.style = Style(of: state) }
              }
              cells.append(cell)
            }
          }
        }
      }
    }
    self.widths = widths
    self.isNumber = isNumber
    return count
  }

  /// Every column in its order, with its place where it has one.
  private func layout() -> [ShownColumn] {
    let needs = columns.indices.map { index in
      TableLayout.Need(
        width: widths[index], headerWidth: DisplayWidth.of(columns[index].header),
        dropOrder: columns[index].dropOrder, isFlexible: columns[index].isFlexible)
    }
    let places = TableLayout.fit(needs, into: options.width)
    var shown = columns.map { _ in ShownColumn() }
    for (index, place) in places.enumerated() {
      shown[place.column] = ShownColumn(
        width: place.width, isShown: true, isRight: isNumber[place.column] == true,
        isLast: index == places.count - 1, isFlexible: columns[place.column].isFlexible)
    }
    return shown
  }

  private func appendHeader(_ shown: [ShownColumn], to bytes: inout ByteBuffer) {
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

  /// Appends a cell, and what parts it from the next one.
  @inline(__always)
  private static func append(
    _ cell: TableCells.Head, _ cells: borrowing TableCells, _ place: ShownColumn, to bytes: inout ByteBuffer
  ) {
    let (text, count) = cells.text(cell)
    let padding = place.width &- Int(cell.width)
    let gap = place.isLast ? 0 : TableLayout.gap
    if padding >= 0, cell.style == .plain, count <= 16, padding <= 14 {
      // Nearly every cell: a block of text and one of blanks, each written whole, with room for what is too much.
      bytes.reserve(count &+ padding &+ gap)
      let end = UnsafeMutableRawPointer(bytes.end)
      let block = UnsafeRawPointer(text).loadUnaligned(as: SIMD16<UInt8>.self)
      let blanks = SIMD16<UInt8>(repeating: 32)
      if place.isRight {
        end.storeBytes(of: blanks, as: SIMD16<UInt8>.self)
        (end + padding).storeBytes(of: block, as: SIMD16<UInt8>.self)
        (end + padding + count).storeBytes(of: blanks, as: SIMD16<UInt8>.self)
        bytes.advance(padding &+ count &+ gap)
      } else {
        end.storeBytes(of: block, as: SIMD16<UInt8>.self)
        (end + count).storeBytes(of: blanks, as: SIMD16<UInt8>.self)
        bytes.advance(count &+ (place.isLast ? 0 : padding &+ gap))
      }
      return
    }
    if place.isRight { bytes.append(spaces: padding) }
    if cell.style != .plain { cell.style.begin(&bytes) }
    if padding >= 0 || !place.isFlexible {
      bytes.append(slackAfter: text, count: count)
    } else {
      DisplayWidth.append(UnsafeBufferPointer(start: text, count: count), cutTo: place.width, to: &bytes)
    }
    if cell.style != .plain { cell.style.end(&bytes) }
    if !place.isLast { bytes.append(spaces: gap + (place.isRight ? 0 : max(0, padding))) }
  }
}
