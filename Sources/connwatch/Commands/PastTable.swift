// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
import ProcNet

/// The table of sockets as it stood at a moment of the past, from the history.
struct PastTable {
  let global: GlobalOptions
  let names: Names

  /// The sockets of a moment.
  struct Answer {
    var rows: [ListRow]
    /// False where there is no table of that moment: nothing is shown, or that of another one, as a remark says.
    var isKnown: Bool
  }

  /// Every socket that was open at `text`, in the recorder's network namespace unless others are asked for: by their
  /// labels, since nothing else is left of them.
  /// Evidence is shown of the host that is asked for, and of all hosts where none is.
  func rows(
    at text: String, in netns: NetworkNamespaces.Selection = .own, of hosts: HostChoice = .own
  ) throws -> Answer {
    let now = SystemClock().now().wall
    let asked = try global.time(text, now: now)
    if PastMoment.isFuture(asked, now: now) { throw Failure("--at \(text): that is in the future") }
    let history = try global.openHistory()
    try hosts.check(history)
    // What was imported is of no namespace that anybody knows of.
    var hosts = hosts
    if case .one = netns, hosts == .all { hosts = .own }
    return try history.snapshot { () throws in
      let evidence = EvidenceTable(global: global, names: names, history: history)
      guard hosts.includesOwn else { return try evidence.rows(at: asked, of: hosts, isAlone: true) }
      // Where nothing was ever recorded, and something was imported, there is nothing to say of this machine.
      let isOnlyEvidence = hosts == .all ? try history.sampled() == nil && evidence.hasAny() : false
      if isOnlyEvidence { return try evidence.rows(at: asked, of: hosts, isAlone: true) }
      let moment = try PastMoment(asked, in: history)
      if let remark = moment.remark(global.text) { global.remark(remark) }
      guard moment.hasTable else {
        guard hosts == .all else { return Answer(rows: [], isKnown: false) }
        return try evidence.rows(at: asked, of: hosts, isAlone: true)
      }
      try global.remarkCoverage(history, since: moment.shown, until: moment.shown)
      // Rows share what they have in common, which is all but the namespace.
      var contexts: [String?: ListRow.Context] = [:]
      let own = try PastLives.at(moment.shown, in: history, netns: netns).map { life in
        let context =
          contexts[life.netns] ?? ListRow.Context(names: names, time: moment.shown, netns: life.netns)
        contexts[life.netns] = context
        return ListRow(past: life, context)
      }
      let isKnown = moment.isKnown
      if hosts == .own { return Answer(rows: own, isKnown: isKnown) }
      let imported = try evidence.rows(at: asked, of: hosts, isAlone: false)
      return Answer(rows: own + imported.rows, isKnown: isKnown || imported.isKnown)
    }
  }
}

extension ListRow {
  /// The socket of a life as far as it had come at a moment of the past.
  init(past life: Life, _ context: Context) {
    let socket = SocketRow(
      proto: life.proto, state: life.state, local: life.local, remote: life.remote, rawUID: life.rawUID)
    self.init(
      context: context, socket: socket, role: life.role, direction: life.direction, owner: life.owner,
      firstSeen: life.firstSeen, isLive: false)
  }
}

extension GlobalOptions {
  /// Reads a moment as people write it.
  func time(_ text: String, now: Timestamp) throws(UnreadableText) -> Timestamp {
    try TimeReader(now: now, zone: zone).read(text)
  }

  /// A moment as tables show it.
  func text(_ moment: Timestamp) -> String { moment.text(in: zone) }
}
