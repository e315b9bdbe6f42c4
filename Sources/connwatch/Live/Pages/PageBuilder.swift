// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Puts a page together line by line, each wrapped to a width. Text may be anything: it is made fit to be shown here.
struct PageBuilder {
  /// Columns that labels of facts take, blank after them included.
  static let labels = 14

  let width: Int
  private(set) var lines: [Page.Line] = []

  /// - Parameter width: a page narrower than a few words cannot be read, so less is taken for that.
  init(width: Int) { self.width = max(20, width) }

  func page(_ title: String) -> Page { Page(title: HostileText.escaped(title), lines: lines) }

  mutating func blank() { lines.append([]) }

  /// A line above others, with an empty one before it.
  mutating func heading(_ text: String) {
    if !lines.isEmpty { blank() }
    for line in Self.wrapped(HostileText.escaped(text), width) { lines.append([Page.Run(line, .bold)]) }
  }

  /// Text in lines.
  mutating func text(_ text: String, indent: Int = 0, look: Look = .plain) {
    let margin = Page.Run(String(repeating: " ", count: indent))
    for line in Self.wrapped(HostileText.escaped(text), width - indent) {
      lines.append((indent > 0 ? [margin] : []) + [Page.Run(line, look)])
    }
  }

  /// A fact with its label before it; nothing where there is none.
  mutating func fact(_ label: String, _ value: String?, look: Look = .plain) {
    guard let value else { return }
    let isNarrow = width < 3 * Self.labels
    let indent = isNarrow ? 2 : Self.labels
    let padding = String(repeating: " ", count: max(1, Self.labels - label.count))
    var label: Page.Run? = Page.Run(isNarrow ? label : label + padding, .dim)
    if isNarrow, let label { lines.append([label]) }
    if isNarrow { label = nil }
    for line in Self.wrapped(HostileText.escaped(value), width - indent) {
      let margin = Page.Run(String(repeating: " ", count: indent))
      lines.append([label ?? margin, Page.Run(line, look)])
      label = nil
    }
  }

  /// A column of a table.
  struct Column {
    var header: String
    /// When it is left out where there is no room: lowest first, nil never. The last column is cut.
    var drop: Int?
    var isRight = false
  }

  /// Rows in columns, none wider than the page.
  mutating func table(_ columns: [Column], _ rows: [[String]], indent: Int = 2) {
    let rows = rows.map { $0.map(HostileText.escaped) }
    func width(_ column: Int) -> Int {
      rows.reduce(DisplayWidth.of(columns[column].header)) { max($0, DisplayWidth.of($1[column])) }
    }
    let widths = columns.indices.map(width)
    var shown = Array(columns.indices)
    func room() -> Int {
      let others = shown.dropLast().reduce(0) { $0 + widths[$1] + 2 }
      return self.width - indent - others
    }
    while room() < min(12, widths[shown[shown.count - 1]]),
      let least = shown.dropLast().filter({ columns[$0].drop != nil }).min(by: {
        columns[$0].drop! < columns[$1].drop!
      })
    { shown.removeAll { $0 == least } }
    func line(_ cells: [String]) -> String {
      var text = String(repeating: " ", count: indent)
      for column in shown.dropLast() {
        let padding = String(repeating: " ", count: widths[column] - DisplayWidth.of(cells[column]))
        text += (columns[column].isRight ? padding + cells[column] : cells[column] + padding) + "  "
      }
      return text + Self.cut(cells[shown[shown.count - 1]], room())
    }
    lines.append([Page.Run(line(columns.map(\.header)), .dim)])
    for row in rows { lines.append([Page.Run(line(row))]) }
  }

  /// As much of a text as fits, `…` where some does not.
  private static func cut(_ text: String, _ width: Int) -> String {
    guard DisplayWidth.of(text) > width else { return text }
    var bytes = ByteBuffer()
    var copy = text
    copy.withUTF8 { DisplayWidth.append($0, cutTo: width, to: &bytes) }
    return String(decoding: bytes.bytes, as: UTF8.self)
  }

  /// Text in lines of a width, at blanks, and within a word where it is wider than a line; at least one line.
  private static func wrapped(_ text: String, _ width: Int) -> [String] {
    var lines: [String] = []
    var line = String.UnicodeScalarView()
    var used = 0
    func end() {
      lines.append(String(line))
      line = String.UnicodeScalarView()
      used = 0
    }
    for word in text.unicodeScalars.split(separator: " ") {
      let columns = word.reduce(0) { $0 + DisplayWidth.of($1) }
      if used > 0, used + 1 + columns <= width || columns > width && used + 9 <= width {
        line.append(" ")
        used += 1
      } else if used > 0 {
        end()
      }
      for scalar in word {
        let columns = DisplayWidth.of(scalar)
        if used + columns > width { end() }
        line.append(scalar)
        used += columns
      }
    }
    if used > 0 || lines.isEmpty { end() }
    return lines
  }
}
