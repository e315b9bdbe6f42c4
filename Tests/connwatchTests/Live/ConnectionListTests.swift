// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import connwatch

struct ConnectionListTests {
  private let names = Names()

  private static let lives = [
    LiveScene.life(
      1, .timeWait, local: LiveScene.end("10.0.0.2", 50000), remote: LiveScene.end("192.0.2.9", 80),
      owner: SocketOwner(unknown: .exited), second: 30),
    LiveScene.life(
      2, local: LiveScene.end("10.0.0.1", 22), remote: LiveScene.end("9.9.9.9", 61000), direction: .inbound,
      owner: LiveScene.owner("sshd", 900), second: 10),
    LiveScene.life(
      3, proto: .tcp6, local: LiveScene.end("::1", 443), remote: LiveScene.end("::1", 51000),
      direction: .inbound, owner: LiveScene.owner("nginx", 1200), second: 20),
    LiveScene.life(
      4, .unconnected, proto: .udp, local: LiveScene.end("0.0.0.0", 45000),
      remote: LiveScene.end("0.0.0.0", 0), role: .bound, direction: nil, owner: LiveScene.owner("nginx", 77),
      second: 20),
    LiveScene.life(
      5, .synSent, proto: .tcp6, local: LiveScene.end("2001:db8::1", 40000),
      remote: LiveScene.end("2001:db8::9", 443), owner: LiveScene.owner("curl", 4000), second: 40),
    LiveScene.listener(6, LiveScene.end("0.0.0.0", 22), owner: LiveScene.owner("sshd", 800)),
  ]
  private static let traffic: [Int64: Traffic] = [
    2: Traffic(bytesIn: 10, bytesOut: 700), 3: Traffic(bytesIn: 500, bytesOut: 30),
    5: Traffic(bytesIn: 10, bytesOut: 0),
  ]

  private func list(_ book: LiveBook, _ change: (inout ConnectionList) -> Void = { _ in }) -> ConnectionList {
    var list = ConnectionList()
    change(&list)
    list.sync(book, names: names)
    return list
  }

  @Test(
    arguments: [
      (.state, "3 2 5 1 4", "4 1 5 3 2"), (.proto, "2 1 5 3 4", "4 5 3 2 1"),
      (.local, "3 4 2 1 5", "5 1 2 4 3"), (.remote, "3 2 1 5 4", "5 1 2 3 4"),
      (.service, "1 5 3 2 4", "2 5 3 1 4"), (.direction, "3 2 5 1 4", "5 1 3 2 4"),
      (.age, "5 1 4 3 2", "2 4 3 1 5"), (.pid, "4 2 3 5 1", "5 3 2 4 1"),
      (.process, "5 4 3 2 1", "2 3 4 5 1"), (.bytesIn, "3 5 2 4 1", "5 2 3 4 1"),
      (.bytesOut, "2 3 5 4 1", "5 3 2 4 1"),
    ] as [(SortColumn, String, String)])
  func `Each column sorts both ways, the newer first and the unknown last`(
    _ column: SortColumn, _ forwards: String, _ backwards: String
  ) {
    let book = LiveScene.book(Self.lives, traffic: Self.traffic)
    var list = list(book) { $0.sort = column }
    #expect(list.shown(book).joined(separator: " ") == forwards)
    list.isReversed = true
    list.sync(book, names: names)
    #expect(list.shown(book).joined(separator: " ") == backwards)
  }

  @Test
  func `What is asked for is shown`() throws {
    let book = LiveScene.book(Self.lives)
    var list = list(book)
    for (words, protos, roles, expected) in [
      ("state established", ProtoSet.all, [.connection, .bound], ["3", "2"]),
      ("process nginx", .all, [.connection, .bound], ["4", "3"]),
      ("port 22", .all, [.connection, .listener], ["2", "6"]),
      ("", .udpTables, [.connection, .bound], ["4"]), ("", .all, [.listener], ["6"]),
      ("dst 10.0.0.0/8", .all, [.connection], []),
    ] as [(String, ProtoSet, Set<Life.Role>, [String])] {
      list.filter = try LiveScene.filter(words)
      (list.protos, list.roles) = (protos, roles)
      list.sync(book, names: names)
      #expect(list.shown(book) == expected, "\(words)")
    }
  }

