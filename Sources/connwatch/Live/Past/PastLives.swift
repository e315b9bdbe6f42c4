// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
import ProcNet

/// The sockets that were there at a moment of the past.
enum PastLives {
  /// Hands over each life whose socket was there, as the history has it now, in the order of opening.
  static func each(
    at moment: Timestamp, in history: HistoryReader, netns: NetworkNamespaces.Selection = .own,
    _ body: (Life) -> Void
  ) throws {
    var query = LifeQuery()
    query.since = moment
    query.until = moment
    query.countsTimeWait = true
    query.roles = [.connection, .listener, .bound]
    query.order = .oldestFirst
    try history.lives(query) { (life: Life) throws(Never) in
      if netns.includes(recorded: life.netns) { body(life) }
      return true
    }
  }

  /// The sockets that were there, each life as far as it had come.
  static func at(
    _ moment: Timestamp, in history: HistoryReader, netns: NetworkNamespaces.Selection = .own
  ) throws -> [Life] {
    var found = Found()
    try each(at: moment, in: history, netns: netns) { found.add($0, at: moment) }
    return found.lives()
  }

  /// Gathers the sockets of a moment.
  struct Found {
    private var all: [Life] = []
    /// Places of those that only may have been in TIME_WAIT.
    private var assumed: [Int] = []

    /// - Parameter life: in the order of opening.
    mutating func add(_ life: Life, at moment: Timestamp) {
      guard let then = life.truncated(to: moment) else { return }
      if then.state == .timeWait, life.isUnwatchedTimeWait { assumed.append(all.count) }
      all.append(then)
    }

    /// Those that were there: of those that only may have been in TIME_WAIT the ones without a newer one on their ends.
    func lives() -> [Life] {
      if assumed.isEmpty { return all }
      let ends = Set(assumed.map { Ends(all[$0]) })
      var newest: [Ends: Int64] = [:]
      for life in all {
        let key = Ends(life)
        if ends.contains(key) { newest[key] = life.id }
      }
      let replaced = Set(assumed.filter { newest[Ends(all[$0])] != all[$0].id })
      return all.indices.lazy.filter { !replaced.contains($0) }.map { all[$0] }
    }
  }

  /// What no two connections have at once.
  private struct Ends: Hashable {
    var ends: SocketEnds
    var netns: String?

    init(_ life: Life) { (ends, netns) = (life.ends, life.netns) }
  }
}

extension NetworkNamespaces.Selection {
  /// True for lives of a namespace, by the label that they are recorded under: nil is that of the recorder itself.
  func includes(recorded label: String?) -> Bool {
    switch self {
    case .own: label == nil
    case .one(let name): label == name
    case .all: true
    }
  }
}

extension Life {
  /// What was known of it at a moment at which its socket was there: what happened later is left out. nil where there was
  /// no socket.
  func truncated(to moment: Timestamp) -> Life? {
    let offset = moment - firstSeen
    guard offset >= 0 else { return nil }
    var then = self
    if laterSteps.contains(where: { $0.offset > offset }) { then.laterSteps.removeAll { $0.offset > offset } }
    if let closedOffset, closedOffset <= offset {
      // Of a closed connection a socket is left only while it is in TIME_WAIT.
      let end = isUnwatchedTimeWait ? closedOffset + HistoryReader.timeWait : lastSeenOffset
      guard then.state == .timeWait, offset <= end else { return nil }
    } else {
      // Told at its end alone.
      then.closedOffset = nil
      then.outcome = nil
      then.traffic = nil
    }
    then.lastSeenOffset = max(0, min(lastSeenOffset, offset))
    return then
  }

  /// True where it ended in TIME_WAIT and nobody looked how long its socket stayed in it: the kernel's word of an end is
  /// the last that it says. Where the tables alone were read, TIME_WAIT was seen in them, and its end too.
  var isUnwatchedTimeWait: Bool {
    guard let closedOffset, state == .timeWait, !sources.isDisjoint(with: [.end, .trace]) else {
      return false
    }
    return lastSeenOffset <= closedOffset
  }
}
