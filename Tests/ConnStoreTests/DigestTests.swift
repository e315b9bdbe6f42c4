// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import ConnStore

/// Numbers that look random and are the same in each run.
private struct Dice {
  var state: UInt64

  mutating func roll(_ sides: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % sides
  }
}

/// A history of many small blocks, with a copy of it that has no digests: both must answer alike.
private final class Twins {
  let digested: Scratch
  private var copies: [Scratch] = []
  let writer: HistoryWriter
  private var dice = Dice(state: 7)
  private var open: [Life] = []
  private var nextID: Int64 = 1
  private var second: Int64 = 0
  private let processes = (0..<12).map { (number: Int) -> OwningProcess in
    let program = number % 7
    return OwningProcess(
      pid: Int32(100 + number), startTime: 1, name: "program\(program)", exe: "/usr/bin/program\(program)",
      unit: number % 3 == 0 ? "unit\(number).service" : nil, container: number == 5 ? "c0ffee" : nil)
  }

  init() throws {
    digested = try Scratch()
    writer = try digested.writer()
  }

  private func connection() -> Life {
    let isInbound = dice.roll(5) == 0
    let proto: Proto = [.tcp, .tcp, .tcp6, .udp][dice.roll(4)]
    let service = UInt16([443, 80, 53, 22, 8080][dice.roll(5)])
    let client = UInt16(32_768 + dice.roll(3_000))
    // One address in each block is seen nowhere else.
    let far =
      dice.roll(4_000) == 0
      ? UInt32(0xCB00_7100) + UInt32(nextID / 4096) : 0xC612_0000 + UInt32(dice.roll(40))
    let row = SocketRow(
      proto: proto, state: .established,
      local: Endpoint(IPAddress(v4: 0x0A00_0002), isInbound ? service : client),
      remote: Endpoint(IPAddress(v4: far), isInbound ? client : service), rawUID: dice.roll(3) == 0 ? 0 : 1000
    )
    let role: Life.Role = dice.roll(300) == 0 ? .listener : dice.roll(200) == 0 ? .bound : .connection
    let direction: Direction? =
      role != .connection || dice.roll(20) == 0 ? nil : isInbound ? .inbound : .outbound
    var life = Life(
      id: nextID, row: row, role: role, direction: direction,
      firstSeen: moment(second) + Int64(dice.roll(900_000)), firstSeenBoot: second * 1_000_000,
      uncertainty: 0, sources: .netlink)
    nextID += 1
    if dice.roll(10) > 0 { life.owner = SocketOwner(process: processes[dice.roll(12)]) }
    if dice.roll(50) == 0 { life.netns = "web" }
    return life
  }

  private func finish(_ life: Life) -> Life {
    var life = life
    let length = Int64(dice.roll(2_000_000)) + (second * 1_000_000 - life.firstSeenBoot)
    life.closedOffset = length
    life.lastSeenOffset = length + Int64(dice.roll(3) * 100_000)
    life.laterSteps = [
      Life.Step(dice.roll(3) == 0 ? .timeWait : dice.roll(400) == 0 ? .closing : .close, at: length)
    ]
    // What was not known before may come with the end.
    if case .notLookedUp = life.owner, dice.roll(2) == 0 {
      life.owner = SocketOwner(process: processes[dice.roll(12)])
    }
    return life
  }

  /// Records `lives` connections, most of which end in the sample that they are seen in.
  func record(_ lives: Int, digest: Bool = true) throws {
    for _ in 0..<lives / 2_000 {
      var batch = Batch(
        time: moment(second), boot: second * 1_000_000, nextLife: nextID, sockets: open.count)
      let ending = open.filter { _ in dice.roll(8) == 0 }
      let ended = Set(ending.map(\.id))
      open.removeAll { ended.contains($0.id) }
      batch.finished = ending.map(finish)
      for _ in 0..<2_000 {
        let life = connection()
        if dice.roll(40) == 0 {
          open.append(life)
          batch.current.append(life)
        } else {
          batch.finished.append(finish(life))
        }
      }
      try writer.write(batch)
      if digest { try writer.digest(after: batch) }
      second += 30
    }
  }

  func readers() throws -> (digested: HistoryReader, bare: HistoryReader) {
    let digestedReader = try HistoryReader(path: digested.path)
    let bare = try Scratch()
    copies.append(bare)
    _ = try digestedReader.backup(to: bare.path)
    let connection = try Connection(path: bare.path, mode: .write)
    try connection.run("DELETE FROM digest; DELETE FROM digest_life; DELETE FROM rollup; DELETE FROM late")
    return (digestedReader, try HistoryReader(path: bare.path))
  }
}

