// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import CSQLite
import ConnCore
import Testing

@testable import ConnStore

/// A repeatable stream of numbers: SplitMix64.
struct FilterRandom: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
  mutating func pick<T>(_ values: [T]) -> T { values[Int.random(in: 0..<values.count, using: &self)] }
  mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &self) == 0 }
}

/// Lives and filters made of few values, so that they meet.
extension FilterRandom {
  private static let names = [
    "nginx", "ng*x", "ng[i]nx", "a?b", "aXb", "é*", "étage", "(sd-pam)", "nginx.service", "*", "", "a/b",
    "nginx/x",
    "4f66ad9f2bd1", "4f66", "%", "_", "'", "\"",
  ]
  private static let paths = [
    "/usr/sbin/nginx", "/opt/ng/x", "nginx", "/", "", "/a/", "/x/a?b", "/x/étage", "/ng[i]nx",
  ]
  private static let v4: [IPAddress] = [
    0, 0x0A00_0001, 0x0A00_0002, 0x0AFF_FFFF, 0x7F00_0001, 0xC000_0207, .max,
  ].map {
    IPAddress(v4: $0)
  }
  private static let v6: [IPAddress] = [
    .anyV6, IPAddress(high: 0, low: 1), IPAddress(high: 0x2001_0DB8_0000_0000, low: 1),
    IPAddress(high: 0x2001_0DB8_0000_0000, low: 2), IPAddress(high: .max, low: .max),
    IPAddress(high: 0, low: 0xFFFE_FFFF_FFFF), IPAddress(high: 0, low: 0x1_0000_0000_0000),
  ]
  private static let ports: [UInt16] = [0, 1, 22, 53, 80, 443, 40000, 65535]
  private static let pids: [Int32] = [1, 2, 3]
  private static let uids: [UInt32] = [0, 33, 1000, SocketRow.noUID]

  mutating func subject() -> FilterSubject {
    let proto = pick(Proto.allCases)
    let addresses = proto.isV6 && !chance(3) ? Self.v6 : Self.v4
    let row = SocketRow(
      proto: proto, state: chance(8) ? .unknown(pick([0, 13, 255])) : pick(SocketState.named),
      local: Endpoint(pick(addresses), pick(Self.ports)), remote: Endpoint(pick(addresses), pick(Self.ports)),
      rawUID: pick(Self.uids))
    var owner = SocketOwner.notLookedUp
    if !chance(3) {
      owner = SocketOwner(
        process: OwningProcess(
          pid: pick(Self.pids), startTime: 1, name: pick(Self.names), exe: chance(3) ? nil : pick(Self.paths),
          unit: chance(3) ? nil : pick(Self.names), container: chance(2) ? nil : pick(Self.names)))
    }
    return FilterSubject(
      row, role: pick([.connection, .listener, .bound]), direction: pick([nil, .inbound, .outbound]),
      owner: owner)
  }

  mutating func test() -> FilterTest {
    let end = pick([FilterTest.End.local, .remote, .either])
    switch Int.random(in: 0..<11, using: &self) {
    case 0: return .state(StateSet(rawValue: UInt16.random(in: 0...0x1FFF, using: &self)))
    case 1:
      return .address(
        end,
        AddressBlock(pick(Self.v4 + Self.v6), prefix: chance(2) ? 128 : Int.random(in: 0...128, using: &self))
      )
    case 2:
      let (a, b) = (pick(Self.ports), pick(Self.ports))
      return .port(end, chance(2) ? a...a : min(a, b)...max(a, b))
    case 3:
      var ports = ServicePorts()
      if !chance(3) { ports.tcp = [pick(Self.ports)] }
      if !chance(3) { ports.udp = chance(2) ? ports.tcp : [pick(Self.ports), pick(Self.ports)] }
      return .service(ports)
    case 4: return .process(NamePattern(pick(Self.names + Self.paths + ["*/nginx", "/*", "n*"])))
    case 5: return .pid(pick(Self.pids))
    case 6: return .user(pick(Self.uids.dropLast()))
    case 7: return .unit(NamePattern(pick(Self.names)))
    case 8: return .container(NamePattern(pick(Self.names)))
    case 9: return .direction(pick([nil, .inbound, .outbound]))
    default: return .proto(ProtoSet(rawValue: UInt8.random(in: 0...15, using: &self)))
    }
  }

  mutating func expression(depth: Int) -> FilterExpression {
    if depth == 0 || chance(3) { return chance(3) ? .not(test()) : .test(test()) }
    let terms = (0..<pick([0, 1, 2, 2, 3, 4, 20])).map { _ in expression(depth: depth - 1) }
    return chance(2) ? .all(terms) : .any(terms)
  }
}

