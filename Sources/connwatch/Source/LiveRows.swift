// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// The rows of one network namespace at this moment, each made when it is asked for: a table of them all would take
/// longer to fill than to print.
struct LiveRows: Sequence {
  let source: LiveSource
  let context: ListRow.Context
  let reading: LiveSource.Reading
  /// Those that matter; one that asks about owners, which are not known yet, lets all through.
  let filter: Filter
  /// Listeners alone are asked for.
  let onlyListeners: Bool
  private let listeners: ListenerSet

  init(
    _ reading: LiveSource.Reading, of source: LiveSource, _ context: ListRow.Context, filter: Filter,
    onlyListeners: Bool
  ) {
    self.source = source
    self.context = context
    self.reading = reading
    self.filter = filter
    self.onlyListeners = onlyListeners
    var listeners = ListenerSet()
    listeners.insert(listenersOf: reading.listeners, ephemeral: source.ephemeral)
    self.listeners = listeners
  }

  /// True where every socket that was read is shown.
  private var showsAll: Bool { !onlyListeners && (filter.matchesEverything || filter.usesOwners) }

  var underestimatedCount: Int { showsAll ? reading.snapshot.rows.count : 0 }

  func makeIterator() -> Iterator { Iterator(self) }

  struct Iterator: IteratorProtocol {
    private let rows: LiveRows
    private let sockets: [SocketRow]
    private let traffic: [Traffic?]
    private let ephemeral: EphemeralRange
    private let showsAll: Bool
    private var index = 0

    fileprivate init(_ rows: LiveRows) {
      self.rows = rows
      sockets = rows.reading.snapshot.rows
      traffic = rows.reading.snapshot.traffic
      ephemeral = rows.source.ephemeral
      showsAll = rows.showsAll
    }

    @inline(__always)
    mutating func next() -> ListRow? {
      while index < sockets.count {
        let row = row(index)
        index &+= 1
        if showsAll || isAsked(row) { return row }
      }
      return nil
    }

    @inline(__always)
    private func row(_ index: Int) -> ListRow {
      let socket = sockets[index]
      var row = ListRow(
        context: rows.context, socket: socket, role: Life.Role(socket, ephemeral: ephemeral),
        direction: Direction.infer(
          socket, listeners: rows.listeners, ephemeral: ephemeral, sawOpening: false),
        owner: .notLookedUp)
      if index < traffic.count { row.traffic = traffic[index] }
      return row
    }

    private func isAsked(_ row: ListRow) -> Bool {
      if rows.onlyListeners, row.role != .listener { return false }
      // What can be left out before owners are looked up need not be looked up.
      return rows.filter.usesOwners
        || rows.filter.matches(FilterSubject(row.socket, role: row.role, direction: row.direction))
    }
  }
}
