// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// What a screen is made of beside state and book, and does not change from one frame to the next.
struct LiveSurroundings {
  var names: Names
  var zone = Zone.local
  /// The host's name.
  var host: String
  /// False for a terminal that does not show UTF-8.
  var isUnicode = true
}

/// The screen as a function of what there is to show.
struct LiveFrame {
  let book: LiveBook
  let status: LiveFeed.Status
  let surroundings: LiveSurroundings
  /// Connections and what they carry, of the lines that are seen.
  var traffic: [Int: Traffic] = [:]

  /// Makes the frame.
  ///
  /// - Parameter state: nothing changes in it but how wide columns have become.
  func make(_ state: inout LiveState) -> Frame {
    var frame = Frame(state.size)
    guard state.size.columns >= LiveState.leastSize.columns, state.size.rows >= LiveState.leastSize.rows
    else {
      let least = LiveState.leastSize
      frame.put("too small: \(least.columns)x\(least.rows) at least", row: 0, column: 0)
      return frame
    }
    drawTitle(state, &frame)
    if let (page, top) = state.page {
      draw(page, top, &frame)
    } else {
      if state.headerRows == 4 {
        drawStates(state, &frame)
        drawRates(state, &frame)
      }
      drawViews(state, &frame)
      drawTable(&state, &frame)
    }
    drawStatus(state, &frame)
    drawKeys(state, &frame)
    if !surroundings.isUnicode { frame.replaceWhatIsNotASCII() }
    return frame
  }

  // MARK: - Header

  private func drawTitle(_ state: LiveState, _ frame: inout Frame) {
    let look = Look(state.past == nil ? .plain : .magenta, isBold: true, isReversed: true)
    frame.put(String(repeating: " ", count: frame.size.columns), row: 0, column: 0, look: look)
    let right = moment(state)
    let start = max(0, frame.size.columns - DisplayWidth.of(right) - 1)
    frame.put(right, row: 0, column: start, look: look)
    var words = ["connwatch", HostileText.escaped(surroundings.host)]
    if state.past == nil {
      words.append("every \(Self.span(status.interval))")
      words.insert(status.sources.name, at: 2)
      if status.recordsTo != nil { words.append("recording") }
    }
    var at = 1
    for word in words where at + DisplayWidth.of(word) < start {
      at += frame.put(word, row: 0, column: at, look: look) + 2
    }
  }

  /// The moment that is shown, and how.
  private func moment(_ state: LiveState) -> String {
    var text = TimeText(zone: surroundings.zone, precision: state.past == nil ? .short : .full)
    var bytes = ByteBuffer(capacity: 32)
    text.append(state.past?.asked ?? book.time, to: &bytes)
    let time = String(decoding: bytes.bytes, as: UTF8.self)
    if state.past != nil {
      return "AT \(time)"
    }
    if book.refresh == 0 { return "reading…" }
    return (state.isPaused ? "PAUSED  " : "") + time
  }

  private static func span(_ microseconds: Int64) -> String {
    microseconds % 1_000_000 == 0 ? TimeText.age(microseconds) : "\(microseconds / 1000)ms"
  }

  private func drawStates(_ state: LiveState, _ frame: inout Frame) {
    var at = frame.put("Sockets ", row: 1, column: 0)
    at += frame.put(grouped(book.count), row: 1, column: at, look: .bold)
    var left = book.count
    for socketState in SocketState.named where book.states[socketState.place] > 0 {
      let count = book.states[socketState.place]
      let text = "  \(socketState.name) "
      let number = grouped(count)
      // As long as there are more to come, there is room to say how many.
      let rest = left == count ? 0 : 3 + grouped(left - count).count
      if at + text.count + number.count + rest > frame.size.columns { break }
      at += frame.put(text, row: 1, column: at)
      at += frame.put(number, row: 1, column: at, look: Look(Style(of: socketState), isBold: true))
      left -= count
    }
    if left > 0 { frame.put("  +\(grouped(left))", row: 1, column: at, look: .dim) }
  }