@Suite struct DigestTests {
  private static let filters = [
    "", "dst 198.18.0.7", "dst 203.0.113.2", "dst 203.0.113.0/24", "not dst 198.18.0.0/24", "src 10.0.0.2",
    "host 198.18.0.3", "dport = :443", "sport = :33000", "sport >= :35700", "port 33000",
    "not port >= :33000",
    "port 33000 or port 22", "service https", "service ssh", "not service domain", "process program3",
    "process program*", "process nosuch", "not process program3", "pid 105", "pid 9", "not pid 105", "user 0",
    "unit unit3", "container c0ff", "direction in", "direction unknown", "not direction out", "proto tcp6",
    "proto udp",
    "state closing", "state time-wait", "exclude time-wait", "state established", "state closing and pid 103",
    "state closing or dst 203.0.113.1", "process program2 and dst 198.18.0.9 and dport = :80",
    "(process program2 or process program5) and not direction in and sport < :33100",
    "direction in and dport = :33001", "direction in and sport = :22 and dport > :35000",
    "not (dst 198.18.0.7 or sport = :33000 or pid 105)",
  ]

  private func filter(_ text: String) throws -> Filter.SQL? {
    let words = text.split(separator: " ").map(String.init)
    return words.isEmpty ? nil : try Filter(words, services: .builtIn) { Int($0).map { UInt32($0) } }.sql()
  }

  private func queries() throws -> [(name: String, query: LifeQuery)] {
    var queries: [(String, LifeQuery)] = []
    for (place, text) in Self.filters.enumerated() {
      var query = LifeQuery()
      query.condition = try filter(text)
      if place % 4 == 0 { query.order = .oldestFirst }
      queries.append((text, query))
    }
    for (place, text) in Self.filters.enumerated() {
      var query = LifeQuery()
      query.condition = try filter(text)
      query.roles = place % 3 == 0 ? [.listener] : [.connection, .bound, .listener]
      query.since = moment(Int64(200 + 31 * place))
      if place % 2 == 0 { query.until = moment(Int64(900 + 7 * place)) }
      query.countsTimeWait = place % 5 == 0
      queries.append(("\(text) in a range", query))
      query.limit = 17
      query.since = nil
      queries.append(("\(text) to a limit", query))
    }
    return queries
  }

  /// The numbers of the finished lives of a query, in the order in which they are read.
  private func numbers(_ query: LifeQuery, _ reader: HistoryReader) throws -> [Int64] {
    var numbers: [Int64] = []
    for part in try reader.parts(query) {
      _ = try reader.eachRow(of: part, query, select: { "SELECT l.id FROM \($0)" }) { row throws(Never) in
        numbers.append(row.integer(0))
        return true
      }
    }
    return numbers
  }

  /// - Parameter sums: one in so many queries is summed up by services too.
  private func expectAlike(_ twins: Twins, sums: Int = 9) throws {
    let (digested, bare) = try twins.readers()
    for (place, (name, query)) in try queries().enumerated() {
      #expect(try numbers(query, digested) == numbers(query, bare), "\(name)")
      if query.limit != nil {
        #expect(try digested.lives(query).map(\.id) == bare.lives(query).map(\.id), "\(name)")
      }
      if place % sums == 0 {
        for directions: Set<Direction> in [[.outbound], [.inbound, .outbound]] {
          let uses = try digested.services(query, directions: directions).map { "\($0)" }
          #expect(uses == (try bare.services(query, directions: directions).map { "\($0)" }), "\(name)")
        }
      }
    }
    #expect(try digested.check() == [])
  }

  @Test func answersAreThoseOfTheRows() throws {
    let twins = try Twins()
    try twins.record(42_000)
    let (digested, _) = try twins.readers()
    let connection = digested.connection
    #expect(try connection.integer("SELECT count(*) FROM digest") ?? 0 >= 9)
    #expect(try connection.integer("SELECT count(*) FROM rollup") == 1)
    #expect(try connection.integer("SELECT count(*) FROM late") ?? 0 > 100)
    try expectAlike(twins)
  }

  @Test func theyAreAfterOldLivesWereTakenOut() throws {
    let twins = try Twins()
    try twins.record(38_000)
    let count = try twins.writer.connection.removeOldestLives(5_000)
    #expect(count == 5_000)
    try expectAlike(twins, sums: 30)
    _ = try twins.writer.connection.removeLives(closedBefore: moment(400), limit: 6_000)
    try expectAlike(twins)
    try twins.record(6_000)
    try expectAlike(twins, sums: 30)
  }

  @Test func whatWasRecordedBeforeIsDigestedLater() throws {
    let twins = try Twins()
    try twins.record(36_000, digest: false)
    try twins.record(2_000)
    let digests = try twins.writer.connection.integer("SELECT count(*) FROM digest") ?? 0
    #expect(digests > 0)
    try expectAlike(twins)
  }

  @Test func aRestartOfTheMachineEndsWhatWasDigestedOpen() throws {
    let twins = try Twins()
    try twins.record(16_000)
    _ = try twins.digested.writer(boot: "boot-2", at: 10_000)
    #expect(try twins.writer.connection.integer("SELECT count(*) FROM open_life") == 0)
    try expectAlike(twins)
  }

