// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore

/// What the history has of a port.
struct PortPast {
  /// How many of the latest connections that had it as a client's port are kept.
  static let mostClients = 20

  /// What of the history was asked for: from the first sample to the last, within the range; nil for none.
  var watched: ClosedRange<Timestamp>?
  /// What of it was not watched, oldest first.
  var unwatched: [(range: ClosedRange<Timestamp>, cause: String)] = []
  var holders = PortHolders()
  /// Who connected to it here, by transport.
  var inbound: [Transport: HostTally] = [:]
  /// Whose service on it was used from here.
  var outbound: [Transport: HostTally] = [:]
  /// Connections whose client's end it was, at either end: how many, and the latest, newest first.
  var clientCount = 0
  var clients: [Life] = []

  /// Reads it.
  init(_ question: PortQuestion, since: Timestamp?, until: Timestamp?, _ history: HistoryReader) throws {
    if let sampled = try history.sampled() {
      let first = max(sampled.lowerBound, since ?? sampled.lowerBound)
      let last = min(sampled.upperBound, until ?? sampled.upperBound)
      if first <= last { watched = first...last }
    }
    unwatched = try history.unwatched(since: since, until: until)
    var query = LifeQuery()
    (query.since, query.until) = (since, until)
    query.condition = try question.filter.sql()
    query.roles = [.listener, .bound]
    query.order = .oldestFirst
    try history.lives(query) { (life: Life) throws(Never) in
      if life.local.port == question.port { holders.add(life) }
      return true
    }
    query.roles = [.connection]
    query.order = .newestFirst
    try history.lives(query) { (life: Life) throws(Never) in
      add(life, question.port)
      return true
    }
  }

  private mutating func add(_ life: Life, _ port: UInt16) {
    let transport = life.proto.transport
    if life.local.port == port, life.direction == .inbound {
      inbound[transport, default: HostTally()].add(life)
    } else if life.remote.port == port, life.direction == .outbound {
      outbound[transport, default: HostTally()].add(life)
    } else if !life.isSeenFromItsClient(port) {
      clientCount += 1
      if clients.count < Self.mostClients { clients.append(life) }
    }
  }

  /// Gaps between holders, and where nobody watched, in the order of time.
  func gaps(_ transport: Transport) -> [PortHolders.Gap] {
    guard let watched else { return [] }
    return holders.gaps(transport, within: watched, unwatched: unwatched)
  }
}

extension HistoryReader {
  /// What was not watched of a range, oldest first. A step of the clock is none: it was watched, under other times.
  func unwatched(
    since: Timestamp? = nil, until: Timestamp? = nil
  ) throws(StoreError) -> [(range: ClosedRange<Timestamp>, cause: String)] {
    try gaps(since: since, until: until).filter { $0.cause != "clock stepped" && $0.since <= $0.until }
      .map { ($0.since...$0.until, $0.cause) }
  }
}