  @Test
  func `Nothing moves while it is frozen, and all that is owed is done then`() throws {
    var book = LiveScene.book((1...4).map { LiveScene.life($0) })
    let filter = try LiveScene.filter("state established")
    var list = list(book) { $0.filter = filter }
    #expect(list.shown(book) == ["4", "3", "2", "1"])
    list.isFrozen = true
    book.next(
      [LiveScene.life(3).then(.closeWait), LiveScene.life(5), LiveScene.life(6)],
      finished: [LiveScene.life(2).ended()])
    list.sync(book, names: names)
    #expect(list.shown(book) == ["4", "3", "2", "1", "6", "5"])
    for _ in 0..<3 { book.next() }
    // The place of 2 is another's now.
    book.next([LiveScene.life(7)])
    #expect(book.place(of: 7) == 1)
    list.sync(book, names: names)
    #expect(list.shown(book) == ["4", "3", "1", "6", "5", "7"])
    #expect(list.index(ofLife: 1, in: book) == 2)
    #expect(list.index(ofLife: 2, in: book) == nil)
    list.isFrozen = false
    list.sync(book, names: names)
    #expect(list.shown(book) == ["7", "6", "5", "4", "1"])
  }

  @Test
  func `A place that was another's while nobody looked shows who is there`() {
    var book = LiveScene.book((1...3).map { LiveScene.life($0) })
    var list = list(book)
    book.next(finished: [LiveScene.life(3).ended()])
    for _ in 0..<3 { book.next() }
    book.next([LiveScene.life(8, second: 0)])
    #expect(book.place(of: 8) == 2)
    list.sync(book, names: names)
    #expect(list.shown(book) == ["2", "1", "8"])
    #expect(list.index(ofLife: 3, in: book) == nil)
  }

