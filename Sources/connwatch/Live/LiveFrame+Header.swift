// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// What stands above the table.
extension LiveFrame {
  func drawTitle(_ state: LiveState, _ frame: inout Frame) {
    let look = Look(state.past == nil ? .plain : .magenta, isBold: true, isReversed: true)
    frame.put(String(repeating: " ", count: frame.size.columns), row: 0, column: 0, look: look)
    let right = moment(state)
    let start = max(0, frame.size.columns - DisplayWidth.of(right) - 1)
    frame.put(right, row: 0, column: start, look: look)
    var words = ["connwatch", HostileText.escaped(surroundings.host)]
    if state.past == nil {
      words.append("every \(Self.span(status.interval))")
      words.insert(status.sources.name, at: 2)
      if status.recordsTo != nil { words.append(status.storeFailure == nil ? "recording" : "NOT STORING") }
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

  func drawStates(_ state: LiveState, _ frame: inout Frame) {
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

  func drawRates(_ state: LiveState, _ frame: inout Frame) {
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
    if let failure = status.failure ?? status.end ?? status.storeFailure.map({ "not stored yet: \($0)" }) {
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
  func grouped(_ count: Int) -> String {
    var digits = Array(String(count))
    var place = digits.count - 3
    while place > 0 {
      digits.insert(",", at: place)
      place -= 3
    }
    return String(digits)
  }

  func drawViews(_ state: LiveState, _ frame: inout Frame) {
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
    guard width <= room || room > 8 else { return }
    let start = width <= room ? frame.size.columns - width : at + 1
    frame.put(text, cutTo: room, row: row, column: start, look: Look(.yellow))
  }
}
