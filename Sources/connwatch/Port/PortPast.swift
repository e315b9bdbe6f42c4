// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore

/// What the history has of a port.
struct PortPast {
  /// What of the history was asked for: from the first sample to the last, within the range; nil for none.
  var watched: ClosedRange<Timestamp>?
  /// What of it was not watched, oldest first.
  var unwatched: [(range: ClosedRange<Timestamp>, cause: String)] = []
  /// What was recorded here; nil where that was not asked for, or nothing ever was and something was imported.
  var own: PortUse?
  /// What was imported, by the names of the hosts; those that have nothing of the port are not in it.
  var evidence: [(host: String, use: PortUse)] = []

  /// Reads it.
  init(
    _ question: PortQuestion, since: Timestamp?, until: Timestamp?, of hosts: HostChoice,
    _ history: HistoryReader
  ) throws {
    var query = LifeQuery()
    (query.since, query.until) = (since, until)
    query.condition = try question.filter.sql()
    if try hosts.tellsOwn(history) {
      if let sampled = try history.sampled() {
        let first = max(sampled.lowerBound, since ?? sampled.lowerBound)
        let last = min(sampled.upperBound, until ?? sampled.upperBound)
        if first <= last { watched = first...last }
      }
      unwatched = try history.unwatched(since: since, until: until)
      query.hosts = .own
      own = try Self.uses(query, question.port, history)[nil] ?? PortUse()
    }
    guard let others = hosts.imported else { return }
    query.hosts = others
    evidence = try Self.uses(query, question.port, history)
      .compactMap { host, use in host.map { (host: $0, use: use) } }.sorted { $0.host < $1.host }
  }

  /// Adds up the lives of a query by their hosts.
  private static func uses(
    _ query: LifeQuery, _ port: UInt16, _ history: HistoryReader
  ) throws -> [String?: PortUse] {
    var uses: [String?: PortUse] = [:]
    var query = query
    query.roles = [.listener, .bound]
    query.order = .oldestFirst
    try history.lives(query) { (life: Life) throws(Never) in
      if life.local.port == port { uses[life.host, default: PortUse()].holders.add(life) }
      return true
    }
    query.roles = [.connection]
    query.order = .newestFirst
    try history.lives(query) { (life: Life) throws(Never) in
      uses[life.host, default: PortUse()].add(life, port)
      return true
    }
    return uses
  }

  /// Gaps between holders here, and where nobody watched, in the order of time.
  func gaps(_ transport: Transport) -> [PortHolders.Gap] {
    guard let watched, let own else { return [] }
    return own.holders.gaps(transport, within: watched, unwatched: unwatched)
  }
}

extension HostChoice {
  /// True where something is to be said of this machine: not where nothing was ever recorded, and something was
  /// imported.
  func tellsOwn(_ history: HistoryReader) throws -> Bool {
    if self == .own { return true }
    return try includesOwn && (history.sampled() != nil || history.evidenceHosts().isEmpty)
  }

  /// What of it was imported, nil where nothing of that is wanted.
  var imported: HostChoice? {
    switch self {
    case .own: nil
    case .all, .imported: .imported
    case .named: self
    }
  }
}

extension HistoryReader {
  /// What was not watched of a range, oldest first. A step of the clock is none: it was watched, under other times. Nor
  /// is what was only written late.
  func unwatched(
    since: Timestamp? = nil, until: Timestamp? = nil
  ) throws(StoreError) -> [(range: ClosedRange<Timestamp>, cause: String)] {
    try gaps(since: since, until: until).filter { $0.isBlind && $0.since <= $0.until }
      .map { ($0.since...$0.until, $0.cause) }
  }
}
