// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import ConnStore

/// FTP's data connections as one service: the same from rows, rollups and both.
@Suite struct FTPServicesTests {
  private static let server: UInt32 = 0x0A00_0063
  private let scratch: Scratch
  private let writer: HistoryWriter

  init() throws {
    scratch = try Scratch()
    writer = try scratch.writer()
  }

  private func owner(_ name: String, _ pid: Int32) -> SocketOwner {
    SocketOwner(process: OwningProcess(pid: pid, startTime: 1, name: name))
  }

  private func life(
    _ id: Int64, _ local: UInt16, _ remote: UInt16, _ opened: Int64, _ closed: Int64?,
    _ direction: Direction = .outbound, name: String = "lftp", pid: Int32 = 5, host: UInt32 = server
  ) -> Life {
    var life = makeLife(
      id, opened: opened, closed: closed, localPort: local, remote: host, owner: owner(name, pid))
    life.remote.port = remote
    life.direction = direction
    return life
  }

  /// 50 files fetched in two sessions, one actively, beside others' connections; ids in opening order.
  private func session(_ first: Int64) -> [Life] {
    var lives = [life(first, 40000, 21, first, first + 60), life(first + 1, 40001, 21, first, nil)]
    for number in 2..<50 {
      let id = first + Int64(number)
      let port = UInt16(50_000 + number)
      lives.append(life(id, 41_000 + UInt16(number), port, id, id + 1, pid: number % 2 == 0 ? 5 : 6))
    }
    lives.append(life(first + 50, 43_000, 20, first + 50, first + 51, .inbound))
    // On a port that was one of the data's too, and of a program that has nothing to do with it.
    lives.append(life(first + 51, 44_000, 50_003, first + 51, first + 52, name: "x", pid: 9))
    lives.append(life(first + 52, 44_001, 50_004, first + 52, nil, name: "x", pid: 9, host: 7))
    return lives
  }

  private func lines(_ query: LifeQuery = LifeQuery(), _ directions: Set<Direction> = [.outbound]) throws
    -> [String]
  {
    try HistoryReader(path: scratch.path).services(query, directions: directions).map {
      "\($0.direction.name) \($0.port) hosts \($0.remoteHosts) conns \($0.connections) open \($0.open) "
        + "ports \($0.localPorts.count) \($0.processes.joined(separator: ","))"
    }
  }

  private static let joined = [
    "out 21 hosts 1 conns 2 open 1 ports 2 lftp", "out 20 hosts 1 conns 49 open 0 ports 49 lftp",
    "out 50003 hosts 1 conns 1 open 0 ports 1 x", "out 50004 hosts 1 conns 1 open 1 ports 1 x",
  ]

  private func write(_ lives: [Life], _ second: Int64, _ next: Int64) throws {
    try writer.write(
      makeBatch(
        second, next: next, current: lives.filter { $0.closedOffset == nil },
        finished: lives.filter { $0.closedOffset != nil }))
  }

  @Test func dataIsOneServiceAfterItsControl() throws {
    try write(session(1), 100, 54)
    #expect(try lines() == Self.joined)
    // Both directions: what the server opened is with the rest of it.
    #expect(try lines(LifeQuery(), [.inbound, .outbound]) == Self.joined)
    #expect(try lines(LifeQuery(), [.inbound]) == [])
  }

  @Test func filtersAndRangesHold() throws {
    try write(session(1), 100, 54)
    var query = LifeQuery()
    query.condition = try Filter(["process", "x"], services: .builtIn) { _ in nil }.sql()
    #expect(try lines(query) == Array(Self.joined[2...]))
    query.condition = try Filter(["dport", "=", ":50003"], services: .builtIn) { _ in nil }.sql()
    #expect(
      try lines(query).sorted() == [
        "out 20 hosts 1 conns 1 open 0 ports 1 lftp", "out 50003 hosts 1 conns 1 open 0 ports 1 x",
      ])
    query = LifeQuery()
    query.since = moment(40)
    #expect(try lines(query)[1] == "out 20 hosts 1 conns 13 open 0 ports 13 lftp")
  }

  @Test func aServerIsTheOtherWayAround() throws {
    var lives = [life(1, 21, 40000, 1, nil, .inbound, name: "vsftpd")]
    for number: Int64 in 2..<10 {
      lives.append(
        life(number, 50_000 + UInt16(number), 41_000, number, number + 1, .inbound, name: "vsftpd"))
    }
    lives.append(life(10, 20, 41_001, 10, 11, .outbound, name: "vsftpd"))
    try write(lives, 100, 11)
    #expect(try lines() == [])
    #expect(
      try lines(LifeQuery(), [.inbound]) == [
        "in 21 hosts 1 conns 1 open 1 ports 1 vsftpd", "in 20 hosts 1 conns 9 open 0 ports 9 vsftpd",
      ])
  }

  /// A filter on the direction is asked of the service that data is shown as, not of each connection alone.
  @Test func aDirectionIsThatOfTheControl() throws {
    func lines(_ word: String) throws -> [String] {
      var query = LifeQuery()
      query.condition = try Filter(["direction", word], services: .builtIn) { _ in nil }.sql()
      return try self.lines(query, [.inbound, .outbound])
    }
    try write(session(1), 100, 54)
    #expect(try lines("out") == Self.joined)
    #expect(try lines("in") == [])
    let server: UInt32 = 9
    try write(
      [
        life(54, 21, 40000, 54, nil, .inbound, name: "vsftpd", host: server),
        life(55, 50_055, 41_000, 55, 56, .inbound, name: "vsftpd", host: server),
        life(56, 20, 41_001, 56, 57, .outbound, name: "vsftpd", host: server),
      ], 200, 57)
    #expect(
      try lines("in") == [
        "in 21 hosts 1 conns 1 open 1 ports 1 vsftpd", "in 20 hosts 1 conns 2 open 0 ports 2 vsftpd",
      ])
    #expect(try lines("out") == Self.joined)
  }

  /// Among so many others that all but the open ones come from a rollup.
  @Test func rollupsTellTheSame() throws {
    let lives = session(10_000)
    let taken = Set(lives.map(\.id))
    for first in stride(from: Int64(1), through: Rollup.span, by: 4096) {
      let others = (first..<first + 4096).filter { !taken.contains($0) }.map {
        makeLife($0, opened: $0, closed: $0 + 1)
      }
      let own = lives.filter { (first..<first + 4096).contains($0.id) }
      try write((others + own).sorted { $0.id < $1.id }, first + 4096, first)
    }
    try writer.digest(after: makeBatch(40_000, next: Rollup.span + 1))
    #expect(try writer.connection.integer("SELECT count(*) FROM rollup") == 1)
    let digested = try lines()
    #expect(digested.filter { !$0.hasPrefix("out 80 ") } == Self.joined)
    try writer.connection.run(
      "DELETE FROM digest; DELETE FROM digest_life; DELETE FROM rollup; DELETE FROM late")
    #expect(try lines() == digested)
  }

  @Test func theControlOfAConnectionIsFound() throws {
    let lives = session(1)
    try write(lives, 100, 54)
    let reader = try HistoryReader(path: scratch.path)
    #expect(try reader.ftpControl(of: lives[2])?.id == 2)
    #expect(try reader.ftpControl(of: lives[50])?.id != nil)
    #expect(try reader.ftpControl(of: lives[51]) == nil)
    #expect(try reader.ftpControl(of: lives[0]) == nil)
  }
}