/// The tables of the store, in memory, filled with the least of what a filter asks about.
final class FilterDatabase {
  let handle: OpaquePointer?

  init() {
    var opened: OpaquePointer?
    sqlite3_open(":memory:", &opened)
    handle = opened
    sqlite3_exec(handle, Schema.version1, nil, nil, nil)
  }

  deinit { sqlite3_close(handle) }

  /// Runs a statement and gives the first column of each row; nil with SQLite's words where it cannot be run.
  func run(_ sql: String, _ bindings: [SQLValue] = []) throws -> [Int64] {
    var statement: OpaquePointer?
    guard sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK else {
      throw Failure(why: String(cString: sqlite3_errmsg(handle)), sql: String(sql.prefix(2000)))
    }
    defer { sqlite3_finalize(statement) }
    let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    for (place, value) in bindings.enumerated() {
      let number = Int32(place + 1)
      switch value {
      case .null: sqlite3_bind_null(statement, number)
      case .integer(let value): sqlite3_bind_int64(statement, number, value)
      case .real(let value): sqlite3_bind_double(statement, number, value)
      case .text(let value): sqlite3_bind_text(statement, number, value, -1, transient)
      case .blob(let value): sqlite3_bind_blob(statement, number, value, Int32(value.count), transient)
      }
    }
    var found: [Int64] = []
    while true {
      switch sqlite3_step(statement) {
      case SQLITE_ROW: found.append(sqlite3_column_int64(statement, 0))
      case SQLITE_DONE: return found
      default: throw Failure(why: String(cString: sqlite3_errmsg(handle)), sql: String(sql.prefix(2000)))
      }
    }
  }

  struct Failure: Error {
    var why: String
    var sql: String
  }

  private func address(_ address: IPAddress) throws -> Int64 {
    let bytes = [address.high, address.low].flatMap { half in
      (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * $0)) }
    }
    _ = try run("INSERT OR IGNORE INTO address(bytes,text) VALUES(?,'')", [.blob(bytes)])
    return try run("SELECT id FROM address WHERE bytes=?", [.blob(bytes)])[0]
  }

  func insert(_ subject: FilterSubject, id: Int64) throws {
    _ = try run("INSERT OR IGNORE INTO path(states,last) VALUES(?1,?1)", [.text(subject.state.name)])
    let path = try run("SELECT id FROM path WHERE last=?", [.text(subject.state.name)])[0]
    var program = SQLValue.null
    var pid = SQLValue.null
    if subject.process != nil || subject.rawUID != SocketRow.noUID {
      func text(_ value: String?) -> SQLValue { value.map { .text($0) } ?? .null }
      let process = subject.process
      _ = try run(
        "INSERT INTO program(name,exe,unit,container,uid) VALUES(?,?,?,?,?)",
        [
          text(process?.name), text(process?.exe), text(process?.unit), text(process?.container),
          subject.rawUID == SocketRow.noUID ? .null : .integer(Int64(subject.rawUID)),
        ])
      program = .integer(sqlite3_last_insert_rowid(handle))
      pid = process.map { .integer(Int64($0.pid)) } ?? .null
    }
    let flags =
      Int64(subject.proto.rawValue) | Int64(subject.direction?.rawValue ?? 0) << 2 | Int64(
        subject.role.rawValue) << 4
    _ = try run(
      "INSERT INTO life(id,opened,duration,seen,laddr,lport,raddr,rport,flags,path,program,pid) "
        + "VALUES(?,0,0,0,?,?,?,?,?,?,?,?)",
      [
        .integer(id), .integer(try address(subject.local.address)), .integer(Int64(subject.local.port)),
        .integer(try address(subject.remote.address)), .integer(Int64(subject.remote.port)), .integer(flags),
        .integer(path), program, pid,
      ])
  }
}

@Suite struct FilterSQLTests {
  @Test(arguments: 0..<8) func agreesWithThePredicate(seed: UInt64) throws {
    var random = FilterRandom(state: seed)
    let database = FilterDatabase()
    let subjects = (0..<250).map { _ in random.subject() }
    for (place, subject) in subjects.enumerated() { try database.insert(subject, id: Int64(place)) }
    for _ in 0..<150 {
      let filter = Filter(random.expression(depth: random.pick([0, 0, 1, 2, 3])))
      let compiled = try filter.sql()
      let found = try database.run(
        "SELECT id FROM life l WHERE \(compiled.sql) ORDER BY id", compiled.bindings)
      let expected = subjects.indices.filter { filter.matches(subjects[$0]) }
      #expect(found == expected.map { Int64($0) }, "\(filter.expression)\n\(compiled.sql)")
      // No table is left out that has one.
      #expect(expected.allSatisfy { filter.protos.contains(subjects[$0].proto) })
    }
  }

