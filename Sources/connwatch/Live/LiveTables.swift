// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore

extension LiveFrame {
  /// The least columns of a screen that shows what connections carry.
  static let trafficColumns = 110

  /// Draws the table of the view, of which only the lines that are seen are made.
  func drawTable(_ state: inout LiveState, _ frame: inout Frame) {
    let rows = state.tableRows
    var shape = state.shapes[state.view] ?? TableShape()
    var text = ScreenText(
      names: surroundings.names, zone: surroundings.zone, showsPortNames: state.showsPortNames,
      hosts: state.resolvesHosts ? state.hosts : [:], showsDate: showsDates(state))
    switch state.view {
    case .connections:
      ScreenTable<ListRow>(
        columns: connectionColumns(state), stackable: [.remote, .local],
        sorted: (state.connections.sort.field, arrow(state.connections.isReversed))
      ).draw(connectionLines(state), in: rows, of: &frame, &text, &shape)
    case .listeners:
      ScreenTable<ListenerRow>(
        columns: ListenerRow.table, stackable: [.local],
        sorted: (state.listeners.sort.field, arrow(state.listeners.isReversed))
      ).draw(listenerLines(state), in: rows, of: &frame, &text, &shape)
    case .services:
      ScreenTable<ServiceRow>(
        columns: ServiceRow.table, sorted: (state.services.sort.field, arrow(state.services.isReversed))
      ).draw(serviceLines(state), in: rows, of: &frame, &text, &shape)
    case .events:
      ScreenTable<EventRow>(columns: Self.eventColumns, stackable: [.remote, .local], sorted: nil)
        .draw(eventLines(state), in: rows, of: &frame, &text, &shape)
    }
    state.shapes[state.view] = shape
    if state.lineCount == 0 {
      frame.put(emptiness(state), row: rows.lowerBound + 2, column: ScreenTable<ListRow>.margin, look: .dim)
    }
  }

  /// True where times have room for their dates.
  private func showsDates(_ state: LiveState) -> Bool { state.size.columns >= 120 }

  private func arrow(_ isReversed: Bool) -> Character {
    surroundings.isUnicode ? (isReversed ? "▲" : "▼") : (isReversed ? "^" : "v")
  }

  /// Why there is nothing to see.
  private func emptiness(_ state: LiveState) -> String {
    if book.refresh == 0 { return "reading…" }
    if let past = state.past, !past.hasTable { return "nothing was recorded then" }
    if !state.filterText.isEmpty { return "nothing fits the filter (Esc clears it)" }
    return switch state.view {
    case .connections: "no connections"
    case .listeners: "nobody listens"
    case .services: "no connections whose service is known"
    case .events: state.past == nil ? "nothing has happened yet" : "nothing had happened"
    }
  }

  // MARK: - Connections

  /// True where what connections carry has a place on the screen.
  func showsTraffic(_ state: LiveState) -> Bool {
    state.past == nil && state.size.columns >= Self.trafficColumns && status.sources.contains(.netlink)
  }

  private func connectionColumns(_ state: LiveState) -> [TableColumn<ListRow.Field>] {
    var columns = ListRow.table
    let end = columns.firstIndex { $0.field == .pid } ?? columns.endIndex
    if showsTraffic(state) {
      columns[end..<end] = [
        TableColumn(.bytesIn, "IN", drop: 0), TableColumn(.bytesOut, "OUT", drop: 0),
      ]
    }
    if book.samples.count > 1 { columns.insert(TableColumn(.netns, drop: 7), at: 2) }
    return columns
  }

  private func connectionLines(_ state: LiveState) -> [ScreenTable<ListRow>.Line] {
    var contexts = RowContexts(names: surroundings.names, time: book.time)
    return state.visible.map { index in
      let isSelected = index == state.cursor.index
      switch state.connections[index] {
      case .socket(let place):
        var row = book.row(place, &contexts)
        if let carried = traffic[place] { row.traffic = carried }
        // Root may look everywhere, and has not yet come to who holds it.
        if surroundings.isRoot, book.mark(place) == .opened, row.owner.whyUnknown == .noPermission {
          row.owner = .notLookedUp
        }
        let (mark, look) = Self.mark(book.mark(place))
        return .init(content: .row(row, row.socket.proto), mark: mark, look: look, isSelected: isSelected)
      case .group(let group):
        return .init(
          content: .heading(heading(group, state)), isSelected: isSelected)
      }
    }
  }

