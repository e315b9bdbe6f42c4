// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore

extension LiveState {
  /// What a line of the view is; nil where there is none.
  func line(at index: Int) -> LineID? {
    guard index >= 0, index < lineCount else { return nil }
    switch view {
    case .connections:
      switch connections[index] {
      case .socket(let place): return .life(connections.life(at: place))
      case .group(let group): return .group(connections.group(group).identity)
      }
    case .listeners: return listeners.items[index].place.map(LineID.listener) ?? .rule(index)
    case .services:
      let use = services.uses[index]
      return .service(use.transport, use.port, use.direction)
    case .events: return .event(events.numbers[index])
    }
  }

  /// The places of the connections that are seen.
  var visiblePlaces: [Int] {
    guard view == .connections else { return [] }
    return visible.compactMap { index in
      if case .socket(let place) = connections[index] { return place }
      return nil
    }
  }

  /// What the cursor is on.
  var currentLine: LineID? { line(at: cursor.index) }

  /// Shows what fits a filter; one that is none is marked, and the one before stays in force.
  mutating func filter(_ text: String, _ names: Names) {
    do throws(FilterError) {
      filter = try Filter(text.allSatisfy { $0 == " " } ? [] : [text], names)
      filterText = text
      filterError = nil
      frozenUntil = 0
    } catch {
      filterError = error
    }
  }

  /// Brings the view up to date with the book, and the cursor with the view.
  mutating func settle(_ book: LiveBook, _ names: Names, now: Int64) {
    connections.isFrozen = isFrozen(now)
    switch view {
    case .connections: connections.sync(book, names: names)
    case .listeners: listeners.sync(book, names: names)
    case .services: services.sync(book, names: names)
    case .events: events.sync(book)
    }
    follow(book)
    keepCursorVisible()
  }

  /// Puts the cursor where its line has gone; one whose line is gone stays where it is.
  private mutating func follow(_ book: LiveBook) {
    guard let line = cursor.line else {
      cursor.index = view == .events ? max(0, lineCount - 1) : 0
      return
    }
    let found: Int? =
      switch line {
      case .life(let life):
        connections.index(ofLife: life, in: book)
      case .listener(let place): listeners.items.firstIndex { $0.place == place }
      case .group(let key): connections.index(ofGroup: key)
      case .service(let transport, let port, let direction):
        services.uses.firstIndex {
          $0.transport == transport && $0.port == port && $0.direction == direction
        }
      case .rule(let index): index
      case .event(let number): events.index(ofNumber: number)
      }
    if let found {
      // It moves with what is around it: what somebody reads stays where it is on the screen.
      cursor.top += found - cursor.index
      cursor.index = found
    } else {
      cursor.index = min(cursor.index, max(0, lineCount - 1))
      cursor.line = self.line(at: cursor.index)
    }
  }
}
