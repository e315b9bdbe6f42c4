// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import connwatch

struct ScreenWriterTests {
  /// What a terminal must show for a frame. Halves of wide characters that something was written over are blank.
  static func places(_ frame: Frame, color: Bool) -> [TerminalGrid.Place] {
    var places: [TerminalGrid.Place] = []
    for row in 0..<frame.size.rows {
      for column in 0..<frame.size.columns {
        let cell = frame[row, column]
        var place = TerminalGrid.Place()
        place.bold = cell.look.isBold || cell.look.style == .bold
        place.dim = cell.look.isDim || cell.look.style == .dim
        place.reversed = cell.look.isReversed
        if color, cell.look.style.parameter > 2 { place.color = Int(cell.look.style.parameter) }
        let isWhole = column + 1 < frame.size.columns && frame[row, column + 1].content == .rightHalf
        let hasLeft = column > 0 && frame[row, column - 1].content == .character
        if cell.content == .rightHalf {
          if hasLeft, DisplayWidth.of(frame[row, column - 1].scalar) == 2 {
            place = places.last!
            place.text = " "
            place.isRightHalf = true
          }
        } else if DisplayWidth.of(cell.scalar) == 1 || isWhole {
          place.text = String(cell.scalar)
          for mark in [cell.firstMark, cell.secondMark] {
            if let mark { place.text.unicodeScalars.append(mark) }
          }
        }
        places.append(place)
      }
    }
    return places.map(\.seen)
  }

  static func randomLook(_ dice: inout Dice) -> Look {
    Look(
      dice.below(2) == 0 ? .plain : Style.allCases[dice.below(Style.allCases.count)],
      isBold: dice.below(4) == 0,
      isDim: dice.below(6) == 0, isReversed: dice.below(4) == 0)
  }

  /// Changes some of a frame, or all of it.
  static func change(_ frame: Frame, _ dice: inout Dice) -> Frame {
    let words = ["a", "established", "   ", "漢字", "e\u{301}\u{302}x", "·", "→ x", "😀", "ab漢cd", "          "]
    var next = dice.below(6) == 0 ? Frame(frame.size) : frame
    for _ in 0..<dice.below(8) {
      let row = dice.below(frame.size.rows)
      let column = dice.below(frame.size.columns)
      if dice.below(4) == 0 {
        let look = randomLook(&dice)
        next.paint(row: row, columns: column..<column + dice.below(9)) { $0 = look }
      } else {
        next.put(words[dice.below(words.count)], row: row, column: column, look: randomLook(&dice))
      }
    }
    next.cursor =
      dice.below(3) == 0 ? (row: dice.below(frame.size.rows), column: dice.below(frame.size.columns)) : nil
    return next
  }

  @Test(arguments: [(1, 1), (2, 1), (3, 2), (13, 4), (80, 5), (200, 3)], [true, false])
  func `A terminal shows the frame that was written last`(_ size: (Int, Int), color: Bool) {
    var dice = Dice(seed: UInt64(size.0 * 1000 + size.1))
    var grid = TerminalGrid(columns: size.0, rows: size.1)
    var shown: Frame?
    for round in 0..<250 {
      let next = Self.change(shown ?? Frame(Frame.Size(columns: size.0, rows: size.1)), &dice)
      grid.take(ScreenWriter.bytes(from: shown, to: next, color: color))
      let seen = grid.places.map(\.seen)
      #expect(seen == Self.places(next, color: color), "round \(round)")
      #expect(grid.complaints.isEmpty, "round \(round)")
      #expect(grid.isCursorShown == (next.cursor != nil), "round \(round)")
      if let cursor = next.cursor { #expect((grid.row, grid.column) == cursor, "round \(round)") }
      #expect(ScreenWriter.bytes(from: next, to: next, color: color).isEmpty)
      if grid.complaints.count > 0 || seen != Self.places(next, color: color) { return }
      shown = round % 25 == 24 ? nil : next
    }
  }

  /// A frame of another size is no frame to begin with.
  @Test
  func `After the terminal has become another size everything is written`() {
    var dice = Dice(seed: 5)
    var old = Frame(Frame.Size(columns: 30, rows: 6))
    for _ in 0..<200 {
      let size = Frame.Size(columns: 1 + dice.below(40), rows: 1 + dice.below(8))
      let next = Self.change(Self.change(Frame(size), &dice), &dice)
      var grid = TerminalGrid(columns: size.columns, rows: size.rows)
      grid.take(ScreenWriter.bytes(from: old.size == size ? nil : old, to: next, color: true))
      #expect(grid.places.map(\.seen) == Self.places(next, color: true))
      #expect(grid.complaints.isEmpty)
      old = next
    }
    #expect(
      ScreenWriter.bytes(from: nil, to: Frame(Frame.Size(columns: 0, rows: 0)), color: true).starts(with: [
        0x1B
      ]))
  }