  private func heading(_ number: Int, _ state: LiveState) -> Page.Line {
    let group = state.connections.group(number)
    let isFolded = state.connections.isCollapsed(number)
    let fold = surroundings.isUnicode ? (isFolded ? "▸ " : "▾ ") : (isFolded ? "> " : "v ")
    var line = [Page.Run(fold + HostileText.escaped(group.name), .bold)]
    if let pid = group.pid { line.append(Page.Run(" (\(pid))")) }
    line.append(Page.Run("  \(group.sockets) \(group.sockets == 1 ? "socket" : "sockets")"))
    for socketState in SocketState.named where group.states[socketState.place] > 0 {
      let count = group.states[socketState.place]
      line.append(Page.Run("  \(count) "))
      line.append(Page.Run(socketState.name, Look(Style(of: socketState))))
    }
    if group.remoteHosts > 0 {
      line.append(Page.Run("  \(group.remoteHosts) \(group.remoteHosts == 1 ? "host" : "hosts")"))
    }
    let services = group.services(surroundings.names)
    if !services.isEmpty {
      line.append(Page.Run("  " + HostileText.escaped(services.joined(separator: ",")), .dim))
    }
    return line
  }

  /// The sign of what has happened to a socket, and the look of its line.
  static func mark(_ mark: LiveBook.Mark) -> (String, Look?) {
    switch mark {
    case .none: (" ", nil)
    case .opened: ("+", Look(.green))
    case .changed: ("~", Look(.yellow))
    case .closed: ("-", Look(.red))
    }
  }

  // MARK: - The other views

  private func listenerLines(_ state: LiveState) -> [ScreenTable<ListenerRow>.Line] {
    state.visible.map { index in
      let row = state.listeners.items[index].row
      var (mark, look) = state.listeners.items[index].place.map { Self.mark(book.mark($0)) } ?? (" ", nil)
      if mark != "-", row.verdict.isFinding, !book.policy.isEmpty { (mark, look) = ("!", Look(.brightRed)) }
      return .init(
        content: .row(row, row.listener.proto), mark: mark, look: look,
        isSelected: index == state.cursor.index)
    }
  }

  private func serviceLines(_ state: LiveState) -> [ScreenTable<ServiceRow>.Line] {
    state.visible.map { index in
      let use = state.services.uses[index]
      let name = surroundings.names.service(use.port, use.transport)
      let row = ServiceRow(use: use, name: name, isTable: true)
      return .init(
        content: .row(row, nil), look: use.open == 0 ? .dim : nil, isSelected: index == state.cursor.index)
    }
  }

  /// As in `events`. What has happened is told by the mark too, but not the state.
  private static let eventColumns = EventRow.table.map { column in
    var column = column
    if column.field == .event { column.dropOrder = 6 }
    if column.field == .state { column.dropOrder = nil }
    return column
  }

  private func eventLines(_ state: LiveState) -> [ScreenTable<EventRow>.Line] {
    state.visible.map { index in
      let happening = book.events[state.events[index]]
      let isSelected = index == state.cursor.index
      switch happening {
      case .gap(let gap):
        let time = gap.since.text(in: surroundings.zone, showsDates(state) ? .full : .short)
        let words = "\(time)  \(HostileText.escaped(EventRow.words(gap)))"
        return .init(
          content: .heading([Page.Run(words, Look(.brightRed))]), mark: "!", look: Look(.brightRed),
          isSelected: isSelected)
      case .event(let event):
        let row = EventRow(names: surroundings.names, happening: happening)
        return .init(
          content: .row(row, event.life.proto), mark: Self.mark(event.kind), isSelected: isSelected)
      }
    }
  }

  private static func mark(_ kind: Event.Kind) -> String {
    switch kind {
    case .opened, .listening: "+"
    case .changed: "~"
    case .closed, .unlistened: "-"
    }
  }

