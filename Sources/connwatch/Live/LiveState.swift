// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Everything that decides what the screen shows beside the book: changed by keys, and never by looking at it.
struct LiveState {
  /// What is shown in the middle of the screen.
  enum View: Int, CaseIterable, Sendable {
    case connections = 1
    case listeners, services, events

    var title: String {
      switch self {
      case .connections: "Connections"
      case .listeners: "Listeners"
      case .services: "Services"
      case .events: "Events"
      }
    }
  }

  /// What a line of a view is, whatever its place.
  enum LineID: Hashable, Sendable {
    case life(Int64)
    case group(ProcessGroup.Identity)
    /// A listener, by its place in the book.
    case listener(Int)
    case service(Transport, UInt16, Direction)
    /// A rule that nothing answers to, by its place among the lines.
    case rule(Int)
    /// The number of an event.
    case event(Int)
  }

  /// Where in a view somebody is.
  struct Cursor: Equatable, Sendable {
    var index = 0
    var top = 0
    /// What it is on; nil where it stays at its end of the list whatever comes.
    var line: LineID?
  }

  /// What is being typed.
  enum Prompt: Equatable, Sendable {
    /// The filter.
    case filter
    /// A moment to go to.
    case time
    /// A file to write to.
    case export

    var title: String {
      switch self {
      case .filter: "Filter: "
      case .time: "Go to time: "
      case .export: "Export to: "
      }
    }
  }

  /// Something to say in the line above the keys.
  struct Message: Equatable, Sendable {
    var text: String
    var isError = false
  }

  /// What a text in place of the table is about.
  enum Topic: Sendable {
    case keys
    case detail(Life)
    case explanation(Life)
  }

  /// How long after a movement of the cursor rows keep their places, in microseconds.
  static let freeze: Int64 = 3_000_000
  /// The smallest screen: an IPv6 address with its port has to fit.
  static let leastSize = Frame.Size(columns: 52, rows: 8)
  /// What `+` and `-` choose from, in microseconds.
  static let intervals: [Int64] = [
    100_000, 250_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 30_000_000, 60_000_000,
  ]

  var size: Frame.Size
  var view = View.connections
  var cursors: [View: Cursor] = [:]
  var shapes: [View: TableShape] = [:]

  var connections = ConnectionList()
  var listeners = ListenerList()
  var services = ServiceList()
  var events = EventList()

  /// What is shown of all sockets, and as it was typed.
  var filter = Filter.everything {
    didSet {
      connections.filter = filter
      services.filter = filter
      events.filter = filter
    }
  }
  var filterText = ""
  /// The socket tables that are shown.
  var protos = ProtoSet.all {
    didSet {
      connections.protos = protos
      services.protos = protos
      events.protos = protos
    }
  }
  /// Why what is being typed is no filter.
  var filterError: FilterError?
  var prompt: (kind: Prompt, editor: LineEditor)?
  var message: Message?
  /// Sentences that are still to be shown, each once.
  var notes: [String] = []
  /// A text in place of the table, and its first line that is shown.
  var page: (page: Page, top: Int)?
  /// What that text is about, for it to be wrapped anew.
  var topic: Topic?

  var isPaused = false
  var frozenUntil: Int64 = 0
  /// The moment of the past that is shown.
  var past: PastMoment?
  var showsPortNames = false
  var resolvesHosts = false
  var showsClosed = false
  /// Host names as far as they are known.
  var hosts: [IPAddress: String] = [:]

  init(size: Frame.Size) { self.size = size }

  /// The cursor of the view that is shown.
  var cursor: Cursor {
    get { cursors[view] ?? Cursor() }
    set { cursors[view] = newValue }
  }

  /// How many lines the view has.
  var lineCount: Int {
    switch view {
    case .connections: connections.count
    case .listeners: listeners.items.count
    case .services: services.uses.count
    case .events: events.count
    }
  }

  /// The first rows of the screen; fewer on a small one.
  var headerRows: Int { size.rows >= 16 ? 4 : 2 }
  /// The rows of the table, its header among them.
  var tableRows: Range<Int> { headerRows..<max(headerRows + 2, size.rows - 2) }
  /// The rows of a text in place of the table.
  var pageRows: Range<Int> { 2..<max(3, size.rows - 2) }
  /// How many lines of the table are seen.
  var visibleLines: Int {
    ScreenTable<ListRow>.capacity(tableRows.count, shapes[view] ?? TableShape())
  }
  /// The lines that are seen.
  var visible: Range<Int> {
    let top = min(cursor.top, lineCount)
    return top..<min(lineCount, top + visibleLines)
  }

  /// True where lines keep their places for the time being.
  func isFrozen(_ now: Int64) -> Bool { isPaused || now < frozenUntil }
}
