// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore

/// FTP's control connections and what belongs to them.
extension HistoryReader {
  /// More pairs of hosts than this are not asked for one by one.
  private static let mostPairs = 64
  /// How much later than its data a control connection may be found, which samples date by their intervals.
  private static let lateness: Int64 = 600_000_000

  /// The FTP control connection that a connection carries the data of; nil where it is none's.
  public func ftpControl(of data: Life) throws(StoreError) -> Life? {
    guard FTPControls.mayBeData(data) else { return nil }
    var range = LifeQuery()
    range.since = data.firstSeen + -FTPControls.afterwards
    range.until = data.firstSeen + Self.lateness
    let controls = try ftpControls(range, [(data.local.address, data.remote.address)])
    return controls.control(of: data)
  }

  /// The control connections of a query's range of time.
  ///
  /// - Parameter pairs: between which hosts; any where there are none.
  func ftpControls(
    _ query: LifeQuery, _ pairs: [(local: IPAddress, remote: IPAddress)] = []
  ) throws(StoreError) -> FTPControls {
    var range = LifeQuery()
    range.since = query.since.map { $0 + -FTPControls.afterwards }
    range.until = query.until
    let accepted = FTPControls.servers.map { FilterExpression.test(.process($0)) }
    let isServed = FilterExpression.all([.test(.direction(.inbound)), .any(accepted)])
    guard
      let first = Self.condition([Self.between(pairs), .any([Self.service([FTPControls.port]), isServed])])
    else { return FTPControls(among: []) }
    range.condition = first
    let found = FTPControls(among: try lives(range))
    // Of those on other ports the clients' ends too, where they are here.
    guard !found.otherPorts.isEmpty,
      let all = Self.condition([Self.between(pairs), Self.service([FTPControls.port] + found.otherPorts)])
    else { return found }
    range.condition = all
    return FTPControls(among: try lives(range), onPorts: found.otherPorts)
  }

  /// A data connection, and which service it is asked for as.
  struct FTPData {
    var life: Life
    /// The direction of its control connection.
    var direction: Direction
    /// The query's filter matches it by its own direction.
    var isAskedFor: Bool
    /// The filter matches it by the direction of its control connection.
    var isAskedForAsData: Bool
  }

  /// The data connections in the time of a query that its filter matches, in one direction or the other.
  func ftpData(_ query: LifeQuery) throws(StoreError) -> [FTPData] {
    let controls = try ftpControls(query)
    if controls.isEmpty { return [] }
    let pairs = controls.hosts.count <= Self.mostPairs ? controls.hosts : []
    var narrowed = query
    // Between few hosts all are read, since the filter may ask for a direction that is not the life's own.
    let terms = pairs.isEmpty ? query.expressions : [Self.between(pairs)]
    guard let condition = Self.condition(terms) else { return [] }
    narrowed.condition = condition
    let filter = Filter(.all(query.expressions))
    var data: [FTPData] = []
    try ofStore {
      try lives(narrowed) { (life: Life) throws(Never) in
        guard let direction = controls.control(of: life)?.direction else { return true }
        var subject = FilterSubject(life)
        let isAskedFor = filter.matches(subject)
        subject.direction = direction
        let isAskedForAsData = filter.matches(subject)
        if isAskedFor || isAskedForAsData {
          data.append(
            FTPData(
              life: life, direction: direction, isAskedFor: isAskedFor, isAskedForAsData: isAskedForAsData))
        }
        return true
      }
    }
    return data
  }

  /// TCP of all of these; nil for more than SQLite takes, which only a filter that is nearly that by itself can be.
  static func condition(_ terms: [FilterExpression]) -> Filter.SQL? {
    try? Filter(.all([.test(.proto(.tcpTables))] + terms)).sql()
  }

  /// A service port of TCP, one of these.
  static func service(_ ports: [UInt16]) -> FilterExpression {
    var wanted = ServicePorts()
    wanted.tcp = ports
    return .test(.service(wanted))
  }

  private static func between(_ pairs: [(local: IPAddress, remote: IPAddress)]) -> FilterExpression {
    if pairs.isEmpty { return .all([]) }
    return .any(
      pairs.map { local, remote in
        .all([
          .test(.address(.local, AddressBlock(local, prefix: 128))),
          .test(.address(.remote, AddressBlock(remote, prefix: 128))),
        ])
      })
  }
}

extension FTPControls {
  /// Numbers of programs that serve FTP on any port.
  static func programs(_ connection: Connection) throws(StoreError) -> NumberSet {
    var programs = NumberSet()
    // All their names have this in them, and mostly there are none: one quick look in place of six thorough ones.
    let any = "SELECT EXISTS(SELECT 1 FROM program WHERE name LIKE '%ftpd%' OR exe LIKE '%ftpd%')"
    guard try connection.integer(any) == 1 else { return programs }
    for server in servers {
      let query = DictionaryQuery(programsOf: .process(server))
      let rows = try connection.prepare(query.sql)
      rows.bind(all: query.bindings)
      while try rows.step() { programs.insert(rows.integer(0)) }
    }
    return programs
  }
}

extension LifeQuery {
  /// The filter as terms that all have to be true.
  var expressions: [FilterExpression] { condition.map { [$0.expression] } ?? [] }
}
