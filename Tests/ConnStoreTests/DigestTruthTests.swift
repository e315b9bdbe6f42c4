// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import ConnStore

private func process(_ name: String) -> SocketOwner {
  SocketOwner(
    process: OwningProcess(pid: 7, startTime: 1, name: name, exe: nil, unit: nil, container: nil))
}

/// Digests and rollups say nothing that rows do not, whatever happens to the rows after they were made.
@Suite struct DigestTruthTests {
  private static let lives = Rollup.span
  private let scratch: Scratch
  private let writer: HistoryWriter

  init() throws {
    scratch = try Scratch()
    writer = try scratch.writer()
  }

  /// Records as many lives as make a rollup and some more, a second each, of which these go on.
  private func record(open: Set<Int64>, without gone: ClosedRange<Int64>? = nil) throws {
    for first in stride(from: 1, through: Self.lives + 1, by: 4096) {
      let ids = (first..<first + 4096).filter { gone?.contains($0) != true }
      try writer.write(
        makeBatch(
          first + 4096, next: first, current: ids.filter(open.contains).map { makeLife($0, opened: $0) },
          finished: ids.filter { !open.contains($0) }.map { makeLife($0, opened: $0, closed: $0 + 1) }))
    }
    try digest()
  }

  private func digest(at second: Int64 = 40_000) throws {
    try writer.digest(after: makeBatch(second, next: Self.lives + 1))
  }

  private func count(_ table: String) throws -> Int64? {
    try writer.connection.integer("SELECT count(*) FROM \(table)")
  }

  private func expectTruth(_ filters: [String] = ["process late"]) throws {
    let bareFile = try Scratch()
    let digested = try HistoryReader(path: scratch.path)
    _ = try digested.backup(to: bareFile.path)
    let connection = try Connection(path: bareFile.path, mode: .write)
    try connection.run("DELETE FROM digest; DELETE FROM digest_life; DELETE FROM rollup; DELETE FROM late")
    let bare = try HistoryReader(path: bareFile.path)
    for text in [""] + filters {
      var query = LifeQuery()
      if !text.isEmpty {
        let words = text.split(separator: " ").map(String.init)
        query.condition = try Filter(words, services: .builtIn) { Int($0).map { UInt32($0) } }.sql()
        #expect(try digested.lives(query).map(\.id) == bare.lives(query).map(\.id), "\(text)")
      }
      let uses = try digested.services(query, directions: [.inbound, .outbound]).map { "\($0)" }
      #expect(try uses == bare.services(query, directions: [.inbound, .outbound]).map { "\($0)" }, "\(text)")
    }
    #expect(try digested.check() == [])
  }

  @Test func aLifeThatIsGivenUpIsCountedNoMore() throws {
    try record(open: [10])
    #expect(try count("rollup") == 1)
    var batch = makeBatch(40_001, next: Self.lives + 1)
    batch.dropped = [10]
    try writer.write(batch)
    try expectTruth()
    try digest()
    #expect(try count("rollup") == 1)
    try expectTruth()
  }

  @Test func anOpeningThatIsToldLaterMovesTheFirst() throws {
    try record(open: [10])
    try writer.write(makeBatch(40_001, next: Self.lives + 1, current: [makeLife(10, opened: -50)]))
    try expectTruth()
    try digest()
    try expectTruth()
    try writer.write(
      makeBatch(40_002, next: Self.lives + 1, finished: [makeLife(10, opened: -60, closed: 40_002)]))
    try expectTruth()
  }

  @Test func aRollupOfABlockWithoutDigestIsHeldToItsRows() throws {
    try record(open: [10, 20_000])
    // The first block's digest goes with the lives that are taken out, and the rollup, which is made anew.
    #expect(try writer.connection.removeOldestLives(100) == 100)
    var other = makeLife(20_000, opened: 20_000)
    other.owner = process("early")
    try writer.write(makeBatch(40_001, next: Self.lives + 1, current: [other]))
    try digest()
    #expect(try count("rollup") == 1)
    var life = makeLife(10, opened: 10)
    life.owner = process("late")
    try writer.write(makeBatch(40_002, next: Self.lives + 1, current: [life]))
    try expectTruth()
    life.closedOffset = 40_003_000_000
    try writer.write(makeBatch(40_003, next: Self.lives + 1, finished: [life]))
    try expectTruth()
  }

  @Test func aLifeInABlockOfNoneIsFound() throws {
    try record(open: [], without: 8192...12_287)
    #expect(try count("rollup") == 1)
    var life = makeLife(9000, opened: 9000, closed: 9001)
    life.owner = process("late")
    try writer.write(makeBatch(40_002, next: Self.lives + 1, finished: [life]))
    try expectTruth()
  }

  @Test func whatIsUndoneIsComparedAgain() throws {
    try record(open: [10])
    var life = makeLife(10, opened: 10)
    life.owner = process("late")
    let batch = makeBatch(40_001, next: Self.lives + 1, current: [life])
    try writer.connection.run(
      "CREATE TRIGGER full BEFORE INSERT ON sample BEGIN SELECT raise(ABORT, 'full'); END")
    #expect(throws: StoreError.self) { try writer.write(batch) }
    try expectTruth()
    try writer.connection.run("DROP TRIGGER full")
    try writer.write(batch)
    try expectTruth()
    try digest()
    try expectTruth()
  }

