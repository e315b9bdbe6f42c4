// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
@preconcurrency import Glibc
import ProcNet

/// Finds out what is known here of what lines tell: from the sockets of this moment, read once, and from the history.
struct Explainer {
  private let global: GlobalOptions
  private let names: Names
  private let own: OwnHost
  private let live: LiveIndex
  private var sockets: SocketFacts
  /// Sockets of other network namespaces, read when the first line asks for them.
  private var elsewhere: LiveIndex?

  /// - Parameter expected: the file of rules in place of the usual two.
  init(_ global: GlobalOptions, _ names: Names, expected: String? = nil) throws {
    self.global = global
    self.names = names
    own = .look()
    let policy = try ListenerPolicy(global, expected: expected)
    var table = LiveTable(global: global, names: names)
    // Of those that lines are about it is said with the line.
    table.tellsHiddenOwners = false
    let (rows, v6Only) = try table.table(.all, filter: .everything)
    live = LiveIndex(rows, v6Only: v6Only)
    sockets = SocketFacts(
      names: names, policy: policy, ephemeral: EphemeralRange(reading: global.root),
      past: try global.openHistoryIfAny().map(PastIndex.init))
  }

  /// What is known of a row.
  mutating func facts(_ row: EvidenceRow) throws -> LineFacts {
    var facts = sockets.blank
    if row.remote != nil {
      try findConnection(row, &facts)
    } else if row.isListener || row.scan != nil || row.format == .bare {
      try findPort(row, &facts)
    } else {
      let users = live.users(row)
      if users.isEmpty { facts.whyNot = .unused } else { facts.live = match(.user, users) }
    }
    return facts
  }

  /// What is known of a socket that is there.
  mutating func facts(_ found: ListRow) throws -> LineFacts {
    try sockets.facts(found, v6Only: live.v6Only, isElsewhere: isElsewhere(found))
  }

  // MARK: - Connections

  private mutating func findConnection(_ row: EvidenceRow, _ facts: inout LineFacts) throws {
    guard let remote = row.remote else { return }
    let isOurs = own.owns(row.local)
    var found = live.connections(row)
    // Names are not looked up: of a line of another host only addresses count.
    if row.local.address == nil, !isOurs { found.same = [] }
    if remote.address == nil, !own.owns(remote) { found.peer = [] }
    if !found.same.isEmpty {
      facts.live = match(.same, found.same)
    } else if !found.peer.isEmpty {
      facts.live = match(.peer, found.peer)
    }
    facts.past = try sockets.past?.connections(row)
    facts.evidence = try sockets.past?.evidence(row) ?? []
    facts.control = try sockets.past?.control(of: facts.past?.latest)
    if facts.live != nil { return }
    let other = isOurs || row.local.address != nil ? elsewhereIndex().connections(row).same : []
    if !other.isEmpty {
      facts.live = match(.same, other)
    } else if facts.past != nil {
      facts.whyNot = .ended
    } else if !isOurs, !live.translated(row).isEmpty {
      facts.whyNot = .nat
    } else if !isOurs {
      facts.whyNot = .otherMachine
      facts.foreignHost = row.local.host ?? row.local.address?.description
    } else {
      facts.whyNot = .unknown
    }
  }

  // MARK: - Ports

  private mutating func findPort(_ row: EvidenceRow, _ facts: inout LineFacts) throws {
    guard own.owns(row.local) else {
      // Of another host there can only be connections to it.
      let clients = live.clients(row)
      if !clients.isEmpty { facts.live = match(.client, clients) }
      facts.past = row.local.address == nil ? nil : try sockets.past?.clients(row)
      facts.foreignHost = row.local.host ?? row.local.address?.description
      if clients.isEmpty { facts.whyNot = .otherMachine }
      return
    }
    let listeners = live.listeners(row)
    if !listeners.isEmpty {
      facts.live = match(row.isListener ? .same : .listener, listeners)
      return
    }
    facts.past = try sockets.past?.listeners(row)
    if row.format == .bare, let known = try bare(row, &facts) {
      facts.live = known
      return
    }
    let other = elsewhereIndex().listeners(row)
    if !other.isEmpty {
      facts.live = match(row.isListener ? .same : .listener, other)
      return
    }
    facts.whyNot = facts.past != nil ? .ended : whyUnused(row)
  }

  /// A port without anything around it may as well be a client's, or one of others.
  private mutating func bare(_ row: EvidenceRow, _ facts: inout LineFacts) throws -> LiveMatch? {
    let users = live.users(row)
    if !users.isEmpty { return match(.user, users) }
    let clients = live.clients(row)
    if !clients.isEmpty { return match(.client, clients) }
    if facts.past == nil { facts.past = try sockets.past?.users(row) ?? sockets.past?.clients(row) }
    return nil
  }

  private func whyUnused(_ row: EvidenceRow) -> WhyNoSocket {
    switch row.scan {
    case .open where row.local.address != nil: .hidden
    case .open, nil: row.isListener ? .unknown : .unused
    default: .unused
    }
  }

  /// The sockets of other network namespaces, as far as they may be seen.
  private mutating func elsewhereIndex() -> LiveIndex {
    if let elsewhere { return elsewhere }
    var quiet = global
    quiet.quiet = true
    var table = LiveTable(global: quiet, names: names)
    table.netns = .all
    table.tellsHiddenOwners = false
    let own = NetNamespace(reading: global.root)?.label
    // What cannot be read is left out: it is asked for without anybody having named it.
    let rows = (try? table.rows(.all, filter: .everything)) ?? []
    let index = LiveIndex(rows.filter { $0.context.netns != nil && $0.context.netns != own })
    elsewhere = index
    return index
  }

  // MARK: - Matches

  private func match(_ kind: LiveMatch.Kind, _ rows: [ListRow]) -> LiveMatch {
    sockets.match(kind, rows, v6Only: live.v6Only, isElsewhere: isElsewhere(rows[0]))
  }

  private func isElsewhere(_ row: ListRow) -> Bool {
    guard let elsewhere, let label = row.context.netns else { return false }
    return elsewhere.labels.contains(label)
  }
}