  @Test
  func `Groups are processes, the one with most sockets first`() {
    var lives = Self.lives
    lives += [7, 8].map {
      LiveScene.life(
        $0, remote: LiveScene.end("192.0.2.\($0)", 22), owner: LiveScene.owner("curl", 4000), second: 5)
    }
    var book = LiveScene.book(lives)
    var list = list(book) { $0.isGrouped = true }
    #expect(
      list.shown(book) == ["curl", "5", "8", "7", "exited", "1", "nginx", "4", "nginx", "3", "sshd", "2"])
    #expect((list.socketCount, list.groupCount) == (7, 5))
    guard case .group(let number) = list[0], case .group(let unknown) = list[4] else {
      Issue.record("no group")
      return
    }
    let group = list.group(number)
    #expect((group.sockets, group.pid, group.remoteHosts) == (3, 4000, 3))
    #expect(group.states[0] == 2 && group.states[1] == 1)
    #expect(group.services(names) == ["ssh", "https"])
    #expect(list.group(unknown).whyUnknown == .exited)
    list.toggle(number)
    #expect(list.shown(book).prefix(3) == ["curl", "exited", "1"])
    #expect(list.isCollapsed(number))
    book.next(finished: [7, 8].map { LiveScene.life($0, owner: LiveScene.owner("curl", 4000)).ended() })
    for _ in 0..<3 { book.next() }
    list.sync(book, names: names)
    #expect(list.shown(book) == ["curl", "exited", "1", "nginx", "4", "nginx", "3", "sshd", "2"])
    #expect(list.index(ofLife: 5, in: book) == nil)
    list.toggle(number)
    #expect(list.index(ofLife: 5, in: book) == 1)
  }

  @Test
  func `Traffic of a few places is found, also of one that is gone`() {
    var book = LiveScene.book(Self.lives, traffic: Self.traffic)
    var gone = LiveScene.life(9).ended()
    gone.traffic = Traffic(bytesIn: 1, bytesOut: 2)
    book.next(finished: [gone])
    let found = book.traffic(of: [0, 1, 2, 6])
    #expect(
      found == [
        1: Traffic(bytesIn: 10, bytesOut: 700), 2: Traffic(bytesIn: 500, bytesOut: 30), 6: gone.traffic,
      ])
  }

  @Test(arguments: SortColumn.allCases, [false, true])
  func `It is the same as sorting everything from scratch`(_ column: SortColumn, _ isGrouped: Bool) throws {
    var random = SeededRandom(seed: UInt64(column.header.count * 7 + (isGrouped ? 1 : 0)))
    var book = LiveScene.book([])
    var there: [Int64: Life] = [:]
    var next: Int64 = 1
    var list = ConnectionList()
    list.sort = column
    list.isGrouped = isGrouped
    list.isReversed = Bool.random(using: &random)
    list.filter = try LiveScene.filter("not state time-wait")
    list.sync(book, names: names)
    var before: [String] = []
    for turn in 0..<200 {
      let refresh = RandomRefresh(&there, &next, &random)
      var update = LiveBook.Update(time: book.time + 1, current: refresh.current, finished: refresh.finished)
      let carried = there.mapValues { _ in
        Traffic(bytesIn: UInt64.random(in: 0..<9, using: &random), bytesOut: 5)
      }
      update.samples = [nil: LiveScene.sample(there.values.sorted { $0.id < $1.id }, carried)]
      book.apply(update)
      if Int.random(in: 0..<3, using: &random) == 0 { continue }
      list.isFrozen = turn % 40 > 25
      list.sync(book, names: names)
      let shown = list.shown(book)
      var scratch = list
      scratch.invalidate()
      scratch.isFrozen = false
      scratch.sync(book, names: names)
      let wanted = scratch.shown(book)
      if !list.isFrozen {
        #expect(shown == wanted)
      } else if !isGrouped {
        let kept = before.filter { Int64($0).flatMap { book.place(of: $0) } != nil }
        #expect(Array(shown.prefix(kept.count)) == kept)
        #expect(Set(wanted).isSubset(of: shown))
        #expect(Set(shown).count == shown.count)
      }
      #expect(scratch.socketCount == 0 || isGrouped || wanted == sorted(wanted, book, scratch))
      before = shown
    }
    #expect(next > 500)
  }

  /// By comparing what the rows show, for the columns where that is simple.
  private func sorted(_ ids: [String], _ book: LiveBook, _ list: ConnectionList) -> [String] {
    func life(_ id: String) -> Life { book.lives[book.place(of: Int64(id) ?? 0) ?? 0] }
    func isBefore(_ left: Life, _ right: Life) -> Bool? {
      func compare<Value: Comparable>(_ left: Value?, _ right: Value?) -> Bool? {
        if left == right { return nil }
        guard let left, let right else { return right == nil }
        return (left < right) != list.isReversed
      }
      switch list.sort {
      case .local:
        return compare(left.local.address, right.local.address) ?? compare(left.local.port, right.local.port)
      case .service:
        return compare(
          left.servicePort.flatMap { names.service($0, left.proto.transport) },
          right.servicePort.flatMap { names.service($0, right.proto.transport) })
      case .age: return compare(right.firstSeen, left.firstSeen)
      case .process:
        return compare(left.owner.process?.name, right.owner.process?.name)
          ?? compare(left.owner.process?.pid, right.owner.process?.pid)
      case .pid: return compare(left.owner.process?.pid, right.owner.process?.pid)
      default: return nil
      }
    }
    guard [.local, .service, .age, .process, .pid].contains(list.sort) else { return ids }
    return ids.sorted { isBefore(life($0), life($1)) ?? (life($0).id > life($1).id) }
  }
}
