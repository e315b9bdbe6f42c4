// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
import ProcNet

/// What is done with the line that the cursor is on, and with all of them.
extension LiveLoop {
  /// The book that is shown: a copy, so that samples need not wait.
  private var shown: LiveBook { held ?? feed.read { book, _ in book } }

  /// Everything of a line: of a connection, a listener, the connection of an event. Of a service, its connections.
  func detail() {
    switch state.currentLine {
    case .service(let transport, let port, let direction):
      let end = direction == .outbound ? "dport" : "sport"
      filter("proto \(transport.name) and direction \(direction.name) and \(end) = :\(port)")
      state.view = .connections
      state.cursor = LiveState.Cursor()
    case .group, nil: break
    case .rule: tell("nothing listens there")
    case .life, .listener, .event:
      guard let life = currentLife else { return tell("nothing was watched then") }
      attempt {
        state.page = (try page(of: life), 0)
        state.topic = .detail(life)
      }
    }
  }

  /// What a line says, in words.
  func explain() {
    guard let life = currentLife else {
      return tell("there is nothing to explain in this line")
    }
    attempt {
      state.page = (try explanation(of: life), 0)
      state.topic = .explanation(life)
    }
  }

  /// The life that the cursor is on.
  var currentLife: Life? {
    let book = shown
    switch state.currentLine {
    case .life(let life): return book.place(of: life).map { book.lives[$0] }
    case .event:
      guard case .event(let event) = book.events[state.events[state.cursor.index]] else { return nil }
      // As it is now, where it is still known.
      return book.place(of: event.life.id).map { book.lives[$0] } ?? event.life
    case .listener(let place): return book.lives[place]
    case .group, .rule, .service, nil: return nil
    }
  }

  /// Writes what the view shows to a file, all of its lines.
  func export(_ path: String) {
    attempt {
      let book = shown
      let (count, path) = try write(book, to: path)
      var words = "\(count) \(count == 1 ? "row" : "rows") written to \(path)"
      let gone = state.view == .connections ? state.connections.places.count { book.isGone[$0] } : 0
      if gone > 0 { words += "; \(gone) closed, which are no sockets any more, are left out" }
      if state.view == .events, let lost = book.forgotten { words += "; \(lost)" }
      tell(words)
    }
  }

  private func write(_ book: LiveBook, to path: String) throws(Failure) -> (rows: Int, path: String) {
    let names = surroundings.names
    switch state.view {
    case .connections:
      var rows = ExportedRows(book, names, isLive: state.past == nil)
      return try ScreenExport.write(
        state.connections.places.filter { !book.isGone[$0] }.map { rows.row($0) }, to: path,
        zone: surroundings.zone)
    case .listeners:
      return try ScreenExport.write(
        state.listeners.items.map(\.row), to: path, zone: surroundings.zone)
    case .services:
      let isTable = ScreenExport.format(of: path) == .table
      let rows = state.services.uses.map { use in
        ServiceRow(use: use, name: names.service(use.port, use.transport), isTable: isTable)
      }
      return try ScreenExport.write(rows, to: path, zone: surroundings.zone)
    case .events:
      let rows = (0..<state.events.count).map {
        EventRow(names: names, happening: book.events[state.events[$0]])
      }
      return try ScreenExport.write(rows, to: path, zone: surroundings.zone)
    }
  }
}

/// Rows of a book with what the latest sample has told of their queues and of what they carry.
private struct ExportedRows {
  private struct Key: Hashable {
    var ends: SocketEnds
    var inode: UInt64
    var netns: String?
  }

  private let book: LiveBook
  private var contexts: RowContexts
  private var sampled: [Key: (row: SocketRow, traffic: Traffic?)] = [:]

  init(_ book: LiveBook, _ names: Names, isLive: Bool) {
    self.book = book
    contexts = RowContexts(names: names, time: book.time)
    guard isLive else { return }
    for (netns, snapshot) in book.samples {
      for (index, row) in snapshot.rows.enumerated() {
        let key = Key(ends: row.ends, inode: row.inode, netns: netns)
        sampled[key] = (row, index < snapshot.traffic.count ? snapshot.traffic[index] : nil)
      }
    }
  }

  mutating func row(_ place: Int) -> ListRow {
    var row = book.row(place, &contexts)
    let netns = book.lives[place].netns
    let key = Key(ends: row.socket.ends, inode: row.socket.inode, netns: netns)
    guard !book.isGone[place], let now = sampled[key] ?? sampled[Key(ends: key.ends, inode: 0, netns: netns)]
    else { return row }
    row.socket.receiveQueue = now.row.receiveQueue
    row.socket.sendQueue = now.row.sendQueue
    row.traffic = now.traffic ?? row.traffic
    row.isLive = true
    return row
  }
}