  /// A terminal that takes other widths for right still has everything else where it belongs.
  @Test(arguments: [1, 2])
  func `Terminals may disagree about widths`(_ width: Int) {
    var dice = Dice(seed: 11)
    let size = Frame.Size(columns: 24, rows: 3)
    var grid = TerminalGrid(columns: size.columns, rows: size.rows) { DisplayWidth.of($0) == 0 ? 0 : width }
    // All below U+0300 is one column wide everywhere, all above it is not.
    var shown: Frame?
    for round in 0..<600 {
      let next = Self.change(shown ?? Frame(size), &dice)
      grid.take(ScreenWriter.bytes(from: shown, to: next, color: true))
      for place in next.cells.indices {
        let cell = next.cells[place]
        let isASCII = cell.scalar.value < 0x80 && cell.content == .character && cell.firstMark == nil
        guard isASCII,
          cell.scalar != " " || place % size.columns == 0 || next.cells[place - 1].scalar.value < 0x80
        else { continue }
        // What is left of it may be wider than it should be.
        if cell.scalar == " ", place % size.columns > 0, next.cells[place - 1].content == .rightHalf {
          continue
        }
        if grid.places[place].text != String(cell.scalar) {
          Issue.record("round \(round), place \(place): \(grid.places[place].text) for \(cell.scalar)")
          return
        }
      }
      shown = next
    }
  }

  private func text(_ old: Frame?, _ new: Frame, color: Bool = true) -> String {
    String(decoding: ScreenWriter.bytes(from: old, to: new, color: color), as: UTF8.self)
      .replacing("\u{1B}[", with: "^")
  }

  @Test
  func `Little is written for little that changes`() {
    let size = Frame.Size(columns: 200, rows: 50)
    let empty = Frame(size)
    func with(_ change: (inout Frame) -> Void) -> Frame {
      var frame = empty
      change(&frame)
      return frame
    }
    func put(_ text: String, _ row: Int, _ column: Int, _ look: Look = .plain) -> Frame {
      with { $0.put(text, row: row, column: column, look: look) }
    }
    #expect(text(nil, empty) == "^m^H^2J^?25l")
    #expect(text(empty, put("x", 49, 199)) == "^50;200Hx")
    #expect(text(empty, put("x", 0, 0)) == "^Hx")
    #expect(text(empty, put("x", 4, 0)) == "^5Hx")
    #expect(text(put("x", 4, 9), empty) == "^5;10H ")
    #expect(text(put("xyz", 4, 9), empty) == "^5;10H^K")
    #expect(text(empty, put("xy", 2, 3, Look(.red, isBold: true))) == "^3;4H^1;31mxy^m")
    #expect(text(empty, put("xy", 2, 3, Look(.red, isBold: true)), color: false) == "^3;4H^1mxy^m")
    #expect(text(empty, put("xy", 2, 3, Look(.red)), color: false) == "^3;4Hxy")
    // Forward, to a column, over what stays.
    let ends = with {
      $0.put("abcdefgh", row: 1, column: 190)
    }
    var changed = ends
    changed.put("A", row: 1, column: 190)
    changed.put("C", row: 1, column: 192)
    changed.put("H", row: 1, column: 197)
    #expect(text(ends, changed) == "^2;191HAbC^4CH")
    // From one colour to the next, and back to none.
    let looks = with {
      $0.put("a", row: 0, column: 0, look: Look(.red))
      $0.put("b", row: 0, column: 1, look: Look(.green))
      $0.put("c", row: 0, column: 2, look: Look(.green, isReversed: true))
      $0.put("d", row: 0, column: 3, look: Look(.green))
      $0.put("e", row: 0, column: 4)
    }
    #expect(text(empty, looks) == "^H^31ma^32mb^7mc^0;32md^me")
    // What is after a wide character is placed by its column, and written again with it.
    #expect(text(empty, put("漢x", 0, 2)) == "^1;3H^2X漢^5Gx^K")
    #expect(text(put("漢x", 0, 2), put("漢y", 0, 2)) == "^1;5Hy")
    // The cursor.
    let seen = with { $0.cursor = (row: 3, column: 5) }
    #expect(text(empty, seen) == "^4;6H^?25h")
    #expect(text(seen, empty) == "^?25l")
    #expect(text(seen, with { $0.cursor = (row: 3, column: 7) }) == "^4;8H")
    #expect(text(seen, with { $0.cursor = (row: 99, column: -4) }) == "^50H")
  }

  @Test
  func `Nothing that a terminal would obey is written as it is`() {
    var frame = Frame(Frame.Size(columns: 8, rows: 1))
    frame.put("\u{1B}[2J\r\n\u{202E}\u{9B}", row: 0, column: 0)
    let bytes = ScreenWriter.bytes(from: Frame(frame.size), to: frame, color: true)
    var grid = TerminalGrid(columns: 8, rows: 1)
    grid.take(bytes)
    #expect(grid.complaints.isEmpty)
    #expect(grid.places.map(\.text).joined() == "?[2J????")
  }
}