  /// A machine without a clock of its own begins in 1970 each time.
  @Test func pruningTakesOnlyTheDigestsOfWhatGoes() throws {
    try record(open: [])
    try writer.connection.run(
      "UPDATE sample SET first = 0, last = 1, next_life = 30000 WHERE id = (SELECT max(id) FROM sample)")
    try writer.connection.run("UPDATE life SET opened = 5 WHERE id = 25000")
    let digests = try #require(try count("digest"))
    #expect(try writer.connection.removeLives(closedBefore: moment(100), limit: 1000) > 50)
    #expect(try count("digest") == digests - 2)
    try expectTruth()
  }

  /// A scanner, each of whose connections is to another host: counting them again in every level gains nothing, and
  /// would take gigabytes of the recorder's memory.
  @Test(arguments: [(100, 1), (3_000, 0)])
  func rollupsOfTooMuchAreNotJoined(profiles: UInt32, joined: Int64) throws {
    let last = Rollup.fanOut - 1
    for number in 0..<last {
      var rollup = Rollup()
      for place in 0..<profiles {
        rollup.insert(
          Profile(
            kind: 8, service: 80, local: 1, remote: UInt32(number) * profiles + place, program: 0, netns: 0),
          client: 40_000, opened: 1, last: 2)
      }
      let add = try writer.connection.prepare("INSERT INTO rollup VALUES(\(number), 1, 1, ?, ?)")
      add.bind(1, blob: rollup.profileBytes)
      add.bind(2, blob: rollup.sumBytes)
      try add.run()
    }
    let ids = last * Rollup.span..<(last + 1) * Rollup.span
    try writer.write(
      makeBatch(40_000, next: ids.lowerBound, finished: ids.map { makeLife($0, closed: 1) }))
    try writer.digest(after: makeBatch(40_001, next: ids.upperBound))
    let levels = "SELECT count(*) FROM rollup WHERE id"
    #expect(try writer.connection.integer("\(levels) = \(last)") == 1)
    #expect(try writer.connection.integer("\(levels) >> 48 = 1") == joined)
  }

  /// Connections that were opened when the clock was years ahead, and go on.
  @Test func aClockThatWasAheadStopsNoDigesting() throws {
    let years: Int64 = 100_000_000
    try writer.write(
      makeBatch(years, next: 1, current: (1...4096).map { makeLife($0, opened: years + $0) }))
    try writer.digest(after: makeBatch(10, next: 4097))
    #expect(try count("digest") == 1)
  }
}

/// What only a damaged file has harms nobody.
@Suite struct DamagedNumbersTests {
  private func scratch(_ sql: String) throws -> Scratch {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    try writer.write(
      makeBatch(5000, next: 1, finished: (1...4096).map { makeLife($0, opened: $0, closed: $0 + 1) }))
    try writer.digest(after: makeBatch(5000, next: 4097))
    try writer.connection.run(
      "INSERT INTO rollup SELECT 0, 0, 1, profiles, x'00' FROM digest WHERE block = 0; DELETE FROM sample; \(sql)"
    )
    return scratch
  }

  private func numbers(_ scratch: Scratch) throws -> [Int64] {
    let reader = try HistoryReader(path: scratch.path)
    var query = LifeQuery()
    query.condition = try Filter(["dport", "=", ":80"], services: .builtIn) { _ in nil }.sql()
    let numbers = try reader.lives(query).map(\.id)
    query.condition = try Filter(["dport", "=", ":81"], services: .builtIn) { _ in nil }.sql()
    #expect(try reader.lives(query).isEmpty)
    query = LifeQuery()
    query.until = Timestamp(microseconds: 0)
    #expect(try reader.services(query, directions: [.outbound]).isEmpty)
    _ = try reader.check()
    return numbers
  }

  @Test(arguments: [1 << 40, 1 << 62, Int64.max - 1])
  func numbersFarApart(id: Int64) throws {
    let scratch = try scratch("UPDATE life SET id = \(id) WHERE id = 4096")
    #expect(try numbers(scratch).count == 4096)
    _ = try scratch.writer()
  }

  @Test(arguments: ["-5", "-40000"])
  func numbersBelowZero(id: String) throws {
    #expect(try numbers(scratch("UPDATE life SET id = \(id) WHERE id = 7")).count == 4096)
    #expect(try numbers(scratch("DELETE FROM life WHERE id > 1; UPDATE life SET id = \(id)")).count == 1)
  }

  @Test(arguments: [Int64.max, 1 << 60, -1, .min])
  func blocksBeyondAll(block: Int64) throws {
    let scratch = try scratch(
      """
      INSERT INTO digest SELECT \(block), traits, profiles FROM digest;
      INSERT INTO digest_life SELECT \(block), ports, numbers FROM digest_life;
      INSERT INTO rollup SELECT \(block) >> 8, 0, 1, profiles, sums FROM rollup;
      INSERT INTO rollup VALUES((6 << 48) + (1 << 47), 0, 1, x'00', x''), ((1 << 48) - 1, 0, 1, x'00', x'')
      """)
    #expect(try numbers(scratch).count == 4096)
    let writer = try scratch.writer(at: 6000)
    try writer.write(makeBatch(6000, next: 4097, current: [makeLife(4097, opened: 6000)]))
    try writer.digest(after: makeBatch(6000, next: 4098))
  }

  @Test func portsThatAreNone() throws {
    let scratch = try scratch("DELETE FROM digest; DELETE FROM digest_life; DELETE FROM rollup")
    let writer = try scratch.writer()
    try writer.connection.run("UPDATE life SET rport = 65616 WHERE id = 7")
    try writer.digest(after: makeBatch(5000, next: 4097))
    #expect(try numbers(scratch).count == 4095)
  }
}