  @Test func aDamagedDigestIsFoundAndDoesNoHarm() throws {
    let twins = try Twins()
    try twins.record(24_000)
    try twins.writer.connection.run("UPDATE digest SET profiles = x'ff0102' WHERE block = 2")
    try twins.writer.connection.run("UPDATE digest_life SET ports = x'00' WHERE block = 3")
    try twins.writer.connection.run("DELETE FROM digest_life WHERE block = 4")
    let (digested, bare) = try twins.readers()
    #expect(try digested.check().count == 2)
    for (name, query) in try queries() {
      #expect(try numbers(query, digested) == numbers(query, bare), "\(name)")
    }
  }

  @Test func aWrongDigestIsFound() throws {
    let twins = try Twins()
    try twins.record(40_000)
    try twins.writer.connection.run(
      "DELETE FROM life WHERE id = (SELECT id FROM life WHERE id > 5000 LIMIT 1)")
    try twins.writer.connection.run(
      "UPDATE life SET rport = 1 WHERE id = (SELECT id FROM life WHERE id > 9000 LIMIT 1)")
    let (digested, _) = try twins.readers()
    #expect(
      try digested.check() == [
        "1 digests do not say what their lives do", "1 rollups do not add up to their lives",
      ])
  }
}

@Suite struct RollupTests {
  private func profile(_ dice: inout Dice) -> Profile {
    Profile(
      kind: UInt8([8, 9, 4, 5, 16][dice.roll(5)]), service: UInt16(dice.roll(9)), local: 1,
      remote: UInt32(dice.roll(1 << 20)) << UInt32(dice.roll(12)), program: UInt32(dice.roll(3)), netns: 0)
  }

  @Test func joiningGivesWhatCountingDoes() {
    var dice = Dice(state: 3)
    var whole = Rollup()
    var joined = Rollup()
    for _ in 0..<16 {
      var part = Rollup()
      let profiles = (0..<30).map { _ in profile(&dice) }
      for _ in 0..<2_000 {
        let chosen = profiles[dice.roll(dice.roll(30) + 1)]
        let client = UInt16(dice.roll(65_536))
        let opened = Int64(dice.roll(1 << 30)) - 1_000_000
        let last = opened + Int64(dice.roll(1 << 24)) - 5
        for _ in 0..<1 + dice.roll(2) { part.insert(chosen, client: client, opened: opened, last: last) }
      }
      for (profile, sum) in zip(part.profiles, part.sums) {
        for port in sum.ports.sorted {
          whole.insert(profile, client: port, opened: sum.first, last: sum.last)
        }
        if sum.ports.sorted.isEmpty { whole.insert(profile, client: 0, opened: sum.first, last: sum.last) }
      }
      let isSound = part.profileBytes.withUnsafeBytes { profiles in
        part.sumBytes.withUnsafeBytes {
          joined.insert(profiles: profiles, sums: $0, opened: part.openedFirst...part.openedLast)
        }
      }
      #expect(isSound)
    }
    #expect(joined.profiles == whole.profiles)
    for (left, right) in zip(joined.sums, whole.sums) {
      #expect(left.first == right.first && left.last == right.last && left.ports.sorted == right.ports.sorted)
    }
    #expect(joined.openedFirst == whole.openedFirst)
  }

  @Test(arguments: [0, 1, 7, 500, 513, 3_000, 30_000, 65_536])
  func portsComeBack(count: Int) {
    var ports = PortSet()
    for place in 0..<count { ports.insert(UInt16(truncatingIfNeeded: place &* 40_503)) }
    var bytes = PackedBytes()
    ports.write(to: &bytes)
    #expect(bytes.bytes.count <= 8_197)
    bytes.bytes.withUnsafeBytes { packed in
      var reader = PackedReader(packed)
      var back = PortSet()
      #expect(back.insert(packed: &reader) && reader.isAtEnd && back.sorted == ports.sorted)
      #expect(back.isSpread == (count > 512))
      var skipping = PackedReader(packed)
      #expect(PortSet.skip(packed: &skipping) && skipping.isAtEnd)
    }
  }

  @Test func damageIsNeverReadBeyondTheEnd() {
    var dice = Dice(state: 11)
    var rollup = Rollup()
    for _ in 0..<300 {
      rollup.insert(
        profile(&dice), client: UInt16(dice.roll(65_536)), opened: 5, last: Int64(dice.roll(1 << 20)))
    }
    let (profiles, sums) = (rollup.profileBytes, rollup.sumBytes)
    for _ in 0..<2_000 {
      var (profiles, sums) = (profiles, sums)
      for _ in 0..<1 + dice.roll(3) { profiles[dice.roll(profiles.count)] = UInt8(dice.roll(256)) }
      for _ in 0..<1 + dice.roll(3) { sums[dice.roll(sums.count)] = UInt8(dice.roll(256)) }
      profiles.removeLast(dice.roll(5))
      sums.removeLast(dice.roll(5))
      profiles.withUnsafeBytes { profiles in
        sums.withUnsafeBytes {
          var other = Rollup()
          _ = other.insert(profiles: profiles, sums: $0, opened: 5...9)
        }
        _ = DigestTraits(profiles)
      }
    }
  }
}
