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
  private let policy: ListenerPolicy
  private let live: LiveIndex
  private var past: PastIndex?
  /// Sockets of other network namespaces, read when the first line asks for them.
  private var elsewhere: LiveIndex?
  private let ephemeral: EphemeralRange

  /// - Parameter expected: the file of rules in place of the usual two.
  init(_ global: GlobalOptions, _ names: Names, expected: String? = nil) throws {
    self.global = global
    self.names = names
    own = .look()
    policy = try ListenerPolicy(global, expected: expected)
    var table = LiveTable(global: global, names: names)
    // Of those that lines are about it is said with the line.
    table.tellsHiddenOwners = false
    let (rows, v6Only) = try table.table(.all, filter: .everything)
    live = LiveIndex(rows, v6Only: v6Only)
    past = try global.openHistoryIfAny().map(PastIndex.init)
    ephemeral = EphemeralRange(reading: global.root)
  }

  /// What is known of a row.
  mutating func facts(_ row: EvidenceRow) throws -> LineFacts {
    var facts = blank
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
    var facts = blank
    facts.live = match(.same, [found])
    if let control = try control(found) { facts.control = control }
    return facts
  }

  private var blank: LineFacts {
    var facts = LineFacts()
    facts.ephemeral = ephemeral
    facts.hasHistory = past != nil
    facts.isRoot = geteuid() == 0
    return facts
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
    facts.past = try past?.connections(row)
    facts.evidence = try past?.evidence(row) ?? []
    facts.control = try past?.control(of: facts.past?.latest)
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
      facts.past = row.local.address == nil ? nil : try past?.clients(row)
      facts.foreignHost = row.local.host ?? row.local.address?.description
      if clients.isEmpty { facts.whyNot = .otherMachine }
      return
    }
    let listeners = live.listeners(row)
    if !listeners.isEmpty {
      facts.live = match(row.isListener ? .same : .listener, listeners)
      return
    }
    facts.past = try past?.listeners(row)
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
    if facts.past == nil { facts.past = try past?.users(row) ?? past?.clients(row) }
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
    let first = rows[0]
    var match = LiveMatch(kind: kind, socket: first.socket, owner: first.owner)
    match.user = names.user(first.socket.uid)
    match.direction = first.direction
    match.firstSeen = first.firstSeen
    match.count = rows.count
    for row in rows {
      if let name = row.owner.process?.name, !match.programs.contains(name) { match.programs.append(name) }
    }
    match.netns = isElsewhere(first) ? first.context.netns : nil
    if first.role == .listener, match.netns == nil {
      match.judgement = policy.judge(
        Listener(
          proto: first.socket.proto, address: first.socket.local.address, port: first.socket.local.port,
          owner: first.owner, isV6Only: live.v6Only[first.socket.inode]))
      match.lacksPolicy = policy.set.isEmpty
    }
    return match
  }

  private func isElsewhere(_ row: ListRow) -> Bool {
    guard let elsewhere, let label = row.context.netns else { return false }
    return elsewhere.labels.contains(label)
  }

  private mutating func control(_ row: ListRow) throws -> Life? {
    guard let past, row.role == .connection else { return nil }
    let life = Life(
      id: 0, row: row.socket, role: row.role, direction: row.direction,
      firstSeen: row.firstSeen ?? row.context.time,
      firstSeenBoot: 0, uncertainty: nil, sources: .proc)
    return try past.control(of: life)
  }
}
