// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore

/// Which lives are wanted, and in which order.
public struct LifeQuery: Sendable {
  /// The order of the lives.
  public enum Order: Sendable {
    /// By opening, the latest first.
    case newestFirst
    /// By opening, the earliest first.
    case oldestFirst
  }

  /// Only lives that went on at or after this moment.
  public var since: Timestamp?
  /// Only lives that were opened at or before this moment.
  public var until: Timestamp?
  /// Only lives that ended at or before this moment.
  public var endedBy: Timestamp?
  /// Counts a socket in TIME_WAIT as going on: until it was last seen, or for ``HistoryReader/timeWait`` where it was
  /// not watched.
  public var countsTimeWait = false
  /// What kinds of sockets.
  public var roles: Set<Life.Role> = [.connection]
  /// Only TCP connections that never became any: no further than SYN_SENT or SYN_RECV.
  public var attemptsOnly = false
  /// Whose lives: those of this machine unless evidence of others is asked for.
  public var hosts = HostChoice.own
  /// Only lives that match.
  public var condition: Filter.SQL?
  /// The order.
  public var order = Order.newestFirst
  /// At most so many.
  public var limit: Int?
  /// Reads in pieces, and holds no state of the database while one is handed over: for who may take a night over it, as
  /// somebody does who reads a pager. What is written meanwhile is not waited for, and may be seen.
  public var pauses = false

  /// Makes a query for every connection, newest first.
  public init() {}
}

extension HistoryReader {
  /// A life that is stored with a longer duration than this is found through an index of its own, so that a
  /// range of time need not look further back than this. In microseconds; part of the schema (`life_long`).
  static let longLife: Int64 = 600_000_000
  /// How long the kernel keeps a socket in TIME_WAIT, in microseconds (TCP_TIMEWAIT_LEN in include/net/tcp.h).
  public static let timeWait: Int64 = 60_000_000
  /// How much longer than its life a socket may be seen: twice the kernel's TIME_WAIT.
  static let longestTimeWait: Int64 = 120_000_000

  /// Hands over the lives that a query is for, one by one, in the order of their openings.
  ///
  /// Open lives are few and come from a table of their own; finished ones are walked along their numbers, which
  /// are nearly in opening order, between bounds that the samples give for the range of time.
  public func lives<Failure: Error>(
    _ query: LifeQuery, _ body: (Life) throws(Failure) -> Bool
  ) throws {
    var left = query.limit ?? .max
    guard left > 0 else { return }
    func hand(_ life: Life) throws(Failure) -> Bool {
      guard try body(life) else { return false }
      left -= 1
      return left > 0
    }
    guard let evidence = try EvidenceRows(self, query) else {
      if query.hosts.includesOwn { try ownLives(query, hand) }
      return
    }
    var next = try evidence.next()
    if query.hosts.includesOwn {
      let isNewest = query.order == .newestFirst
      var goesOn = true
      try ownLives(query) { life throws in
        while let other = next,
          isNewest ? other.firstSeen > life.firstSeen : other.firstSeen < life.firstSeen
        {
          goesOn = try hand(other)
          if !goesOn { return false }
          next = try evidence.next()
        }
        goesOn = try hand(life)
        return goesOn
      }
      if !goesOn { return }
    }
    while let other = next {
      guard try hand(other) else { return }
      next = try evidence.next()
    }
  }

  /// Hands over the lives that were recorded here, in the order of their openings.
  private func ownLives<Failure: Error>(
    _ query: LifeQuery, _ hand: (Life) throws(Failure) -> Bool
  ) throws {
    var order = OpeningOrder(query.order)
    let isWhole = try livesByNumber(query) { (life: Life) throws(Failure) in try order.add(life, hand) }
    if isWhole { _ = try order.finish(hand) }
  }

  /// Hands over lives by their numbers; false where `body` wanted no more.
  private func livesByNumber<Failure: Error>(
    _ query: LifeQuery, _ body: (Life) throws(Failure) -> Bool
  ) throws -> Bool {
    let isNewest = query.order == .newestFirst
    var open = try openLives(query)
    if isNewest { open.reverse() }
    var openPlace = open.startIndex
    let columns = LifeColumns(hasExtra: false)
    for part in try parts(query) {
      func add(_ life: Life) throws(Failure) -> Bool {
        while openPlace < open.endIndex, open[openPlace].id != life.id,
          isNewest == (open[openPlace].id > life.id)
        {
          guard try body(open[openPlace]) else { return false }
          openPlace += 1
        }
        // It has ended since the open ones were read.
        if openPlace < open.endIndex, open[openPlace].id == life.id { openPlace += 1 }
        return try body(life)
      }
      let goesOn =
        query.pauses
        ? try eachPiece(of: part, query, columns, add)
        : try eachRow(
          of: part, query, select: { LifeColumns.select(from: $0, extra: false, schema: schema) }
        ) { row throws(Failure) in
          guard let life = columns.life(row, lastSampleBoot: nil) else { return true }
          return try add(life)
        }
      guard goesOn else { return false }
    }
    for life in open[openPlace...] { guard try body(life) else { return false } }
    return true
  }

