// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import connwatch

struct EventListTests {
  private func shown(_ list: EventList, _ book: LiveBook) -> [String] {
    (0..<list.count).map { index in
      switch book.events[list[index]] {
      case .event(let event): "\(event.life.id) \(event.kind.rawValue)"
      case .gap(let gap): gap.cause
      }
    }
  }

  @Test
  func `What fits is listed in order, and gaps unless something is asked for`() throws {
    var book = LiveScene.book([LiveScene.life(1), LiveScene.life(2, proto: .tcp6)])
    var list = EventList()
    list.sync(book)
    #expect(list.count == 0)
    let gap = Gap(since: LiveScene.moment(0), until: LiveScene.moment(1), cause: "suspended", samples: 1)
    let ended = LiveScene.life(1).ended(at: 1_500_000)
    book.next([LiveScene.life(3, proto: .udp)], finished: [ended], gaps: [gap])
    list.sync(book)
    #expect(shown(list, book) == ["suspended", "1 closed", "3 opened"])
    book.next([LiveScene.life(2, proto: .tcp6).then(.closeWait)])
    list.sync(book)
    #expect(shown(list, book) == ["suspended", "1 closed", "3 opened", "2 changed"])
    list.protos = .tcpTables
    list.sync(book)
    #expect(shown(list, book) == ["suspended", "1 closed", "2 changed"])
    list.filter = try LiveScene.filter("state close-wait")
    list.sync(book)
    #expect(shown(list, book) == ["2 changed"])
  }

  @Test
  func `It follows events that go, and others in their place`() throws {
    var book = LiveScene.book([])
    var list = EventList()
    list.filter = try LiveScene.filter("sport = :40001")
    for turn in 0..<60 {
      let lives = (0..<300).map { number in
        LiveScene.life(
          Int64(turn * 300 + number) + 1, local: LiveScene.end("10.0.0.1", 40000 + UInt16(number % 2)))
      }
      book.next(lives, finished: lives.map { $0.ended(at: 1) })
      list.sync(book)
      var scratch = list
      scratch.invalidate()
      scratch.sync(book)
      #expect(shown(list, book) == shown(scratch, book))
      #expect(list.count == book.events.count / 2)
    }
    book.show(
      [], events: [.event(LiveScene.life(1, local: LiveScene.end("::", 40001)).events[0])], at: book.time)
    list.sync(book)
    #expect(shown(list, book) == ["1 opened"])
  }
}
