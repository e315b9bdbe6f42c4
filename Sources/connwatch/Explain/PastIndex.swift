// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore

/// What the history has of a line, each question asked once.
struct PastIndex {
  private let history: HistoryReader
  private var known: [String: PastMatch?] = [:]
  private var evidenceKnown: [String: [EvidenceMatch]] = [:]

  init(_ history: HistoryReader) { self.history = history }

  /// Lives with the line's ends, from either side.
  mutating func connections(_ row: EvidenceRow) throws -> PastMatch? {
    guard let remote = row.remote, row.local.port != nil, remote.port != nil else { return nil }
    let either = FilterExpression.any([
      .all(Self.tests(.local, row.local) + Self.tests(.remote, remote)),
      .all(Self.tests(.local, remote) + Self.tests(.remote, row.local)),
    ])
    return try ask(either, [.connection], row, key: "\(row.local)\(remote)")
  }

  /// What was imported with the line's ends, from either side, host by host.
  mutating func evidence(_ row: EvidenceRow) throws -> [EvidenceMatch] {
    guard let remote = row.remote, let port = row.local.port, let other = remote.port else { return [] }
    let key = "\(row.local)\(remote) \(row.transport.map { "\($0)" } ?? "-")"
    if let answer = evidenceKnown[key] { return answer }
    // By ports alone: what was written as a name is told by the names.
    let either = FilterExpression.any([
      .all([.test(.port(.local, port...port)), .test(.port(.remote, other...other))]),
      .all([.test(.port(.local, other...other)), .test(.port(.remote, port...port))]),
    ])
    var query = LifeQuery()
    query.hosts = .imported
    query.condition = try Filter(.all([either] + Self.transport(row))).sql()
    var lives: [Life] = []
    try history.lives(query) { (life: Life) throws(Never) in
      if life.hasEnds(of: row) { lives.append(life) }
      return lives.count < PastMatch.most
    }
    let answer = EvidenceMatch.all(lives)
    evidenceKnown[key] = answer
    return answer
  }

  /// Listeners on the line's port that took what came to its address.
  mutating func listeners(_ row: EvidenceRow) throws -> PastMatch? {
    guard let port = row.local.port else { return nil }
    var tests: [FilterExpression] = [.test(.port(.local, port...port))]
    // What takes IPv6 is in the tables of IPv6; what takes IPv4 is in either.
    if row.isLocalV6 == true { tests.append(.test(.proto(.v6Tables))) }
    if let address = row.local.address, !address.isUnspecified {
      let places = [address, .anyV6] + (address.isV4 ? [.anyV4] : [])
      tests.append(.any(places.map { .test(.address(.local, AddressBlock($0, prefix: 128))) }))
    }
    return try ask(.all(tests), [.listener], row, key: "listener \(row.local) \(row.isLocalV6 == true)")
  }

  /// Connections to the line's only end.
  mutating func clients(_ row: EvidenceRow) throws -> PastMatch? {
    guard row.local.port != nil, row.local.address != nil || row.local.host == nil else { return nil }
    return try ask(
      .all(Self.tests(.remote, row.local)), [.connection], row, key: "client \(row.local)")
  }

  /// Connections whose own port it was.
  mutating func users(_ row: EvidenceRow) throws -> PastMatch? {
    guard let port = row.local.port else { return nil }
    return try ask(.test(.port(.local, port...port)), [.connection], row, key: "user \(port)")
  }

  /// The FTP control connection that a connection carries data of, nil where it carries none's.
  func control(of life: Life?) throws -> Life? { try life.flatMap { try history.ftpControl(of: $0) } }

  private mutating func ask(
    _ expression: FilterExpression, _ roles: Set<Life.Role>, _ row: EvidenceRow, key: String
  ) throws -> PastMatch? {
    let key = "\(key) \(row.transport.map { "\($0)" } ?? "-")"
    if let answer = known[key] { return answer }
    var query = LifeQuery()
    query.roles = roles
    query.limit = PastMatch.most + 1
    query.condition = try Filter(.all([expression] + Self.transport(row))).sql()
    let answer = PastMatch(try history.lives(query) as [Life])
    known[key] = .some(answer)
    return answer
  }

  /// The line's transport, where it tells one.
  private static func transport(_ row: EvidenceRow) -> [FilterExpression] {
    row.transport.map { [.test(.proto($0 == .tcp ? .tcpTables : .udpTables))] } ?? []
  }

  private static func tests(_ end: FilterTest.End, _ written: EvidenceEnd) -> [FilterExpression] {
    var tests: [FilterExpression] = []
    if let port = written.port { tests.append(.test(.port(end, port...port))) }
    if let address = written.address, !address.isUnspecified {
      tests.append(.test(.address(end, AddressBlock(address, prefix: 128))))
    }
    return tests
  }
}
