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
    guard asked <= now else { throw Failure("--at \(text): that is in the future") }
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
      guard !isOnlyEvidence, let (moment, isKnown) = try lastKnown(asked, history) else {
        guard hosts == .all else { return Answer(rows: [], isKnown: false) }
        return try evidence.rows(at: asked, of: hosts, isAlone: true)
      }
      var query = LifeQuery()
      query.since = moment
      query.until = moment
      query.countsTimeWait = true
      query.roles = [.connection, .listener, .bound]
      query.order = .oldestFirst
      try global.remarkCoverage(history, since: moment, until: moment)
      // Rows share what they have in common, which is all but the namespace.
      var contexts: [String?: ListRow.Context] = [:]
      var rows: [(life: Life, row: ListRow)] = []
      try history.lives(query) { life in
        switch netns {
        case .own where life.netns != nil: return true
        case .one(let label) where life.netns != label: return true
        case .own, .one, .all: break
        }
        let context = contexts[life.netns] ?? ListRow.Context(names: names, time: moment, netns: life.netns)
        contexts[life.netns] = context
        if let row = row(life, at: moment, context) { rows.append((life, row)) }
        return true
      }
      let own = Self.withoutReplaced(rows).map(\.row)
      if hosts == .own { return Answer(rows: own, isKnown: isKnown) }
      let imported = try evidence.rows(at: asked, of: hosts, isAlone: false)
      return Answer(rows: own + imported.rows, isKnown: isKnown || imported.isKnown)
    }
  }

  /// Leaves out sockets that only may have been in TIME_WAIT, where a newer one with the same ends was there.
  ///
  /// - Parameter rows: in the order of opening.
  private static func withoutReplaced(_ rows: [(life: Life, row: ListRow)]) -> [(life: Life, row: ListRow)] {
    var newest: [Ends: Int64] = [:]
    let assumed = rows.filter { $0.row.socket.state == .timeWait && $0.life.isUnwatchedTimeWait }
    if assumed.isEmpty { return rows }
    let ends = Set(assumed.map { Ends($0.life) })
    for (life, _) in rows where ends.contains(Ends(life)) { newest[Ends(life)] = life.id }
    return rows.filter { life, row in
      row.socket.state != .timeWait || !life.isUnwatchedTimeWait || newest[Ends(life)] == life.id
    }
  }

  /// What no two connections have at once.
  private struct Ends: Hashable {
    var proto: Proto
    var local: Endpoint
    var remote: Endpoint
    var netns: String?

    init(_ life: Life) {
      (proto, local, remote, netns) = (life.proto, life.local, life.remote, life.netns)
    }
  }

  /// The moment whose table is shown for another one: itself, or the last sample before it; whether that is known to be
  /// the table of the moment asked for.
  private func lastKnown(
    _ asked: Timestamp, _ history: HistoryReader
  ) throws -> (moment: Timestamp, isKnown: Bool)? {
    guard let sampled = try history.sampled(), asked >= sampled.lowerBound else {
      let since = try history.sampled().map { ": the first sample is of \(global.text($0.lowerBound))" }
      global.remark("nothing was recorded at \(global.text(asked))\(since ?? "")")
      return nil
    }
    if asked > sampled.upperBound {
      let interval = try history.lastInterval() ?? 0
      let isKnown = asked - sampled.upperBound <= 3 * interval
      if !isKnown {
        global.remark(
          "nothing is recorded after \(global.text(sampled.upperBound)): showing the table of that moment")
      }
      return (sampled.upperBound, isKnown)
    }
    // What the clock went back over was watched, if under other times; what it leapt over never was.
    let gaps = try history.gaps(since: asked, until: asked).filter {
      $0.since < asked && asked < $0.until && $0.detail?.hasPrefix("by -") != true
    }
    guard let gap = gaps.first else { return (asked, true) }
    let moment = min(gap.since, try history.sample(atOrBefore: gap.since) ?? gap.since)
    global.remark(
      """
      not watching from \(global.text(gap.since)) to \(global.text(gap.until)) (\(gap.cause)): \
      showing the table of \(global.text(moment))
      """)
    return (moment, false)
  }

  /// The socket of a life at a moment, nil where there was none.
  private func row(_ life: Life, at moment: Timestamp, _ context: ListRow.Context) -> ListRow? {
    let offset = moment - life.firstSeen
    guard offset >= 0, let state = life.steps.last(where: { $0.offset <= offset })?.state else { return nil }
    if let closed = life.closedOffset, closed <= offset {
      // Of a closed connection a socket is left only while it is in TIME_WAIT.
      let end = life.isUnwatchedTimeWait ? closed + HistoryReader.timeWait : life.lastSeenOffset
      guard state == .timeWait, offset <= end else { return nil }
    }
    let socket = SocketRow(
      proto: life.proto, state: state, local: life.local, remote: life.remote, rawUID: life.rawUID)
    return ListRow(
      context: context, socket: socket, role: life.role, direction: life.direction, owner: life.owner,
      firstSeen: life.firstSeen, isLive: false)
  }
}

extension Life {
  /// True where it ended in TIME_WAIT and nobody looked how long its socket stayed in it: the kernel's word of an end is
  /// the last that it says. Where the tables alone were read, TIME_WAIT was seen in them, and its end too.
  var isUnwatchedTimeWait: Bool {
    guard let closedOffset, state == .timeWait, !sources.isDisjoint(with: [.end, .trace]) else {
      return false
    }
    return lastSeenOffset <= closedOffset
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
