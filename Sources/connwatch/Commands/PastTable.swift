// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
import ProcNet

/// The table of sockets as it stood at a moment of the past, from the history.
struct PastTable {
  let global: GlobalOptions
  let names: Names

  /// Every socket that was open at `text`, in the recorder's network namespace unless others are asked for: by their
  /// labels, since nothing else is left of them.
  func rows(at text: String, in netns: NetworkNamespaces.Selection = .own) throws -> [ListRow] {
    let now = SystemClock().now().wall
    let asked = try global.time(text, now: now)
    guard asked <= now else { throw Failure("--at \(text): that is in the future") }
    let history = try global.openHistory()
    return try history.snapshot { () throws in
      guard let moment = try lastKnown(asked, history) else { return [] }
      var query = LifeQuery()
      query.since = moment
      query.until = moment
      query.countsTimeWait = true
      query.roles = [.connection, .listener, .bound]
      query.order = .oldestFirst
      var contexts: [String?: ListRow.Context] = [:]
      var rows: [ListRow] = []
      try history.lives(query) { life in
        switch netns {
        case .own where life.netns != nil: return true
        case .one(let label) where life.netns != label: return true
        case .own, .one, .all: break
        }
        let context = contexts[life.netns] ?? ListRow.Context(names: names, time: moment, netns: life.netns)
        contexts[life.netns] = context
        if let row = row(life, at: moment, context) { rows.append(row) }
        return true
      }
      return rows
    }
  }

  /// The moment whose table is shown for another one: itself, or the last sample before it.
  private func lastKnown(_ asked: Timestamp, _ history: HistoryReader) throws -> Timestamp? {
    guard let sampled = try history.sampled(), asked >= sampled.lowerBound else {
      let since = try history.sampled().map { ": the first sample is of \(global.text($0.lowerBound))" }
      global.remark("nothing was recorded at \(global.text(asked))\(since ?? "")")
      return nil
    }
    if asked > sampled.upperBound {
      let interval = try history.lastInterval() ?? 0
      if asked - sampled.upperBound > 3 * interval {
        global.remark(
          "nothing is recorded after \(global.text(sampled.upperBound)): showing the table of that moment")
      }
      return sampled.upperBound
    }
    // What the clock went back over was watched, if under other times; what it leapt over never was.
    let gaps = try history.gaps(since: asked, until: asked).filter {
      $0.since < asked && asked < $0.until && $0.detail?.hasPrefix("by -") != true
    }
    guard let gap = gaps.first else { return asked }
    let moment = min(gap.since, try history.sample(atOrBefore: gap.since) ?? gap.since)
    global.remark(
      """
      not watching from \(global.text(gap.since)) to \(global.text(gap.until)) (\(gap.cause)): \
      showing the table of \(global.text(moment))
      """)
    return moment
  }

  /// The socket of a life at a moment, nil where there was none.
  private func row(_ life: Life, at moment: Timestamp, _ context: ListRow.Context) -> ListRow? {
    let offset = moment - life.firstSeen
    guard offset >= 0, let state = life.steps.last(where: { $0.offset <= offset })?.state else { return nil }
    if let closed = life.closedOffset, closed <= offset {
      // Of a closed connection a socket is left only while it is in TIME_WAIT.
      guard state == .timeWait, offset <= life.lastSeenOffset else { return nil }
    }
    let socket = SocketRow(
      proto: life.proto, state: state, local: life.local, remote: life.remote, rawUID: life.rawUID)
    return ListRow(
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