  /// How many lives are read at once where nothing is to be held between them.
  static let piece = 10_000

  /// Hands over the lives of a part in pieces, each with a read transaction of its own; false where `body` wanted no
  /// more.
  private func eachPiece<Failure: Error>(
    of part: LifePart, _ query: LifeQuery, _ columns: LifeColumns, _ body: (Life) throws(Failure) -> Bool
  ) throws -> Bool {
    var part = part
    while true {
      var piece: [Life] = []
      let isLast = try eachRow(
        of: part, query, select: { LifeColumns.select(from: $0, extra: false, schema: schema) }
      ) { row throws(Never) in
        if let life = columns.life(row, lastSampleBoot: nil) { piece.append(life) }
        return piece.count < Self.piece
      }
      for life in piece { guard try body(life) else { return false } }
      guard !isLast, let last = piece.last?.id else { return true }
      part.numbers =
        part.order == .newestFirst
        ? part.numbers.clamped(to: .min..<last) : part.numbers.clamped(to: last + 1..<(.max))
    }
  }

  /// The lives a query is for, all at once.
  public func lives(_ query: LifeQuery) throws(StoreError) -> [Life] {
    var lives: [Life] = []
    try ofStore {
      try self.lives(query) { (life: Life) throws(Never) -> Bool in
        lives.append(life)
        return true
      }
    }
    return lives
  }

  /// Runs what can fail in the store alone, though its type does not say so.
  func ofStore(_ body: () throws -> Void) throws(StoreError) {
    do {
      try body()
    } catch let error as StoreError {
      throw error
    } catch {
      throw StoreError(.other, path: path, why: "\(error)")
    }
  }

  private func openLives(_ query: LifeQuery) throws(StoreError) -> [Life] {
    let last = try lastSampleBoot()
    let (conditions, bindings) = Self.openConditions(query)
    let rows = try connection.prepare(
      LifeColumns.select(from: "open_life l", extra: true, schema: schema) + Self.whereClause(conditions)
        + " ORDER BY l.id")
    rows.bind(all: bindings)
    let columns = LifeColumns(hasExtra: true)
    var lives: [Life] = []
    while try rows.step() {
      if let life = columns.life(rows, lastSampleBoot: last) { lives.append(life) }
    }
    return lives
  }

  /// Hands over the rows of a part; false where `body` wanted no more.
  ///
  /// - Parameter select: makes a statement up to and without WHERE, from a table with its alias `l`; its first
  ///   column is the number.
  func eachRow<Failure: Error>(
    of part: LifePart, _ query: LifeQuery, select: (String) -> String,
    _ body: (Statement) throws(Failure) -> Bool
  ) throws -> Bool {
    guard let last = part.numbers.last else { return true }
    // Numbers below 0, which only damage makes, are in no block.
    let isDigested =
      schema >= 3 && part.table == "life l" && !part.filter.conditions.isEmpty && part.numbers.lowerBound >= 0
    if isDigested, query.condition != nil || query.attemptsOnly || !query.roles.contains(.connection) {
      var walk = try LifeWalk(connection, part, query, select: select)
      return try walk.run(body)
    }
    let rows = try part.prepare(select, isFiltered: true, on: connection)
    return try rows.each(part.numbers.lowerBound...last, body)
  }

  /// Where the finished lives of a query are, in the order of the query.
  func parts(_ query: LifeQuery) throws(StoreError) -> [LifePart] {
    guard let most = try connection.integer("SELECT max(id) + 1 FROM life") else { return [] }
    // Below the first there are none, so that a part can as well begin with a rollup.
    let first = try connection.integer("SELECT min(id) FROM life") ?? 0
    let least = first < 0 ? first : first / Rollup.span * Rollup.span
    var part = LifePart(filter: Self.filterConditions(query), numbers: least..<most, order: query.order)
    if let until = query.until {
      part.time.conditions.append("l.opened <= ?")
      part.time.bindings.append(.integer(until.microseconds))
      if let bound = try firstLife(after: until) { part.numbers = part.numbers.clamped(to: .min..<bound) }
    }
    if let ended = query.endedBy {
      part.time.conditions.append("l.opened + l.duration <= ?")
      part.time.bindings.append(.integer(ended.microseconds))
    }
    guard let since = query.since?.microseconds else { return [part] }
    let bound = try firstLife(reaching: since)
    let end = query.countsTimeWait ? Self.endOfTimeWait : "l.duration"
    part.time.conditions.append("l.opened + \(end) >= ?")
    part.time.bindings.append(.integer(since))
    var long = part
    long.table = "life l INDEXED BY life_long"
    long.time.conditions.append("l.duration > \(Self.longLife)")
    long.numbers = part.numbers.clamped(to: .min..<bound)
    part.numbers = part.numbers.clamped(to: bound..<(.max))
    return query.order == .newestFirst ? [part, long] : [long, part]
  }

