// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore

/// The sockets of hosts as they stood at a moment of the past, from what was imported.
struct EvidenceTable {
  let global: GlobalOptions
  let names: Names
  let history: HistoryReader

  /// True where anything was imported.
  func hasAny() throws -> Bool { try !history.evidenceHosts().isEmpty }

  /// The sockets of the hosts that are asked for.
  ///
  /// After a host's last moment there is only what was known last: it is shown where the host is asked for, or where
  /// there is nothing else, and a remark says so.
  ///
  /// - Parameter isAlone: nothing of this machine is shown.
  /// - Returns: the sockets, and whether there is a table of that moment.
  func rows(at asked: Timestamp, of choice: HostChoice, isAlone: Bool) throws -> PastTable.Answer {
    var hosts = try history.evidenceHosts()
    if case .named(let name) = choice { hosts.removeAll { $0.name != name } }
    let covering = hosts.filter { $0.moments.contains(asked) }
    if !covering.isEmpty {
      return PastTable.Answer(
        rows: try covering.flatMap { try self.rows(of: $0.name, at: asked) }, isKnown: true)
    }
    guard isAlone else { return PastTable.Answer(rows: [], isKnown: false) }
    var rows: [ListRow] = []
    for host in hosts {
      let (first, last) = (host.moments.lowerBound, host.moments.upperBound)
      if asked < first {
        global.remark(
          "nothing is known of \(host.name) at \(global.text(asked)): it begins at \(global.text(first))")
      } else {
        global.remark(
          "nothing is known of \(host.name) after \(global.text(last)): showing the table of that moment")
        rows += try self.rows(of: host.name, at: last)
      }
    }
    return PastTable.Answer(rows: rows, isKnown: false)
  }

  private func rows(of host: String, at moment: Timestamp) throws -> [ListRow] {
    let context = ListRow.Context(names: names, time: moment, netns: nil)
    return try history.evidence(of: host, at: moment).map { life in
      let offset = moment - life.firstSeen
      let state = life.steps.last { $0.offset <= offset }?.state ?? life.firstState
      return ListRow(
        context: context,
        socket: SocketRow(
          proto: life.proto, state: state, local: life.local, remote: life.remote, rawUID: life.rawUID),
        role: life.role, direction: life.direction, owner: life.owner, firstSeen: life.firstSeen,
        isLive: false, origin: life.origin)
    }
  }
}
