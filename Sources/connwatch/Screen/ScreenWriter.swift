// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// What a terminal is sent so that it shows a frame, given the one that it shows: only what differs.
///
/// Terminals disagree about how wide characters are that are not ASCII. So the cursor is placed by its column after each
/// of them, and where one changes the rest of its row is written anew.
struct ScreenWriter: ~Copyable {
  private var bytes = ByteBuffer()
  private let color: Bool
  private var pen = Pen.plain
  /// Where the cursor is, as far as all terminals agree.
  private var row: Int?
  private var column: Int?

  private init(color: Bool) { self.color = color }

  /// - Parameters:
  ///   - old: what is on the screen; nil where that is not known.
  ///   - color: false for attributes alone.
  static func bytes(from old: Frame?, to new: Frame, color: Bool) -> [UInt8] {
    var writer = ScreenWriter(color: color)
    writer.write(from: old, to: new)
    return Array(writer.bytes.bytes)
  }

  private mutating func write(from old: Frame?, to new: Frame) {
    let known = old.flatMap { $0.size == new.size ? $0 : nil }
    let before = known ?? Frame(new.size)
    let cursor = new.visibleCursor
    if known == nil {
      bytes.append(literal: "\u{1B}[m\u{1B}[H\u{1B}[2J")
      (row, column) = (0, 0)
    }
    let hadCursor = known.map { $0.visibleCursor != nil }
    if cursor == nil, hadCursor != false { bytes.append(literal: "\u{1B}[?25l") }

    let start = bytes.count
    let columns = new.size.columns
    before.cells.withUnsafeBufferPointer { old in
      new.cells.withUnsafeBufferPointer { new in
        var at = 0
        while columns > 0, at < new.count {
          let range = at..<at + columns
          writeRow(at / columns, UnsafeBufferPointer(rebasing: old[range]), .init(rebasing: new[range]))
          at += columns
        }
      }
    }
    Pen.plain.take(after: pen, &bytes)
    guard let cursor else { return }
    let isMoved = known?.visibleCursor.map { $0 != cursor } ?? true
    if isMoved || bytes.count > start { move(to: cursor.row, cursor.column) }
    if hadCursor != true { bytes.append(literal: "\u{1B}[?25h") }
  }

  private mutating func writeRow(
    _ row: Int, _ old: UnsafeBufferPointer<Cell>, _ new: UnsafeBufferPointer<Cell>
  ) {
    guard var next = new.indices.first(where: { old[$0] != new[$0] }) else { return }
    // From a changed character that is not ASCII on all is written, since nobody knows what it has moved.
    var all = new.indices[next...].first { old[$0] != new[$0] && !(old[$0].isASCII && new[$0].isASCII) }
    if let place = all, place > 0, old[place - 1].width == 2 || new[place - 1].width == 2 {
      // The other half too.
      all = place - 1
      next = min(next, place - 1)
    }
    var tail = new.count
    while tail > 0, new[tail - 1].isBlank { tail -= 1 }
    while next < new.count {
      let isDue = next >= (all ?? new.count) || old[next] != new[next]
      guard isDue, !(old[next].isBlank && new[next].isBlank && next < (all ?? new.count)) else {
        next += 1
        continue
      }
      if next >= tail, erasesTail(from: next, old, isAll: all != nil) {
        move(to: row, next)
        // What is erased has the colours of the pen.
        Pen.plain.take(after: pen, &bytes)
        pen = .plain
        bytes.append(literal: "\u{1B}[K")
        return
      }
      // The right half belongs to what is before it.
      if new[next].content == .rightHalf, next > 0, new[next - 1].width == 2 { next -= 1 }
      let isWide = new[next].width == 2 && next + 1 < new.count && new[next + 1].content == .rightHalf
      reach(row, next, old, new)
      write(new[next], isWide: isWide)
      next += isWide ? 2 : 1
    }
  }

  /// True where erasing is no longer than writing the blanks that are left.
  private func erasesTail(from next: Int, _ old: UnsafeBufferPointer<Cell>, isAll: Bool) -> Bool {
    if isAll { return true }
    return old.indices[next...].lazy.filter { !old[$0].isBlank }.prefix(3).count == 3
  }