  /// How long after its opening the socket of a finished life was there.
  private static let endOfTimeWait = """
    max(l.seen, l.duration + iif(l.seen <= l.duration
      AND l.path IN (SELECT id FROM path WHERE last = 'TIME_WAIT'), \(timeWait), 0))
    """

  /// A number below which no life reaches `since`, long ones apart.
  private func firstLife(reaching since: Int64) throws(StoreError) -> Int64 {
    let opened = since - Self.longLife - Self.longestTimeWait
    // Lives outlast the samples of their time: only a sample from before tells that those before it are too old.
    guard try connection.integer("SELECT 1 FROM sample WHERE last < \(opened) LIMIT 1") != nil else {
      return 0
    }
    // Without a sample after it, what was opened after it came after the last sample, told by the kernel.
    if let bound = try connection.integer("SELECT min(next_life) FROM sample WHERE last >= \(opened)") {
      return bound
    }
    return try connection.integer("SELECT next_life FROM sample ORDER BY id DESC LIMIT 1") ?? 0
  }

  /// A number from which on all lives were opened after `moment`; nil where there is none.
  private func firstLife(after moment: Timestamp) throws(StoreError) -> Int64? {
    // A second more, for steps of the clock too small to be told as gaps. The clock can have stepped back, so it is
    // the order of the samples that counts.
    try connection.integer(
      """
      SELECT next_life FROM sample WHERE id > coalesce(
        (SELECT max(id) FROM sample WHERE first <= \(moment.microseconds) + 1000000), 0) ORDER BY id LIMIT 1
      """)
  }

  static func whereClause(_ conditions: [String]) -> String {
    conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
  }

  /// What a query asks of a life, but for the time.
  static func filterConditions(_ query: LifeQuery) -> ([String], [SQLValue]) {
    var conditions: [String] = []
    var bindings: [SQLValue] = []
    if query.roles.count < 3 {
      let numbers = query.roles.map { String($0.rawValue) }.sorted().joined(separator: ", ")
      conditions.append("(l.flags >> 4 & 3) IN (\(numbers))")
    }
    if query.attemptsOnly { conditions.append("l.path IN (\(DictionaryQuery.pathsOfAttempts.sql))") }
    if let condition = query.condition {
      conditions.append("(\(condition.sql))")
      bindings += condition.bindings
    }
    return (conditions, bindings)
  }

  /// The conditions for lives in `open_life`, which may have ended too, and be there only while their sockets are in
  /// TIME_WAIT.
  static func openConditions(_ query: LifeQuery) -> (conditions: [String], bindings: [SQLValue]) {
    var (conditions, bindings) = filterConditions(query)
    if let until = query.until {
      conditions.append("l.opened <= ?")
      bindings.append(.integer(until.microseconds))
    }
    if let ended = query.endedBy {
      // Of those that go on nothing comes out of this.
      conditions.append("l.opened + l.duration <= ?")
      bindings.append(.integer(ended.microseconds))
    }
    if let since = query.since, !query.countsTimeWait {
      conditions.append("(l.duration IS NULL OR l.opened + l.duration >= ?)")
      bindings.append(.integer(since.microseconds))
    }
    return (conditions, bindings)
  }
}

extension HistoryReader {
  /// The lives that had not ended at the last sample, sockets in TIME_WAIT among them, oldest first.
  public func openLives() throws(StoreError) -> [Life] {
    var query = LifeQuery()
    query.roles = [.connection, .listener, .bound]
    return try openLives(query)
  }
}

extension HistoryReader {
  /// How many lives ``endedLately(at:)`` gives at the most: what a kernel keeps in TIME_WAIT by itself.
  private static let mostEndedLately = 262_144

  /// The finished TCP connections whose sockets may be in TIME_WAIT at `moment`, oldest first.
  public func endedLately(at moment: Timestamp) throws(StoreError) -> [Life] {
    var query = LifeQuery()
    query.since = moment + -Self.timeWait
    query.limit = Self.mostEndedLately
    let lives: [Life] = try lives(query)
    return lives.reversed().filter { $0.closedOffset != nil && $0.proto.transport == .tcp }
  }
}
