// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore

/// Whose lives are wanted.
public enum HostChoice: Hashable, Sendable {
  /// Those that were recorded here.
  case own
  /// Those and what was imported.
  case all
  /// What was imported, for whichever host.
  case imported
  /// What was imported for one host.
  case named(String)

  /// True where what was recorded here is wanted.
  public var includesOwn: Bool { self == .own || self == .all }
}

/// Hands over the lives of evidence that a query is for, one by one, in its order.
final class EvidenceRows {
  private let rows: Statement
  private let columns = LifeColumns(hasExtra: false, isEvidence: true)
  /// Where the opening and the number of the last one are bound.
  private let place: Int32
  private let pauses: Bool
  /// What has been read and not handed over, the next one last.
  private var waiting: [Life] = []
  private var isAtEnd = false

  /// nil where there are none to be looked at: that is one look at an empty table.
  init?(_ reader: HistoryReader, _ query: LifeQuery) throws(StoreError) {
    guard var (conditions, bindings) = try Self.conditions(reader, query) else { return nil }
    let isNewest = query.order == .newestFirst
    place = Int32(bindings.count + 1)
    pauses = query.pauses
    conditions.append("(l.opened, l.id) \(isNewest ? "<" : ">") (?, ?)")
    let edge = isNewest ? Int64.max : .min
    bindings += [.integer(edge), .integer(edge)]
    let order = isNewest ? "DESC" : "ASC"
    rows = try reader.connection.prepare(
      LifeColumns.evidence + HistoryReader.whereClause(conditions)
        + " ORDER BY l.opened \(order), l.id \(order)")
    rows.bind(all: bindings)
  }

  /// What is asked of a row of `evidence_life`, nil where there are none.
  ///
  /// Nobody knows whether what has not ended goes on, so its last sighting is what counts, but for a moment
  /// (``LifeQuery/moments``).
  static func conditions(
    _ reader: HistoryReader, _ query: LifeQuery
  ) throws(StoreError) -> (conditions: [String], bindings: [SQLValue])? {
    guard query.hosts != .own, reader.schema >= 4,
      try reader.connection.integer("SELECT 1 FROM evidence_life LIMIT 1") != nil
    else { return nil }
    var (conditions, bindings) = HistoryReader.filterConditions(query)
    if case .named(let name) = query.hosts {
      conditions.append("l.host = (SELECT id FROM host WHERE name = ?)")
      bindings.append(.text(name))
    }
    if let until = query.until {
      conditions.append("l.opened <= ?")
      bindings.append(.integer(until.microseconds))
    }
    if let since = query.since {
      conditions.append("l.opened + \(end) >= ?")
      bindings.append(.integer(since.microseconds))
    }
    return (conditions, bindings)
  }

  /// How long after its opening one is known to have been there.
  static let end = "max(l.seen, coalesce(l.duration, 0))"

  /// The next one, nil at the end.
  func next() throws(StoreError) -> Life? {
    guard pauses else { return try read() }
    if waiting.isEmpty, !isAtEnd { try readPiece() }
    return waiting.popLast()
  }

  private func read() throws(StoreError) -> Life? {
    while try rows.step() {
      if let life = columns.life(rows, lastSampleBoot: nil) { return life }
    }
    return nil
  }

  /// Reads some at once, and holds nothing afterwards.
  private func readPiece() throws(StoreError) {
    while waiting.count < HistoryReader.piece {
      guard let life = try read() else {
        isAtEnd = true
        break
      }
      waiting.append(life)
    }
    rows.reset()
    if let last = waiting.last {
      rows.bind(place, last.firstSeen.microseconds)
      rows.bind(place + 1, last.id)
    }
    waiting.reverse()
  }
}

extension HistoryReader {
  /// What there is of a host's evidence.
  public struct EvidenceHost: Hashable, Sendable {
    /// Its name.
    public var name: String
    /// How many pieces.
    public var pieces: Int
    /// Their rows.
    public var rows: Int
    /// The first and the last moment.
    public var moments: ClosedRange<Timestamp>
  }

  /// The hosts of which there is evidence, by name.
  public func evidenceHosts() throws(StoreError) -> [EvidenceHost] {
    guard schema >= 4 else { return [] }
    let rows = try connection.prepare(
      """
      SELECT h.name, count(*), sum(e.rows), min(e.at), max(e.at)
      FROM evidence e JOIN host h ON h.id = e.host GROUP BY e.host ORDER BY h.name
      """)
    var hosts: [EvidenceHost] = []
    while try rows.step() {
      let first = Timestamp(microseconds: rows.microseconds(3))
      hosts.append(
        EvidenceHost(
          name: rows.text(0), pieces: Int(rows.integer(1)), rows: Int(rows.integer(2)),
          moments: first...max(first, Timestamp(microseconds: rows.microseconds(4)))))
    }
    return hosts
  }

  /// The sockets that evidence of a host shows at a moment between its first and its last one, oldest opening first:
  /// what had been seen and was not known to have ended.
  public func evidence(of host: String, at moment: Timestamp) throws(StoreError) -> [Life] {
    guard schema >= 4 else { return [] }
    let rows = try connection.prepare(
      LifeColumns.evidence + """
         WHERE h.name = ? AND l.opened <= ?
          AND (l.duration IS NULL OR l.opened + max(l.duration, l.seen + 1) > ?)
        ORDER BY l.opened, l.id DESC
        """)
    rows.bind(1, host)
    rows.bind(2, moment.microseconds)
    rows.bind(3, moment.microseconds)
    let columns = LifeColumns(hasExtra: false, isEvidence: true)
    var lives: [Life] = []
    while try rows.step() {
      if let life = columns.life(rows, lastSampleBoot: nil) { lives.append(life) }
    }
    return lives
  }
}

extension HistoryReader {
  /// True where some evidence is what a query is for.
  public func hasEvidence(_ query: LifeQuery) throws(StoreError) -> Bool {
    try EvidenceRows(self, query)?.next() != nil
  }
}
