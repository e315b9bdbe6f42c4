// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import connwatch

struct LiveBookTests {
  private func marks(_ book: LiveBook, _ ids: [Int64]) -> [LiveBook.Mark?] {
    ids.map { book.place(of: $0).map(book.mark) }
  }

  private func kinds(_ book: LiveBook) -> [String] {
    book.events.map { happening in
      switch happening {
      case .event(let event): "\(event.life.id) \(event.kind.rawValue)"
      case .gap(let gap): gap.cause
      }
    }
  }

  @Test
  func `The first refresh marks and tells nothing`() {
    var book = LiveBook()
    let gap = Gap(
      since: LiveScene.moment(0), until: LiveScene.moment(1), cause: "recorder stopped", samples: 1)
    book.apply(
      .init(
        time: LiveScene.moment(2), current: [LiveScene.life(1), LiveScene.life(2, .synSent)],
        finished: [LiveScene.life(3).ended()], gaps: [gap]))
    #expect(marks(book, [1, 2, 3]) == [LiveBook.Mark.none, LiveBook.Mark.none, nil])
    #expect(book.events.isEmpty)
    #expect((book.count, book.countGone, book.placeCount) == (2, 0, 2))
    #expect(Array(book.rates) == [LiveBook.Rate()])
  }

  @Test
  func `Marks are shown for three refreshes, and what is gone is kept as long`() {
    let lives = (1...3).map { LiveScene.life($0) }
    var book = LiveScene.book(lives)
    book.next([LiveScene.life(4), lives[0].then(.closeWait)], finished: [lives[1].ended()])
    for _ in 0..<3 {
      #expect(marks(book, [1, 2, 3, 4]) == [.changed, .closed, LiveBook.Mark.none, .opened])
      #expect((book.count, book.countGone) == (3, 1))
      book.next()
    }
    #expect(marks(book, [1, 2, 3, 4]) == [LiveBook.Mark.none, nil, LiveBook.Mark.none, LiveBook.Mark.none])
    #expect((book.count, book.countGone, book.placeCount) == (3, 0, 4))
    #expect(book.isUsed == [true, false, true, true])
    #expect(book.changedAt == [2, 5, 1, 2])
    book.next([LiveScene.life(5)])
    #expect(book.place(of: 5) == 1)
    #expect(marks(book, [5]) == [.opened])
  }

  @Test
  func `What is gone is kept up to a number where that is asked for`() {
    var book = LiveScene.book([LiveScene.life(1)])
    book.keepsClosed = true
    let most = Int64(LiveBook.mostClosed)
    book.next(finished: (2...most + 101).map { LiveScene.life($0).ended() })
    #expect(book.countGone == LiveBook.mostClosed)
    #expect(book.place(of: 101) == nil && book.place(of: 102) != nil)
    for _ in 0..<4 { book.next() }
    #expect(book.countGone == LiveBook.mostClosed)
    book.keepsClosed = false
    book.next()
    #expect((book.countGone, book.count) == (0, 1))
  }

