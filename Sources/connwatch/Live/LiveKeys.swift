// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// What a key asks for that is not the screen's own business.
enum LiveEffect: Equatable, Sendable {
  case quit
  case suspend
  case redraw
  /// Everything of the line that the cursor is on.
  case detail
  case explain
  case setInterval(Int64)
  case setPaused(Bool)
  case setKeepsClosed(Bool)
  /// What has been typed as a filter, a moment, a file.
  case filter(String)
  case goTo(String)
  case export(String)
  /// A name for the file is wanted.
  case askExport
  case step(LivePast.Step)
  case now
}

extension LiveState {
  /// Takes a key.
  ///
  /// - Parameters:
  ///   - now: CLOCK_MONOTONIC in microseconds.
  ///   - interval: microseconds between samples.
  /// - Returns: what is to be done about it elsewhere.
  mutating func take(_ key: Key, now: Int64, interval: Int64) -> [LiveEffect] {
    if message != nil { message = nil }
    switch key {
    case .control("c"): return [.quit]
    case .control("z"): return [.suspend]
    case .control("l"): return [.redraw]
    default: break
    }
    if prompt != nil { return takeInPrompt(key) }
    if page != nil { return takeInPage(key) }
    if move(key, now) { return [] }
    switch key {
    case .character("q"): return [.quit]
    case .character("?"), .function(1), .character("h"):
      page = (HelpPage.page(width: size.columns), 0)
      topic = .keys
    case .character("/"): prompt = (.filter, LineEditor(filterText))
    case .escape: return clear()
    case .character("1"): show(.connections)
    case .character("2"): show(.listeners)
    case .character("3"): show(.services)
    case .character("4"): show(.events)
    case .tab: show(View(rawValue: view.rawValue % 4 + 1)!)
    case .backTab: show(View(rawValue: (view.rawValue + 2) % 4 + 1)!)
    case .character("s"): sortByNext()
    case .character("S"): reverseSort()
    case .character(" "):
      guard past == nil else { return say("the past stands still (n returns to now)") }
      isPaused.toggle()
      return [.setPaused(isPaused)]
    case .character("p"):
      showsPortNames.toggle()
      shapes = [:]
    case .character("d"):
      resolvesHosts.toggle()
      shapes = [:]
    case .character("t"):
      showsClosed.toggle()
      return [.setKeepsClosed(showsClosed)]
    case .character("a"):
      connections.isGrouped.toggle()
      cursors[.connections] = Cursor()
      if view != .connections { show(.connections) }
    case .enter:
      if view == .connections, cursor.index < lineCount, case .group(let group) = connections[cursor.index] {
        connections.toggle(group)
        return []
      }
      return [.detail]
    case .character("e"): return [.explain]
    case .character("x"): return [.askExport]
    case .character("+"), .character("="): return change(interval, by: -1)
    case .character("-"), .character("_"): return change(interval, by: 1)
    case .character("["): return [.step(.sampleEarlier)]
    case .character("]"): return [.step(.sampleLater)]
    case .character("{"): return [.step(.tenMinutesEarlier)]
    case .character("}"): return [.step(.tenMinutesLater)]
    case .character("@"): prompt = (.time, LineEditor())
    case .character("n"): return [.now]
    default: break
    }
    return []
  }

  private mutating func say(_ text: String) -> [LiveEffect] {
    message = Message(text: text)
    return []
  }

  private mutating func show(_ view: View) {
    self.view = view
  }

  /// Esc: what was filtered is shown again, and what is frozen goes on.
  private mutating func clear() -> [LiveEffect] {
    frozenUntil = 0
    if filterText.isEmpty { return [] }
    return [.filter("")]
  }

  private mutating func change(_ interval: Int64, by step: Int) -> [LiveEffect] {
    let choices = Self.intervals
    let next =
      step < 0
      ? choices.last { $0 < interval } ?? choices[0] : choices.first { $0 > interval } ?? choices.last!
    return next == interval ? [] : [.setInterval(next)]
  }