  // MARK: - What is said below

  /// What a view is sorted by; its column may have had no room.
  private static func order(_ sort: some SortChoice, _ isReversed: Bool) -> String {
    "by \(sort.header)\(isReversed ? ", reversed" : "")"
  }

  /// What is to be said of the line that the cursor is on, or of the view.
  func remark(_ state: LiveState) -> String? {
    switch state.view {
    case .listeners:
      guard state.visible.contains(state.cursor.index) else { return nil }
      let row = state.listeners.items[state.cursor.index].row
      var words: [String] = []
      if row.verdict.isFinding, let reason = row.judgement.reason {
        words.append("\(row.verdict.rawValue): \(reason)")
      }
      if case .text(let risk) = row.value(.risk) { words.append("risk: \(risk)") }
      if words.isEmpty, book.policy.isEmpty {
        return "no expected set yet (connwatch listeners accept --all begins one)"
      }
      return words.isEmpty
        ? Self.order(state.listeners.sort, state.listeners.isReversed) : words.joined(separator: "; ")
    case .services where state.services.unknown > 0:
      return "\(state.services.unknown) sockets, of which it is not known who connected, are not among them"
    case .connections: return Self.order(state.connections.sort, state.connections.isReversed)
    case .services: return Self.order(state.services.sort, state.services.isReversed)
    case .events: return book.forgotten
    }
  }
}

/// What the rows of one network namespace share, made once for each.
struct RowContexts {
  let names: Names
  let time: Timestamp
  private var known: [String?: ListRow.Context] = [:]

  init(names: Names, time: Timestamp) {
    self.names = names
    self.time = time
  }

  mutating func context(_ netns: String?) -> ListRow.Context {
    if let context = known[netns] { return context }
    let context = ListRow.Context(names: names, time: time, netns: netns)
    known[netns] = context
    return context
  }
}

extension LiveBook {
  /// The row of the socket at a place, as a list shows it.
  func row(_ place: Int, _ contexts: inout RowContexts) -> ListRow {
    let life = lives[place]
    let socket = SocketRow(
      proto: life.proto, state: life.state, local: life.local, remote: life.remote, inode: life.inode,
      rawUID: life.rawUID)
    return ListRow(
      context: contexts.context(life.netns), socket: socket, role: life.role, direction: life.direction,
      owner: life.owner,
      // Since when one is open that was there before anybody looked is not known.
      firstSeen: isOpeningKnown(life) ? life.firstSeen : nil, traffic: life.traffic, isLive: false)
  }
}

extension SortColumn {
  /// The column of a list that is sorted by it.
  var field: ListRow.Field {
    switch self {
    case .state: .state
    case .proto: .proto
    case .local: .local
    case .remote: .remote
    case .service: .service
    case .direction: .direction
    case .age: .age
    case .pid: .pid
    case .process: .process
    case .bytesIn: .bytesIn
    case .bytesOut: .bytesOut
    }
  }
}

extension ListenerSortColumn {
  /// The column of a list of listeners that is sorted by it.
  var field: ListenerRow.Field {
    switch self {
    case .status: .status
    case .proto: .proto
    case .local, .port: .local
    case .service: .service
    case .exposure: .exposure
    case .firstSeen: .firstSeen
    case .pid: .pid
    case .process: .process
    }
  }
}

extension ServiceSortColumn {
  /// The column of a list of services that is sorted by it.
  var field: ServiceRow.Field {
    switch self {
    case .service: .service
    case .port: .port
    case .proto: .proto
    case .direction: .direction
    case .connections: .connections
    case .open: .open
    case .hosts: .remoteHosts
    case .localPorts: .localPorts
    case .firstSeen: .firstSeen
    case .lastSeen: .lastSeen
    case .processes: .processes
    }
  }
}

extension LiveBook {
  /// Says that there were more events than are kept; nil where all are there.
  var forgotten: String? {
    firstEvent > 0
      ? "the newest \(events.count) of \(firstEvent + events.count) events (record keeps all)" : nil
  }
}
