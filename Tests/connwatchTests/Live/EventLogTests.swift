// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import connwatch

/// Events in the order of time, also those that are told late, and none that turned out not to be so.
struct EventLogTests {
  private func told(_ book: LiveBook) -> [String] {
    book.events.map { happening in
      switch happening {
      case .event(let event): "\(event.life.id) \(event.kind.rawValue) \(event.to?.name ?? "-")"
      case .gap: "gap"
      }
    }
  }

  @Test
  func `What is told late goes where it belongs`() {
    var book = LiveScene.book([LiveScene.life(1)])
    book.next([LiveScene.life(2, second: 20)])
    book.next([LiveScene.life(3, second: 10), LiveScene.life(4, second: 30)])
    #expect(told(book).map { $0.prefix(1) } == ["3", "2", "4"])
    let gap = Gap(since: LiveScene.moment(15), until: LiveScene.moment(16), cause: "overrun", samples: 1)
    book.next(gaps: [gap])
    #expect(told(book).map { $0.prefix(1) } == ["3", "g", "2", "4"])
  }

  /// A row that is seen before the kernel's word of its steps: it is told as it was in the end, and counted once.
  @Test
  func `What turns out otherwise is told anew`() {
    var book = LiveScene.book([LiveScene.life(1)])
    var row = LiveScene.life(2, .timeWait, second: 20)
    row.closedOffset = 0
    book.next([row, LiveScene.life(3, second: 21)])
    #expect(told(book) == ["2 opened TIME_WAIT", "2 closed -", "3 opened ESTABLISHED"])
    var traced = LiveScene.life(2, .synSent, second: 19)
    traced.laterSteps = [
      Life.Step(.established, at: 100), Life.Step(.finWait1, at: 200), Life.Step(.timeWait, at: 300),
    ]
    traced.closedOffset = 300
    book.next([traced])
    #expect(
      told(book) == [
        "2 opened SYN_SENT", "2 changed ESTABLISHED", "2 changed FIN_WAIT1", "2 closed TIME_WAIT",
        "3 opened ESTABLISHED",
      ])
    #expect(book.rates.last == LiveBook.Rate(opened: 0, closed: 0, span: 1_000_000))
    // Nothing is told twice after that.
    book.next(finished: [traced])
    #expect(told(book).count == 5)
  }

  @Test
  func `What was there before anybody looked is not told when more is known of it`() {
    let life = LiveScene.life(1, second: -100)
    var book = LiveScene.book([life])
    var revised = LiveScene.life(1, .synSent, second: -101)
    revised.laterSteps = [Life.Step(.established, at: 5)]
    book.next([revised])
    #expect(told(book) == [])
    book.next([revised.then(.closeWait, at: 102_000_000)])
    #expect(told(book) == ["1 changed CLOSE_WAIT"])
  }

  @Test
  func `A life is a beginning of what it becomes`() {
    let life = LiveScene.life(1)
    let later = life.then(.finWait1, at: 5)
    #expect(life.isBeginning(of: life) && life.isBeginning(of: later))
    #expect(!later.isBeginning(of: life))
    #expect(!later.isBeginning(of: life.then(.finWait2, at: 5)))
    #expect(!later.isBeginning(of: life.then(.finWait1, at: 6)))
    #expect(later.isBeginning(of: later.ended(at: 9)))
    #expect(!later.ended(at: 9).isBeginning(of: later.ended(at: 8)))
    #expect(!LiveScene.life(1, second: 3).isBeginning(of: life))
    #expect(!LiveScene.life(1, .synSent).isBeginning(of: life))
  }
}
