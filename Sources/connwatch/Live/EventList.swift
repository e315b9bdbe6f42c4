// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// What has happened, as far as it is asked for: places in the book's events, the newest last.
struct EventList: Sendable {
  var filter = Filter.everything { didSet { isStale = true } }
  var protos = ProtoSet.all { didSet { isStale = true } }

  private var isStale = true
  /// The numbers of events, counted as the book does.
  private var numbers = Queue<Int>()
  private var firstEvent = 0
  private var nextEvent = 0
  private var changes = 0

  /// How many there are.
  var count: Int { numbers.count }

  /// Where an event is in ``LiveBook/events``, as it was with the last ``sync(_:)``.
  subscript(index: Int) -> Int { numbers[index] - firstEvent }

  /// Does all anew with the next ``sync(_:)``: for another book.
  mutating func invalidate() { isStale = true }

  /// Follows the book.
  mutating func sync(_ book: LiveBook) {
    let end = book.firstEvent + book.events.count
    if isStale || changes != book.eventChanges || end < nextEvent || book.firstEvent < firstEvent {
      numbers = Queue()
      nextEvent = book.firstEvent
      isStale = false
    }
    for number in max(nextEvent, book.firstEvent)..<end where fits(book.events[number - book.firstEvent]) {
      numbers.append(number)
    }
    while let first = numbers.first, first < book.firstEvent { numbers.removeFirst(1) }
    firstEvent = book.firstEvent
    nextEvent = end
    changes = book.eventChanges
  }

  private func fits(_ happening: Recorder.Happening) -> Bool {
    guard case .event(let event) = happening else { return filter.matchesEverything }
    return protos.contains(event.life.proto)
      && (filter.matchesEverything || filter.matches(FilterSubject(event)))
  }
}

extension FilterSubject {
  /// Makes a subject of an event: a socket in the state it went into.
  fileprivate init(_ event: Event) {
    self.init(event.life)
    if let state = event.to ?? event.from { self.state = state }
  }
}