  /// What is written in the filter's words comes out of the database too.
  @Test(arguments: [
    "", "state established", "not state established", "exclude listen exclude unconn", "dst 10.0.0.0/8",
    "not dst ::/0", "host 10.0.0.1:22", "not host 10.0.0.1:22", "port > 1000", "service 22",
    "not service ssh",
    "process nginx", "not process nginx", "process ng*", "not pid 1", "user root", "not user root",
    "unit nginx",
    "container 4f", "direction unknown", "not direction in", "proto tcp", "not proto udp6",
    "(sport 22 or dport 443) and not (process * or user 33)",
  ])
  func agreesInWords(text: String) throws {
    var random = FilterRandom(state: 99)
    let database = FilterDatabase()
    let subjects = (0..<300).map { _ in random.subject() }
    for (place, subject) in subjects.enumerated() { try database.insert(subject, id: Int64(place)) }
    let filter = try Filter([text], services: .builtIn) { $0 == "root" ? 0 : nil }
    let compiled = try filter.sql()
    let found = try database.run("SELECT id FROM life l WHERE \(compiled.sql) ORDER BY id", compiled.bindings)
    #expect(found == subjects.indices.filter { filter.matches(subjects[$0]) }.map { Int64($0) })
  }

  @Test func usersTextIsBound() throws {
    let evil = "x'); DROP TABLE life; --"
    let filter = Filter(
      .all([
        .test(.process(NamePattern(evil))), .test(.unit(NamePattern(evil))),
        .not(.container(NamePattern(evil))),
      ]))
    let compiled = try filter.sql()
    #expect(!compiled.sql.contains("DROP"))
    #expect(compiled.sql.filter { $0 == "?" }.count == compiled.bindings.count)
  }

  /// Each of these must be taken by SQLite or refused by us, in the middle of a query like those it is for.
  @Test(arguments: [
    ("(sport 1 or (dport 2 and ", 15, "))"), ("(process a or (", 15, ") and not unit b*c)"),
    ("((sport 1 or dport 2) and (src 10/8 or process n*) and (", 14, ") or service ssh)"),
    ("process a*b or not process c*d or ", 300, ""), ("(port 1 or ", 5, " and process n*x)"),
    ("sport 1 or ", 1000, ""), ("(sport 1 and sport 2 and sport 3 and sport 4 and (pid 1 or ", 15, "))"),
    ("(" + String(repeating: "sport 1 and ", count: 40) + "(pid 1 or ", 15, "))"),
    ("(" + String(repeating: "src 10.0.0.1 and ", count: 70) + "(pid 1 or ", 15, "))"),
  ])
  func fitsSQLite(opening: String, times: Int, closing: String) throws {
    let words =
      String(repeating: opening, count: times) + "not process n*x" + String(repeating: closing, count: times)
    do {
      let compiled = try Filter([words], services: .builtIn) { _ in nil }.sql()
      _ = try FilterDatabase().run(
        "WITH w AS (SELECT * FROM (SELECT id FROM life l WHERE opened < 5 AND (duration > 6 OR \(compiled.sql)) "
          + "UNION ALL SELECT id FROM open_life l WHERE (opened < 5 AND (\(compiled.sql))) ORDER BY 1 LIMIT 9)) "
          + "SELECT * FROM w", compiled.bindings + compiled.bindings)
    } catch let error as FilterError {
      #expect(error.description.contains("for the database"))
    }
  }

  @Test(arguments: [20, 21, 22, 25, 30, 31, 32]) func takesTheDeepestItAllows(depth: Int) throws {
    // A tree whose terms are all as nested as each other is the worst for SQLite's parser.
    var expression = FilterExpression.not(.process(NamePattern("n*x")))
    for level in 0..<min(depth, 13) {
      expression = level % 2 == 0 ? .all([expression, expression]) : .any([expression, expression])
    }
    for level in 13..<max(depth, 13) {
      let leaf = FilterExpression.not(.process(NamePattern("n*x")))
      expression = level % 2 == 0 ? .all([leaf, expression]) : .any([leaf, expression])
    }
    let filter = Filter(expression)
    do {
      let compiled = try filter.sql()
      _ = try FilterDatabase().run(
        "SELECT id FROM life l WHERE opened < 5 AND (duration > 6 OR \(compiled.sql))", compiled.bindings)
    } catch let error as FilterError {
      #expect(error.description.contains("for the database"))
    }
  }

  @Test func refusesWhatIsTooLarge() throws {
    let many = Filter(.any((0..<40_000).map { .test(.port(.local, UInt16($0)...UInt16($0))) }))
    let error = #expect(throws: FilterError.self) { try many.sql() }
    #expect(
      error?.description
        == "filter: too many conditions for the database (a network can stand for many addresses, a range for ports)"
    )
  }
}