  private func drawRates(_ state: LiveState, _ frame: inout Frame) {
    if let past = state.past {
      if let gap = past.note(in: surroundings.zone) {
        frame.put("! \(gap)", row: 2, column: 0, look: Look(.brightRed, isBold: true))
      } else {
        frame.put(
          "the table as it stood; changes are marked from one moment to the next", row: 2, column: 0,
          look: .dim)
      }
      return
    }
    if let failure = status.failure ?? status.end {
      frame.put("! \(HostileText.escaped(failure))", row: 2, column: 0, look: Look(.brightRed, isBold: true))
      return
    }
    let bars = frame.size.columns >= 100 ? 20 : 10
    let rates = book.rates.suffix(bars)
    var at = 0
    for (title, style, count) in [
      ("Opened ", Style.green, { (rate: LiveBook.Rate) in rate.opened }),
      ("  Closed ", .red, { $0.closed }),
    ] {
      let perSecond = rates.map { $0.span > 0 ? Double(count($0)) * 1_000_000 / Double($0.span) : 0 }
      at += frame.put(title, row: 2, column: at)
      at += frame.put(
        Self.rate(perSecond.last ?? 0) + "/s ", row: 2, column: at, look: Look(style, isBold: true))
      let line = Sparkline.text(perSecond, isUnicode: surroundings.isUnicode)
      let padding = String(repeating: " ", count: bars - perSecond.count)
      at += frame.put(padding + line, row: 2, column: at, look: Look(style))
    }
    at += frame.put("  New listeners ", row: 2, column: at)
    frame.put(
      String(book.newListeners), row: 2, column: at,
      look: book.newListeners > 0 ? Look(.brightRed, isBold: true) : .plain)
  }

  private static func rate(_ perSecond: Double) -> String {
    let tenths = Int((perSecond * 10).rounded())
    return tenths >= 100 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
  }

  /// With commas between the thousands.
  private func grouped(_ count: Int) -> String {
    var digits = Array(String(count))
    var place = digits.count - 3
    while place > 0 {
      digits.insert(",", at: place)
      place -= 3
    }
    return String(digits)
  }

  private func drawViews(_ state: LiveState, _ frame: inout Frame) {
    let row = state.headerRows - 1
    var at = 0
    for view in LiveState.View.allCases {
      let look = view == state.view ? Look(isBold: true, isReversed: true) : .plain
      at += frame.put(" \(view.rawValue) \(view.title) ", row: row, column: at, look: look)
      at += 1
    }
    var words: [String] = []
    if state.connections.isGrouped, state.view == .connections { words.append("by process") }
    if state.showsClosed { words.append("closed kept") }
    if !state.filterText.isEmpty, state.prompt?.kind != .filter {
      words.append("filter: " + HostileText.escaped(state.filterText))
    }
    guard !words.isEmpty else { return }
    let text = words.joined(separator: "  ")
    let room = frame.size.columns - at - 1
    let width = DisplayWidth.of(text)
    if width <= room {
      frame.put(text, row: row, column: frame.size.columns - width, look: Look(.yellow))
    } else if room > 8 {
      let used = frame.put(text, row: row, column: at + 1, look: Look(.yellow), limit: room - 1)
      frame.put("…", row: row, column: at + 1 + used, look: Look(.yellow))
    }
  }

  // MARK: - Footer

  private func drawStatus(_ state: LiveState, _ frame: inout Frame) {
    let row = frame.size.rows - 2
    if let (kind, editor) = state.prompt {
      draw(kind, editor, state.filterError, row, &frame)
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
    let safe = HostileText.escaped(text)
    let room = limit ?? frame.size.columns
    if DisplayWidth.of(safe) <= room {
      frame.put(safe, row: row, column: 0, look: look)
    } else {
      let used = frame.put(safe, row: row, column: 0, look: look, limit: room - 1)
      frame.put("…", row: row, column: used, look: look)
    }
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

  private func drawKeys(_ state: LiveState, _ frame: inout Frame) {
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

  private func draw(_ page: Page, _ top: Int, _ frame: inout Frame) {
    frame.put(page.title, row: 1, column: 0, look: .bold)
    let rows = 2..<max(2, frame.size.rows - 2)
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

extension Frame {
  /// Takes out what is in a row.
  fileprivate mutating func clear(row: Int) {
    put(String(repeating: " ", count: size.columns), row: row, column: 0)
  }
}
