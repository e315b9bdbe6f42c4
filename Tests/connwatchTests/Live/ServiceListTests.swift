// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
import Testing

@testable import connwatch

struct ServiceListTests {
  private let names = Names()

  private func lines(_ list: ServiceList) -> [String] {
    list.uses.map {
      "\($0.direction.name) \($0.port) conns \($0.connections) open \($0.open) hosts \($0.remoteHosts) "
        + "ports \($0.localPorts.count) \($0.processes.joined(separator: ","))"
    }
  }

  private func life(
    _ id: Int64, _ local: UInt16, _ remote: UInt16, _ direction: Direction? = .outbound,
    name: String = "lftp",
    pid: Int32 = 5, host: String = "192.0.2.1"
  ) -> Life {
    LiveScene.life(
      id, local: LiveScene.end(host == "127.0.0.1" ? host : "10.0.0.1", local),
      remote: LiveScene.end(host, remote), direction: direction, owner: LiveScene.owner(name, pid))
  }

  @Test
  func `Services are summed up, and those that end are taken out`() throws {
    var book = LiveScene.book([
      life(1, 40000, 443, name: "curl"), life(2, 40001, 443, name: "firefox", host: "192.0.2.2"),
      life(3, 22, 50000, .inbound, name: "sshd"), life(4, 40002, 9000, nil),
      LiveScene.listener(5, LiveScene.end("0.0.0.0", 22)),
    ])
    var list = ServiceList()
    list.sync(book, names: names)
    #expect(
      lines(list) == [
        "out 443 conns 2 open 2 hosts 2 ports 2 curl,firefox", "in 22 conns 1 open 1 hosts 1 ports 1 sshd",
      ])
    #expect(list.unknown == 1)
    #expect(list.uses.first?.firstSeen == LiveScene.moment(1))
    #expect(list.uses.first?.lastSeen == book.time)
    let ends = [1, 2].map { Int64($0) }.map { book.lives[book.place(of: $0) ?? 0].ended() }
    book.next(finished: ends)
    list.sync(book, names: names)
    #expect(lines(list).first == "out 443 conns 2 open 0 hosts 2 ports 2 curl,firefox")
    #expect(list.uses.first?.lastSeen == LiveScene.moment(4))
    for _ in 0..<3 { book.next() }
    list.sync(book, names: names)
    #expect(lines(list) == ["in 22 conns 1 open 1 hosts 1 ports 1 sshd"])
    list.filter = try LiveScene.filter("direction unknown")
    list.sync(book, names: names)
    #expect(lines(list) == [] && list.unknown == 1)
  }

  @Test
  func `What has both ends here counts once, unless a direction is asked for`() throws {
    let book = LiveScene.book([
      life(1, 40000, 631, host: "127.0.0.1"), life(2, 631, 40000, .inbound, name: "cupsd", host: "127.0.0.1"),
    ])
    for (words, expected) in [
      ("", ["out 631 conns 1 open 1 hosts 1 ports 1 lftp"]),
      ("direction in", ["in 631 conns 1 open 1 hosts 1 ports 1 cupsd"]),
      ("process cupsd", []),
    ] {
      var list = ServiceList()
      list.filter = try LiveScene.filter(words)
      list.sync(book, names: names)
      #expect(lines(list) == expected, "\(words)")
    }
  }

  @Test
  func `FTP's data is one service after its control, in every order`() {
    var lives = [life(1, 40000, 21)]
    lives += (2..<12).map { life($0, 41_000 + UInt16($0), 50_000 + UInt16($0)) }
    lives.append(life(12, 43_000, 20, .inbound))
    lives.append(life(13, 44_000, 50_003, name: "x", pid: 9))
    lives += (14..<20).map { life($0, 45_000 + UInt16($0), 443, name: "curl", pid: 7) }
    var book = LiveScene.book(lives)
    var list = ServiceList()
    let ftp = [
      "out 21 conns 1 open 1 hosts 1 ports 1 lftp", "out 20 conns 11 open 11 hosts 1 ports 11 lftp",
    ]
    for column in ServiceSortColumn.allCases {
      for isReversed in [false, true] {
        (list.sort, list.isReversed) = (column, isReversed)
        list.sync(book, names: names)
        let shown = lines(list)
        #expect(shown.count == 4)
        let place = shown.firstIndex(of: ftp[0]) ?? 0
        #expect(Array(shown.dropFirst(place).prefix(2)) == ftp, "\(column) \(isReversed)")
      }
    }
    // Without its control connection it is what it is.
    book.next(finished: [lives[0].ended(at: 1)])
    for _ in 0..<3 { book.next() }
    list.sync(book, names: names)
    #expect(!lines(list).contains(ftp[1]))
    #expect(list.uses.count == 12)
  }

  @Test
  func `Columns sort both ways`() {
    let book = LiveScene.book([
      life(1, 40000, 443, name: "b"), life(2, 40001, 443, name: "b", host: "192.0.2.2"),
      life(3, 40002, 80, name: "a"), life(4, 22, 50000, .inbound, name: "c"),
      life(5, 40003, 59_999, name: "d"),
    ])
    for (column, forwards, backwards) in [
      (.connections, [443, 22, 80, 59_999], [22, 80, 59_999, 443]),
      (.port, [22, 80, 443, 59_999], [59_999, 443, 80, 22]),
      (.service, [80, 443, 22, 59_999], [22, 443, 80, 59_999]),
      (.hosts, [443, 22, 80, 59_999], [22, 80, 59_999, 443]),
      (.firstSeen, [443, 80, 22, 59_999], [59_999, 22, 80, 443]),
      (.processes, [80, 443, 22, 59_999], [59_999, 22, 443, 80]),
    ] as [(ServiceSortColumn, [UInt16], [UInt16])] {
      var list = ServiceList()
      list.sort = column
      list.sync(book, names: names)
      #expect(list.uses.map(\.port) == forwards, "\(column)")
      list.isReversed = true
      list.sync(book, names: names)
      #expect(list.uses.map(\.port) == backwards, "\(column)")
    }
  }

  @Test
  func `It is the same as summing up everything from scratch`() throws {
    var random = SeededRandom(seed: 5)
    var book = LiveScene.book([])
    var there: [Int64: Life] = [:]
    var next: Int64 = 1
    var list = ServiceList()
    list.filter = try LiveScene.filter("not process program3")
    for _ in 0..<400 {
      let refresh = RandomRefresh(&there, &next, &random)
      book.next(refresh.current, finished: refresh.finished)
      if Bool.random(using: &random) { continue }
      list.sync(book, names: names)
      var scratch = list
      scratch.invalidate()
      scratch.sync(book, names: names)
      #expect(lines(list) == lines(scratch))
      #expect(list.unknown == scratch.unknown)
      #expect(list.uses.map(\.firstSeen) == scratch.uses.map(\.firstSeen))
      #expect(list.uses.map(\.lastSeen) == scratch.uses.map(\.lastSeen))
    }
    #expect(!list.uses.isEmpty)
  }
}
