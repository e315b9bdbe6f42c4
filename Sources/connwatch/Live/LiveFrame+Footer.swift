// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// What stands below the table, and a page in its place.
extension LiveFrame {
  func drawStatus(_ state: LiveState, _ frame: inout Frame) {
    let row = frame.size.rows - 2
    if let (kind, editor) = state.prompt {
      draw(kind, editor, state.filterError, row, &frame)
      if let message = state.message, message.isError {
        putLast(message.text, row - 1, Look(.brightRed, isBold: true), &frame)
      }
      return
    }
    if let message = state.message {
      putLast(message.text, row, message.isError ? Look(.brightRed, isBold: true) : .bold, &frame)
      return
    }
    if let note = state.notes.first {
      putLast(note, row, Look(.yellow), &frame)
      return
    }
    if state.page != nil { return }
    let count = state.lineCount
    let place = count == 0 ? "0" : "\(grouped(state.cursor.index + 1))/\(grouped(count))"
    frame.put(place, row: row, column: max(0, frame.size.columns - place.count), look: .dim)
    if let words = remark(state) {
      put(words, row, .dim, &frame, limit: frame.size.columns - place.count - 2)
    }
  }

  private func put(_ text: String, _ row: Int, _ look: Look, _ frame: inout Frame, limit: Int? = nil) {
    frame.put(
      HostileText.escaped(text), cutTo: limit ?? frame.size.columns, row: row, column: 0, look: look)
  }

  /// The most lines of a sentence.
  private static let mostLines = 3

  /// Puts a sentence that may be long at the bottom, its last line in a row: over the last lines of the table.
  private func putLast(_ text: String, _ row: Int, _ look: Look, _ frame: inout Frame) {
    var wrapped = ""
    Paragraph.append(HostileText.escaped(text), width: frame.size.columns, indent: 0, to: &wrapped)
    let lines = wrapped.split(separator: "\n")
    let shown = Array(lines.prefix(min(Self.mostLines, max(1, frame.size.rows - 6))))
    for (index, line) in shown.enumerated() {
      let at = row - shown.count + 1 + index
      frame.clear(row: at)
      let isCut = index == shown.count - 1 && shown.count < lines.count
      put(isCut ? line + " …" : String(line), at, look, &frame)
    }
  }

  /// The line that is being typed; of a long one the part around the cursor. What is wrong with a filter is marked in it.
  private func draw(
    _ kind: LiveState.Prompt, _ editor: LineEditor, _ error: FilterError?, _ row: Int, _ frame: inout Frame
  ) {
    let start = frame.put(kind.title, row: row, column: 0, look: .bold)
    let room = max(1, frame.size.columns - start - 1)
    let widths = editor.text.map { max(1, DisplayWidth.of(String($0))) }
    var first = 0
    while widths[first..<editor.place].reduce(0, +) > room { first += 1 }
    var at = start
    for (index, character) in editor.text.enumerated().dropFirst(first) {
      if index == editor.place { frame.cursor = (row, at) }
      if at - start + widths[index] > room { break }
      let isWrong = error.map { Self.covers($0, index) } ?? false
      frame.put(
        HostileText.escaped(String(character)), row: row, column: at,
        look: isWrong ? Look(.brightRed, isBold: true, isReversed: true) : .plain, limit: room - (at - start))
      at += widths[index]
    }
    if editor.place == editor.text.count {
      frame.cursor = (row, min(at, frame.size.columns - 1))
      if let error, error.word.isEmpty || error.offset >= editor.text.count {
        frame.paint(row: row, columns: at..<at + 1) { $0 = Look(.brightRed, isReversed: true) }
      }
    }
    // Over the last line of the table, which has the room.
    if let error {
      putLast(error.description, row - 1, Look(.brightRed, isBold: true), &frame)
    }
  }

  private static func covers(_ error: FilterError, _ index: Int) -> Bool {
    !error.word.isEmpty && index >= error.offset && index < error.offset + error.word.count
  }

  func drawKeys(_ state: LiveState, _ frame: inout Frame) {
    var keys: [(String, String)]
    switch (state.prompt?.kind, state.page != nil) {
    case (.filter?, _): keys = [("Enter", "keep"), ("Esc", "clear"), ("Ctrl-U", "empty")]
    case (.time?, _): keys = [("Enter", "go"), ("Esc", "stay"), ("", "03:14, -2h, yesterday 10:00")]
    case (.export?, _): keys = [("Enter", "write"), ("Esc", "not"), ("", ".json, .csv, or a table")]
    case (nil, true): keys = [("Esc", "back"), ("j k", "scroll")]
    case (nil, false):
      keys = [
        ("?", "keys"), ("/", "filter"), ("s", "sort"), ("Space", state.isPaused ? "go on" : "pause"),
        ("Enter", "detail"), ("e", "explain"), ("q", "quit"), ("[ ]", "time"), ("a", "group"), ("p", "ports"),
        ("d", "names"), ("t", "closed"), ("x", "export"), ("+ -", "rate"),
      ]
      if state.past != nil {
        keys = [
          ("n", "now"), ("[ ]", "sample"), ("{ }", "10 min"), ("@", "time"), ("?", "keys"), ("/", "filter"),
          ("Enter", "detail"), ("q", "quit"), ("e", "explain"), ("s", "sort"), ("x", "export"),
        ]
      }
    }
    let row = frame.size.rows - 1
    var at = 0
    for (key, what) in keys {
      let width = DisplayWidth.of(key) + DisplayWidth.of(what) + (key.isEmpty ? 0 : 1)
      if at + width > frame.size.columns { break }
      if !key.isEmpty {
        at += frame.put(key, row: row, column: at, look: Look(isBold: true, isReversed: true))
        at += 1
      }
      at += frame.put(what, row: row, column: at) + 2
    }
  }

  func draw(_ page: Page, _ top: Int, in rows: Range<Int>, _ frame: inout Frame) {
    frame.put(page.title, row: 1, column: 0, look: .bold)
    for (row, line) in zip(rows, page.lines.dropFirst(top)) {
      var at = 0
      for run in line { at += frame.put(run.text, row: row, column: at, look: run.look) }
    }
    if page.lines.count > rows.count {
      let last = min(page.lines.count, top + rows.count)
      let place = "lines \(top + 1)-\(last) of \(page.lines.count)"
      frame.put(place, row: 1, column: max(0, frame.size.columns - place.count), look: .dim)
    }
  }
}
