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

  /// The data connections among the lives of a query, with the direction of their control connections.
  func ftpData(_ query: LifeQuery) throws(StoreError) -> [(life: Life, direction: Direction)] {
    let controls = try ftpControls(query)
    if controls.isEmpty { return [] }
    let pairs = controls.hosts.count <= Self.mostPairs ? controls.hosts : []
    var narrowed = query
    guard let condition = Self.condition([Self.between(pairs)] + query.expressions) else { return [] }
    narrowed.condition = condition
    var data: [(life: Life, direction: Direction)] = []
    try ofStore {
      try lives(narrowed) { (life: Life) throws(Never) in
        if let direction = controls.control(of: life)?.direction { data.append((life, direction)) }
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

extension LifeQuery {
  /// The filter as terms that all have to be true.
  var expressions: [FilterExpression] { condition.map { [$0.expression] } ?? [] }
}