  // MARK: - Order

  private mutating func sortByNext() {
    switch view {
    case .connections: connections.sort = connections.sort.next
    case .listeners: listeners.sort = listeners.sort.next
    case .services: services.sort = services.sort.next
    case .events: message = Message(text: "events are in the order of time")
    }
    frozenUntil = 0
  }

  private mutating func reverseSort() {
    switch view {
    case .connections: connections.isReversed.toggle()
    case .listeners: listeners.isReversed.toggle()
    case .services: services.isReversed.toggle()
    case .events: message = Message(text: "events are in the order of time")
    }
    frozenUntil = 0
  }

  // MARK: - The cursor

  /// Moves the cursor; false for a key that does not.
  private mutating func move(_ key: Key, _ now: Int64) -> Bool {
    let last = max(0, lineCount - 1)
    var target = cursor.index
    switch key {
    case .up, .character("k"), .control("p"): target -= 1
    case .down, .character("j"), .control("n"): target += 1
    case .pageUp, .control("b"): target -= max(1, visibleLines - 1)
    case .pageDown, .control("f"): target += max(1, visibleLines - 1)
    case .control("u"): target -= max(1, visibleLines / 2)
    case .control("d"): target += max(1, visibleLines / 2)
    case .home, .character("g"): target = 0
    case .end, .character("G"): target = last
    default: return false
    }
    target = min(max(0, target), last)
    cursor.index = target
    // At the end where news comes, it stays there.
    let isAtNews = view == .events ? target == last : target == 0
    cursor.line = isAtNews ? nil : line(at: target)
    if !isAtNews { frozenUntil = now + Self.freeze } else { frozenUntil = 0 }
    keepCursorVisible()
    return true
  }

  /// Scrolls as far as it takes to see the cursor.
  mutating func keepCursorVisible() {
    let count = lineCount
    let seen = visibleLines
    cursor.index = min(max(0, cursor.index), max(0, count - 1))
    if cursor.index < cursor.top { cursor.top = cursor.index }
    if cursor.index >= cursor.top + seen { cursor.top = cursor.index - seen + 1 }
    cursor.top = min(max(0, cursor.top), max(0, count - seen))
  }

  // MARK: - What is in front of the table

  private mutating func takeInPage(_ key: Key) -> [LiveEffect] {
    guard var (page, top) = page else { return [] }
    let seen = pageRows.count
    let last = max(0, page.lines.count - seen)
    switch key {
    case .up, .character("k"), .control("p"): top -= 1
    case .down, .character("j"), .control("n"): top += 1
    case .pageUp, .control("b"): top -= seen
    case .pageDown, .control("f"), .character(" "): top += seen
    case .home, .character("g"): top = 0
    case .end, .character("G"): top = last
    case .escape, .enter, .character("q"), .character("?"), .character("e"):
      self.page = nil
      return []
    default: return []
    }
    top = min(max(0, top), last)
    self.page = (page, top)
    page.lines = []
    return []
  }

  private mutating func takeInPrompt(_ key: Key) -> [LiveEffect] {
    guard let (kind, typed) = prompt else { return [] }
    var editor = typed
    switch key {
    case .escape:
      prompt = nil
      filterError = nil
      return kind == .filter ? [.filter("")] : []
    case .enter:
      let text = editor.string
      if kind == .filter {
        // What is no filter stays to be mended.
        if filterError == nil { prompt = nil }
        return []
      }
      prompt = nil
      if text.allSatisfy({ $0 == " " }) { return [] }
      return [kind == .time ? .goTo(text) : .export(text)]
    default:
      let before = editor.string
      guard editor.take(key) else { return [] }
      prompt = (kind, editor)
      return kind == .filter && editor.string != before ? [.filter(editor.string)] : []
    }
  }
}
