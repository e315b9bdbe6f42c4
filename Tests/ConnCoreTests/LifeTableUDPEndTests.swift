// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

/// Ends of UDP sockets, several of which can have the same ends.
@Suite struct LifeTableUDPEndTests {
  private let local = Endpoint(IPAddress(v4: 0x0A00_0001), 5353)
  private let remote = Endpoint(IPAddress(v4: 0x0A00_0002), 53)

  private struct Run {
    var table = LifeTable(seed: 5)
    var second: Int64 = 0

    /// Rows as (inode, cookie), and ends.
    mutating func see(
      _ local: Endpoint, _ remote: Endpoint, _ rows: [(UInt64, UInt64)], ends: [SocketEnd] = [], cookies: Bool
    ) -> LifeTable.Changes {
      second += 1
      var snapshot = Snapshot(
        time: Timestamp(microseconds: second * 1_000_000), bootTime: second * 1_000_000,
        rows: rows.map {
          SocketRow(
            proto: .udp, state: remote.port == 0 ? .unconnected : .established, local: local, remote: remote,
            inode: $0.0, rawUID: 1000)
        }, tables: Proto.allCases.map { TableReport(proto: $0, outcome: .read) })
      if cookies { snapshot.cookies = rows.map(\.1) }
      var heard = Heard()
      heard.hearsEnds = true
      heard.ends = ends
      return table.apply(snapshot, heard: heard)
    }
  }

  private func end(_ cookie: UInt64, _ remote: Endpoint, at boot: Int64) -> SocketEnd {
    SocketEnd(proto: .udp, local: local, remote: remote, cookie: cookie, boot: boot)
  }

  @Test(arguments: [true, false], [true, false]) func oneOfThree(_ cookies: Bool, _ isConnected: Bool) {
    let remote = isConnected ? remote : Endpoint(.anyV4, 0)
    var run = Run()
    _ = run.see(local, remote, [(7, 107), (8, 108), (9, 109)], cookies: cookies)
    let changes = run.see(
      local, remote, [(7, 107), (9, 109)], ends: [end(108, remote, at: 1_500_000)], cookies: cookies)
    if cookies {
      #expect(changes.finished.map(\.inode) == [8])
      #expect(changes.finished.first?.closedOffset == 500_000)
      #expect(changes.finished.first?.sources == [.proc, .end])
    }
    var finished = changes.finished
    for _ in 0..<4 { finished += run.see(local, remote, [(7, 107), (9, 109)], cookies: cookies).finished }
    #expect(finished.map(\.inode) == [8])
    #expect(run.table.all.map(\.inode) == [7, 9])
  }

  @Test(arguments: [true, false]) func theOnlyOne(_ cookies: Bool) {
    var run = Run()
    _ = run.see(local, remote, [(7, 107)], cookies: cookies)
    let changes = run.see(local, remote, [], ends: [end(107, remote, at: 1_500_000)], cookies: cookies)
    #expect(changes.finished.map(\.closedOffset) == [500_000])
    var later: [Life] = []
    for _ in 0..<4 { later += run.see(local, remote, [], cookies: cookies).finished }
    #expect(later.isEmpty)
    #expect(run.table.count == 0)
  }

  /// Gone before a table could show it: one life, no more exact than the tables are apart.
  @Test func neverSeen() throws {
    var run = Run()
    _ = run.see(local, remote, [], cookies: true)
    let changes = run.see(local, remote, [], ends: [end(107, remote, at: 1_250_000)], cookies: true)
    let life = try #require(changes.finished.first)
    #expect(changes.finished.count == 1)
    #expect(life.firstSeenBoot == 1_250_000)
    #expect(life.uncertainty == 250_000)
    #expect(life.closedOffset == 0)
    #expect(changes.recorded == 0)
  }

  /// Bound, gone before a table could show it, and without a remote end: no life, however many there are.
  @Test(arguments: [true, false]) func neverSeenAndUnconnected(_ cookies: Bool) {
    let remote = Endpoint(.anyV4, 0)
    var run = Run()
    _ = run.see(local, remote, [(7, 107)], cookies: cookies)
    let ends = (1...50).map {
      SocketEnd(
        proto: .udp, local: Endpoint(.anyV4, 6000 + $0), remote: remote, cookie: 200 + UInt64($0),
        boot: 1_250_000)
    }
    let changes = run.see(local, remote, [(7, 107)], ends: ends, cookies: cookies)
    #expect(changes.finished.isEmpty)
    #expect(changes.notes.isEmpty)
    #expect(run.table.all.map(\.inode) == [7])
  }

  /// The ends are used again at once by another socket, whose row is there when the message comes.
  @Test(arguments: [true, false]) func theSameEndsAtOnce(_ cookies: Bool) {
    var run = Run()
    _ = run.see(local, remote, [(7, 107)], cookies: cookies)
    var finished = run.see(
      local, remote, [(8, 108)], ends: [end(107, remote, at: 1_500_000)], cookies: cookies
    ).finished
    for _ in 0..<4 { finished += run.see(local, remote, [(8, 108)], cookies: cookies).finished }
    #expect(finished.map(\.inode) == [7])
    #expect(run.table.all.map(\.inode) == [8])
  }
}