  @Test
  func `A refresh is told and counted`() {
    var book = LiveScene.book([LiveScene.life(1), LiveScene.life(2)])
    var ended = LiveScene.life(1).then(.timeWait)
    ended.closedOffset = 1_000_000
    let listener = LiveScene.listener(7, LiveScene.end("0.0.0.0", 22))
    book.next([LiveScene.life(6), ended, listener], finished: [LiveScene.life(2).ended(at: 1_500_000)])
    #expect(kinds(book) == ["1 closed", "2 closed", "6 opened", "7 listening"])
    #expect(book.rates.last == LiveBook.Rate(opened: 1, closed: 2, span: 1_000_000))
    #expect(book.newListeners == 1)
    // Only what is new of it, also after its end.
    book.next([ended.then(.close, at: 3_000_000)], finished: [LiveScene.life(8, second: 2).ended()])
    #expect(
      kinds(book) == [
        "1 closed", "8 opened", "2 closed", "1 changed", "8 closed", "6 opened", "7 listening",
      ])
    #expect(book.rates.last == LiveBook.Rate(opened: 1, closed: 1, span: 1_000_000))
    #expect((book.firstEvent, book.eventChanges) == (0, 1))
  }

  @Test
  func `Events and rates are bounded`() {
    var book = LiveScene.book([])
    for turn in 0..<130 {
      book.next((0..<100).map { LiveScene.life(Int64(turn * 100 + $0) + 1) })
    }
    #expect(book.events.count == EventLog.most)
    #expect(book.firstEvent == 130 * 100 - EventLog.most)
    #expect(kinds(book).first == "\(book.firstEvent + 1) opened")
    #expect(book.rates.count == LiveBook.mostRates)
  }

  @Test
  func `A verdict that comes later is told with the event`() {
    var book = LiveScene.book([])
    var listener = LiveScene.listener(1, LiveScene.end("0.0.0.0", 22))
    book.next([listener])
    book.next((2..<400).map { LiveScene.life($0) })
    listener.verdict = .new
    listener.owner = LiveScene.owner("sshd", 5)
    book.next([listener])
    guard case .event(let event) = book.events[0] else {
      Issue.record("no event")
      return
    }
    #expect(event.life.verdict == .new)
    #expect(event.life.owner.process?.name == "sshd")
    #expect(book.eventChanges == 1)
    // A later refresh that knows of none takes nothing away.
    listener.verdict = nil
    book.next([listener])
    #expect(book.place(of: 1).map { book.lives[$0].verdict } == .some(.new))
  }

  @Test
  func `Other moments are shown there and back`() {
    let lives = (1...3).map { LiveScene.life($0) }
    var book = LiveBook()
    book.show([lives[0], lives[1]], events: [], at: LiveScene.moment(10))
    #expect(marks(book, [1, 2]) == [LiveBook.Mark.none, LiveBook.Mark.none])
    for _ in 0..<4 {
      book.show([lives[1], lives[2]], events: [.event(lives[2].events[0])], at: LiveScene.moment(20))
      #expect(marks(book, [1, 3]) == [.closed, .opened])
      #expect((book.count, book.countGone) == (2, 1))
      #expect(kinds(book) == ["3 opened"])
      book.show([lives[0], lives[1].then(.closeWait)], events: [], at: LiveScene.moment(10))
      #expect(marks(book, [1, 2, 3]) == [.opened, .changed, .closed])
      #expect((book.count, book.countGone) == (2, 1))
      #expect(book.events.isEmpty)
    }
    for _ in 0..<3 { book.show([lives[0]], events: [], at: LiveScene.moment(5)) }
    #expect((book.count, book.countGone) == (1, 1))
    book.show([lives[0]], events: [], at: LiveScene.moment(5))
    #expect((book.count, book.countGone) == (1, 0))
    // Two new ones get places of their own.
    book.show((4...9).map { LiveScene.life($0) }, events: [], at: LiveScene.moment(6))
    #expect(Set((4...9).map { book.place(of: $0) }).count == 6)
    #expect((book.newListeners, book.rates.count) == (0, 0))
  }

  @Test(arguments: [false, true])
  func `Counts are right under random refreshes`(_ keepsClosed: Bool) {
    var random = SeededRandom(seed: keepsClosed ? 1 : 2)
    var book = LiveScene.book([])
    book.keepsClosed = keepsClosed
    var there: [Int64: Life] = [:]
    var next: Int64 = 1
    for _ in 0..<300 {
      let update = RandomRefresh(&there, &next, &random)
      book.next(update.current, finished: update.finished)
      var states = [Int](repeating: 0, count: book.states.count)
      for life in there.values { states[life.state.place] += 1 }
      #expect(book.states == states)
      let used = (0..<book.placeCount).filter { book.isUsed[$0] }
      #expect(used.filter { !book.isGone[$0] }.count == there.count)
      #expect(used.count == book.count + book.countGone)
      #expect(used.allSatisfy { book.place(of: book.lives[$0].id) == $0 })
      if !keepsClosed { #expect(book.placeCount < 200) }
    }
  }
}