  private mutating func write(_ cell: Cell, isWide: Bool) {
    if cell.isASCII, cell.scalar != " ", Pen(cell.look, color: color) == pen {
      bytes.append(UInt8(cell.scalar.value))
      column = column.map { $0 + 1 }
      return
    }
    // Blanks look alike in every colour.
    if !(cell.isBlank && !pen.isReversed) {
      let needed = Pen(cell.look, color: color)
      needed.take(after: pen, &bytes)
      pen = needed
    }
    if cell.content == .rightHalf || cell.width == 2 && !isWide {
      // Half of a character that something else was written over.
      bytes.append(UInt8(ascii: " "))
    } else if cell.width == 0 || HostileText.isUnsafe(cell.scalar) {
      bytes.append(UInt8(ascii: "?"))
    } else {
      // Where the terminal takes it for narrow, the other half would keep what was there.
      if isWide { bytes.append(literal: "\u{1B}[2X") }
      bytes.append(cell.scalar)
      if let mark = cell.firstMark { bytes.append(mark) }
      if let mark = cell.secondMark { bytes.append(mark) }
    }
    column = cell.isASCII ? column.map { $0 + 1 } : nil
  }
}

// Moves of the cursor.
extension ScreenWriter {
  /// Moves on to a cell, over cells that stay as they are where writing them again is shorter.
  private mutating func reach(
    _ row: Int, _ target: Int, _ old: UnsafeBufferPointer<Cell>, _ new: UnsafeBufferPointer<Cell>
  ) {
    if self.row == row, let column, column < target, target - column <= 3,
      (column..<target).allSatisfy({ new[$0].isASCII && Pen(new[$0].look, color: color) == pen })
    {
      for between in column..<target { write(new[between], isWide: false) }
      return
    }
    move(to: row, target)
  }

  /// The shortest of: nothing, forward, to a column, to a row and a column.
  private mutating func move(to row: Int, _ target: Int) {
    defer { (self.row, column) = (row, target) }
    guard self.row == row else {
      bytes.append(literal: "\u{1B}[")
      if row > 0 || target > 0 { bytes.append(decimal: UInt64(row + 1)) }
      if target > 0 {
        bytes.append(UInt8(ascii: ";"))
        bytes.append(decimal: UInt64(target + 1))
      }
      bytes.append(UInt8(ascii: "H"))
      return
    }
    if column == target { return }
    bytes.append(literal: "\u{1B}[")
    if let column, column < target, Self.digits(target - column) < Self.digits(target + 1) {
      if target - column > 1 { bytes.append(decimal: UInt64(target - column)) }
      bytes.append(UInt8(ascii: "C"))
    } else {
      if target > 0 { bytes.append(decimal: UInt64(target + 1)) }
      bytes.append(UInt8(ascii: "G"))
    }
  }

  /// The digits of a parameter; none for one that need not be written.
  private static func digits(_ number: Int) -> Int {
    switch number {
    case ...1: 0
    case ..<10: 1
    case ..<100: 2
    case ..<1000: 3
    default: 4
    }
  }
}

extension Frame {
  /// Where the cursor is seen: within the frame.
  fileprivate var visibleCursor: (row: Int, column: Int)? {
    guard let cursor, size.rows > 0, size.columns > 0 else { return nil }
    return (
      row: min(max(0, cursor.row), size.rows - 1), column: min(max(0, cursor.column), size.columns - 1)
    )
  }
}

extension Cell {
  /// A character that every terminal takes for one column.
  fileprivate var isASCII: Bool {
    0x20..<0x7F ~= scalar.value && content == .character && firstMark == nil
  }

  /// Nothing is to be seen.
  fileprivate var isBlank: Bool {
    scalar == " " && content == .character && firstMark == nil && !look.isReversed
  }

  fileprivate var width: Int {
    content == .rightHalf ? 1 : scalar.value < 0x300 ? 1 : DisplayWidth.of(scalar)
  }
}
