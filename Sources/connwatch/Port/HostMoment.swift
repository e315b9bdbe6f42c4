// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore

/// Which sockets of a host had a port at one moment, by what was imported for it, and the nearest before and after.
struct HostMoment {
  /// The host.
  let host: String
  /// The first and the last moment of which something was imported: of others nothing is known.
  let known: ClosedRange<Timestamp>
  /// Connections that had the port then, at either end, oldest first; the first ``PortMoment/mostConnections``.
  var connections: [Life] = []
  var connectionCount = 0
  /// Who listened on it then, or was bound to it.
  var holders: [Life] = []
  /// The last connection that was not there any more, and the first that was seen later.
  var before: Life?
  var after: Life?

  /// Nothing of the port is known.
  var isEmpty: Bool { connectionCount == 0 && holders.isEmpty && before == nil && after == nil }

  /// Asks what was imported, host by host.
  ///
  /// - Parameter hosts: a host that is named is told of in any case.
  static func all(
    _ asked: Timestamp, _ question: PortQuestion, of hosts: HostChoice, _ history: HistoryReader
  ) throws -> [HostMoment] {
    guard let choice = hosts.imported else { return [] }
    var moments: [HostMoment] = []
    for found in try history.evidenceHosts() {
      if case .named(let name) = choice, name != found.name { continue }
      let moment = try HostMoment(found, asked, question, history)
      if !moment.isEmpty || choice == .named(found.name) { moments.append(moment) }
    }
    return moments
  }

  private init(
    _ found: HistoryReader.EvidenceHost, _ asked: Timestamp, _ question: PortQuestion,
    _ history: HistoryReader
  ) throws {
    host = found.name
    known = found.moments
    // As in the table of that moment: also what is in no later one, as long as that does not say that it had ended.
    let there = known.contains(asked) ? try history.evidence(of: host, at: asked) : []
    var ids: Set<Int64> = []
    for life in there where question.concerns(life) {
      ids.insert(life.id)
      if life.role != .connection {
        if life.local.port == question.port { holders.append(life) }
      } else if !life.isSeenFromItsClient(question.port) {
        connectionCount += 1
        if connections.count < PortMoment.mostConnections { connections.append(life) }
      }
    }
    var query = LifeQuery()
    query.hosts = .named(host)
    query.condition = try question.filter.sql()
    query.until = asked
    try history.lives(query) { (life: Life) throws(Never) in
      if ids.contains(life.id) || life.isSeenFromItsClient(question.port) { return true }
      before = life
      return false
    }
    (query.since, query.until) = (asked, nil)
    query.order = .oldestFirst
    try history.lives(query) { (life: Life) throws(Never) in
      if life.firstSeen <= asked || life.isSeenFromItsClient(question.port) { return true }
      after = life
      return false
    }
  }
}
