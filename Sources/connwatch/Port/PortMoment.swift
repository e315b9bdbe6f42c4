// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore

/// Which sockets had a port at one moment of the past, and the nearest before and after it.
struct PortMoment {
  /// How many connections are shown at the most.
  static let mostConnections = 20

  /// The moment that was asked about.
  let asked: Timestamp
  /// False where nothing is to be said of this machine: all below but ``evidence`` is then empty.
  var tellsOwn = false
  /// What was imported, by the names of the hosts; those that have nothing of the port are not in it.
  var evidence: [HostMoment] = []
  /// Connections that had the port then, at either end, oldest first; the first ``mostConnections``.
  var connections: [Life] = []
  var connectionCount = 0
  /// Who listened on it then, or was bound to it.
  var holders: [Life] = []
  /// The last connection that had gone by then, and the first that came later.
  var before: Life?
  var after: Life?
  /// How many connections had it on the day of the moment, in the zone of the question.
  var dayCount = 0
  /// Why there was nobody watching; nil where there was.
  var whyUnwatched: String?
  /// When that was, nil on the side on which the history ends.
  var unwatched: (since: Timestamp?, until: Timestamp?) = (nil, nil)

  /// Asks the history.
  init(
    _ asked: Timestamp, _ question: PortQuestion, zone: Zone, of hosts: HostChoice, _ history: HistoryReader
  ) throws {
    self.asked = asked
    evidence = try HostMoment.all(asked, question, of: hosts, history)
    tellsOwn = try hosts.tellsOwn(history)
    guard tellsOwn else { return }
    try lookAround(history)
    var query = LifeQuery()
    query.condition = try question.filter.sql()
    try look(query, question.port, history)
    try lookBeside(query, question.port, history)
    (query.since, query.until) = Self.day(of: asked, zone)
    try history.lives(query) { (life: Life) throws(Never) in
      if !life.isSeenFromItsClient(question.port) { dayCount += 1 }
      return true
    }
  }

  /// Finds out whether the moment was watched.
  private mutating func lookAround(_ history: HistoryReader) throws {
    guard let sampled = try history.sampled() else {
      whyUnwatched = "nothing has been recorded yet"
      return
    }
    if asked < sampled.lowerBound {
      whyUnwatched = "before the first sample"
      unwatched = (nil, sampled.lowerBound)
    } else if asked - sampled.upperBound > max(3 * (try history.lastInterval() ?? 0), 3_000_000) {
      whyUnwatched = "after the last sample"
      unwatched = (sampled.upperBound, nil)
    } else if let gap = try history.unwatched(since: asked, until: asked)
      .first(where: { $0.range.lowerBound < asked && asked < $0.range.upperBound })
    {
      whyUnwatched = gap.cause
      unwatched = (gap.range.lowerBound, gap.range.upperBound)
    }
  }

  private mutating func look(_ query: LifeQuery, _ port: UInt16, _ history: HistoryReader) throws {
    var query = query
    (query.since, query.until) = (asked, asked)
    query.countsTimeWait = true
    query.order = .oldestFirst
    query.roles = [.connection, .listener, .bound]
    try history.lives(query) { (life: Life) throws(Never) in
      guard life.firstSeen <= asked, life.portEnd >= asked else { return true }
      if life.role == .connection {
        if life.isSeenFromItsClient(port) { return true }
        connectionCount += 1
        if connections.count < Self.mostConnections { connections.append(life) }
      } else if life.local.port == port {
        holders.append(life)
      }
      return true
    }
  }

  private mutating func lookBeside(_ query: LifeQuery, _ port: UInt16, _ history: HistoryReader) throws {
    var query = query
    query.until = asked
    try history.lives(query) { (life: Life) throws(Never) in
      if life.portEnd >= asked || life.isSeenFromItsClient(port) { return true }
      before = life
      return false
    }
    (query.since, query.until) = (asked, nil)
    query.order = .oldestFirst
    try history.lives(query) { (life: Life) throws(Never) in
      if life.firstSeen <= asked || life.isSeenFromItsClient(port) { return true }
      after = life
      return false
    }
  }

  /// The day of a moment, first to last microsecond.
  private static func day(of moment: Timestamp, _ zone: Zone) -> (Timestamp, Timestamp) {
    let seconds = Int64((Double(moment.microseconds) / 1_000_000).rounded(.down))
    var civil = zone.civil(at: seconds)
    civil = CivilTime(year: civil.year, month: civil.month, day: civil.day)
    var next = civil
    next.day += 1
    return (
      Timestamp(microseconds: zone.moment(of: civil) * 1_000_000),
      Timestamp(microseconds: zone.moment(of: next) * 1_000_000 - 1)
    )
  }
}

extension Life {
  /// True for the server's end of a connection within this machine whose client has the port: the client's end is a
  /// life of its own, and one connection counts once.
  func isSeenFromItsClient(_ port: UInt16) -> Bool {
    role == .connection && direction == .inbound && local.port != port && remote.port == port
      && (remote.address.isLoopback || remote.address == local.address)
  }

  /// Until when its socket had its ports: in TIME_WAIT too, for as long as the kernel keeps it where nobody looked.
  var portEnd: Timestamp {
    guard let closed else { return Timestamp(microseconds: .max) }
    return isUnwatchedTimeWait ? closed + HistoryReader.timeWait : max(closed, lastSeen)
  }
}
