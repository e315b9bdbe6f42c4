// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

@testable import connwatch

/// A terminal without a window: it understands the sequences that a screen is written with, and no others.
struct TerminalGrid {
  /// What is in a place of it.
  struct Place: Equatable, CustomStringConvertible {
    var text = " "
    var isRightHalf = false
    var bold = false
    var dim = false
    var reversed = false
    var color = 39

    /// What can be told by looking at it: a blank has a colour only where it is reversed.
    var seen: Place { text == " " && !reversed && !isRightHalf ? Place() : self }

    var description: String {
      "\(isRightHalf ? ">" : text)\(bold ? "b" : "")\(dim ? "d" : "")\(reversed ? "r" : "")\(color)"
    }
  }

  let columns: Int
  let rows: Int
  private(set) var places: [Place]
  private(set) var row = 0
  private(set) var column = 0
  private(set) var isCursorShown = true
  /// What it did not understand or should not have been sent.
  private(set) var complaints: [String] = []
  private var pen = Place()
  private var isFull = false
  private let width: (Unicode.Scalar) -> Int

  /// - Parameter width: how wide this terminal takes a character to be.
  init(columns: Int, rows: Int, width: @escaping (Unicode.Scalar) -> Int = DisplayWidth.of) {
    self.columns = columns
    self.rows = rows
    self.width = width
    places = Array(repeating: Place(text: "#"), count: columns * rows)
  }

  mutating func take(_ bytes: [UInt8]) {
    var rest = Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)[...]
    while let scalar = rest.popFirst() {
      if scalar != "\u{1B}" {
        print(scalar)
        continue
      }
      guard rest.popFirst() == "[" else {
        complaints.append("not CSI")
        continue
      }
      var parameters = ""
      while let next = rest.first, (0x30..<0x40).contains(next.value) {
        parameters.unicodeScalars.append(next)
        rest.removeFirst()
      }
      control(rest.popFirst() ?? "?", parameters)
    }
  }

  private mutating func control(_ final: Unicode.Scalar, _ parameters: String) {
    let parts = parameters.isEmpty ? [] : parameters.split(separator: ";", omittingEmptySubsequences: false)
    let numbers = parts.map { Int($0) ?? -1 }
    let first = numbers.first ?? 1
    switch (final, parameters) {
    case ("H", _):
      row = first - 1
      column = numbers.count > 1 ? numbers[1] - 1 : 0
      isFull = false
    case ("G", _):
      column = first - 1
      isFull = false
    case ("C", _):
      if isFull { complaints.append("forward from the end") }
      column += first
    case ("J", "2"): places = Array(repeating: Place(), count: columns * rows)
    case ("K", ""):
      if pen.reversed || pen.color != 39 { complaints.append("erased in colour") }
      for place in column..<columns { erase(place) }
    case ("X", _): for place in column..<min(columns, column + first) { erase(place) }
    case ("h", "?25"): isCursorShown = true
    case ("l", "?25"): isCursorShown = false
    case ("m", _): for number in parameters.isEmpty ? [0] : numbers { look(number) }
    default: complaints.append("\(parameters)\(final)")
    }
    if !(0..<rows).contains(row) || !(0..<columns).contains(column) {
      complaints.append("outside: \(row) \(column)")
    }
    row = min(max(0, row), rows - 1)
    column = min(max(0, column), columns - 1)
  }

  private mutating func look(_ number: Int) {
    switch number {
    case 0: pen = Place()
    case 1: pen.bold = true
    case 2: pen.dim = true
    case 7: pen.reversed = true
    case 30...39, 90...97: pen.color = number
    default: complaints.append("look \(number)")
    }
  }

  /// Half of a wide character takes the other one with it.
  private mutating func erase(_ column: Int) {
    let place = row * columns + column
    if places[place].isRightHalf { places[place - 1] = Place() }
    if column + 1 < columns, places[place + 1].isRightHalf { places[place + 1] = Place() }
    places[place] = Place()
  }

  private mutating func print(_ scalar: Unicode.Scalar) {
    if scalar.value < 0x20 || 0x7F..<0xA0 ~= scalar.value { complaints.append("control \(scalar.value)") }
    let width = scalar.value < 0x300 ? 1 : width(scalar)
    if width == 0 {
      guard isFull || column > 0 else { return complaints.append("mark at the start") }
      var place = row * columns + (isFull ? column : column - 1)
      if places[place].isRightHalf { place -= 1 }
      places[place].text.unicodeScalars.append(scalar)
      return
    }
    // Without wrapping it would be written over the last one.
    if isFull || column + width > columns {
      // One that only this terminal takes for wide.
      if DisplayWidth.of(scalar) == width { complaints.append("beyond the end") }
      return
    }
    var place = pen
    place.text = String(scalar)
    for half in 0..<width { erase(column + half) }
    places[row * columns + column] = place
    if width == 2 {
      place.text = " "
      place.isRightHalf = true
      places[row * columns + column + 1] = place
    }
    column += width
    isFull = column == columns
    if isFull { column -= 1 }
  }
}
