// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
@preconcurrency import Glibc

/// Finds out what is known of sockets that are at hand, without reading any others.
struct SocketFacts {
  let names: Names
  let policy: ListenerPolicy
  let ephemeral: EphemeralRange
  /// The history, where there is one.
  var past: PastIndex?
  var isRoot = geteuid() == 0

  init(names: Names, policy: ListenerPolicy, ephemeral: EphemeralRange, past: PastIndex? = nil) {
    self.names = names
    self.policy = policy
    self.ephemeral = ephemeral
    self.past = past
  }

  /// What is known of a socket that is there.
  ///
  /// - Parameters:
  ///   - v6Only: what the kernel said of sockets bound to `::` (``Snapshot/v6Only``).
  ///   - isElsewhere: it is in another network namespace, which no rules are about.
  mutating func facts(
    _ found: ListRow, v6Only: [UInt64: Bool] = [:], isElsewhere: Bool = false
  ) throws -> LineFacts {
    var facts = blank
    facts.live = match(.same, [found], v6Only: v6Only, isElsewhere: isElsewhere)
    if let control = try control(found) { facts.control = control }
    return facts
  }

  /// Nothing but what is known of every line.
  var blank: LineFacts {
    var facts = LineFacts()
    facts.ephemeral = ephemeral
    facts.hasHistory = past != nil
    facts.isRoot = isRoot
    return facts
  }

  /// What is told of sockets that fit a line.
  func match(
    _ kind: LiveMatch.Kind, _ rows: [ListRow], v6Only: [UInt64: Bool], isElsewhere: Bool
  ) -> LiveMatch {
    let first = rows[0]
    var match = LiveMatch(kind: kind, socket: first.socket, owner: first.owner)
    match.user = names.user(first.socket.uid)
    match.direction = first.direction
    match.firstSeen = first.firstSeen
    match.count = rows.count
    for row in rows {
      if let name = row.owner.process?.name, !match.programs.contains(name) { match.programs.append(name) }
    }
    match.netns = isElsewhere ? first.context.netns : nil
    if first.role == .listener, match.netns == nil {
      match.judgement = policy.judge(
        Listener(
          proto: first.socket.proto, address: first.socket.local.address, port: first.socket.local.port,
          owner: first.owner, isV6Only: v6Only[first.socket.inode]))
      match.lacksPolicy = policy.set.isEmpty
    }
    return match
  }

  /// The FTP control connection that a connection carries data of; nil where it carries none's.
  mutating func control(_ row: ListRow) throws -> Life? {
    guard let past, row.role == .connection else { return nil }
    let life = Life(
      id: 0, row: row.socket, role: row.role, direction: row.direction,
      firstSeen: row.firstSeen ?? row.context.time,
      firstSeenBoot: 0, uncertainty: nil, sources: .proc)
    return try past.control(of: life)
  }
}
