// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import connwatch

struct ListenerListTests {
  private let names = Names()

  private func rules(_ lines: [String]) throws -> Set<ExpectedRule> {
    Set(try lines.compactMap { try ExpectedRule(line: $0) })
  }

  private func lines(_ list: ListenerList) -> [String] {
    list.items.map { "\($0.row.verdict) \($0.row.listener.port) \($0.place.map(String.init) ?? "-")" }
  }

  private static let ssh = LiveScene.listener(
    1, LiveScene.end("0.0.0.0", 22), owner: LiveScene.owner("sshd", 10, exe: "/usr/sbin/sshd"))
  private static let mail = LiveScene.listener(
    4, LiveScene.end("0.0.0.0", 25), owner: LiveScene.owner("master", 20, exe: "/usr/sbin/master"))

  private func book() throws -> LiveBook {
    let web = [2, 3].map {
      LiveScene.listener(
        $0, LiveScene.end("0.0.0.0", 80), owner: LiveScene.owner("nginx", Int32($0), exe: "/usr/sbin/nginx"))
    }
    var book = LiveScene.book(
      [Self.ssh] + web + [Self.mail, LiveScene.listener(5, LiveScene.end("127.0.0.1", 9)), LiveScene.life(6)])
    book.policy = ExpectedSet(
      try rules([
        "tcp any 22 /usr/sbin/sshd", "tcp any 80 /usr/sbin/apache2", "tcp loopback 25 /usr/sbin/master",
        "tcp any 443 *",
      ]))
    return book
  }

  @Test
  func `Each listener once with its verdict, and what is missing`() throws {
    var list = ListenerList()
    list.sync(try book(), names: names)
    #expect(lines(list) == ["new 9 4", "expected 22 0", "widened 25 3", "changed 80 1", "gone 443 -"])
    #expect(list.findings == 3)
    #expect(list.items[3].row.firstSeen == LiveScene.moment(2))
  }

  @Test
  func `Findings are first by status, and the unknown last by process`() throws {
    var list = ListenerList()
    list.sync(try book(), names: names)
    for (column, isReversed, expected) in [
      (.status, false, [25, 80, 9, 443, 22]), (.status, true, [22, 443, 9, 80, 25]),
      (.process, false, [25, 80, 22, 9, 443]), (.process, true, [22, 80, 25, 9, 443]),
      (.port, true, [443, 80, 25, 22, 9]), (.firstSeen, false, [9, 25, 80, 22, 443]),
    ] as [(ListenerSortColumn, Bool, [UInt16])] {
      (list.sort, list.isReversed) = (column, isReversed)
      #expect(list.items.map(\.row.listener.port) == expected, "\(column) \(isReversed)")
    }
  }

  @Test
  func `One that goes is told of as missing where it is expected`() throws {
    var book = try book()
    var list = ListenerList()
    list.sync(book, names: names)
    book.next(finished: [Self.ssh.ended(), Self.mail.ended()])
    list.sync(book, names: names)
    #expect(lines(list) == ["new 9 4", "gone 22 0", "gone 25 3", "changed 80 1", "gone 443 -"])
    for _ in 0..<3 { book.next() }
    list.sync(book, names: names)
    #expect(lines(list) == ["new 9 4", "gone 22 -", "gone 25 -", "changed 80 1", "gone 443 -"])
    // Another set of rules is enough.
    book.policy = ExpectedSet(try rules(["tcp any 80 *"]))
    list.sync(book, names: names)
    #expect(lines(list) == ["new 9 4", "expected 80 1"])
  }

  @Test
  func `IPv6 alone is known by the inode`() throws {
    let lives = [7, 8].map { LiveScene.listener($0, LiveScene.end("::", UInt16($0)), proto: .tcp6) }
    var sample = LiveScene.sample(lives, [:])
    sample.v6Only = [lives[0].inode: true, lives[1].inode: false]
    var book = LiveBook()
    book.apply(.init(time: LiveScene.moment(9), current: lives, samples: [nil: sample]))
    book.policy = ExpectedSet(try rules(["tcp6 v6only 7 *", "tcp6 v6only 8 *"]))
    var list = ListenerList()
    list.sync(book, names: names)
    #expect(lines(list) == ["expected 7 0", "widened 8 1"])
  }
}
