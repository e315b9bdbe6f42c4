// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore

/// What is known of one socket, gathered before a page is made of it.
struct DetailFacts {
  /// The name of a user by the system.
  var user: String?
  /// The names of both ends' ports.
  var localService: String?
  var remoteService: String?
  /// What is to be minded of a listener's port.
  var risk: String?
  /// What the rules say of a listener that is there.
  var judgement: ExpectedSet.Judgement?
  /// There are no rules to judge by.
  var lacksPolicy = false
  /// What there was before with the same service; nil without a history.
  var earlier: Earlier?
  /// Why there is no history to ask.
  var whyNoHistory: String?

  init() {}

  /// Gathers them.
  init(_ subject: PageSubject, _ names: Names, policy: ListenerPolicy, history: HistoryReader?) {
    let life = subject.life
    let transport = life.proto.transport
    user = life.origin == nil ? names.user(life.uid) : nil
    // A client's port was picked by the kernel: what it is registered for means nothing.
    if life.role != .bound, life.direction != .outbound {
      localService = names.service(life.local.port, transport)
    }
    if subject.hasRemote, life.direction != .inbound {
      remoteService = names.service(life.remote.port, transport)
    }
    if life.role == .listener {
      let listener = Listener(life, isV6Only: subject.isV6Only)
      risk = listener.risk
      if subject.presence == .here, !subject.isElsewhere {
        judgement = policy.judge(listener)
        lacksPolicy = policy.set.isEmpty
      }
    }
    guard let history else { return }
    do { earlier = try Earlier(subject, history) } catch { whyNoHistory = "\(error)" }
  }
}

extension DetailFacts {
  /// Earlier lives with the same service: of a connection with the same remote host, of a listener on its port.
  struct Earlier {
    /// How many are shown.
    static let most = 20
    /// A day, in microseconds.
    static let day: Int64 = 86_400_000_000
    /// How many of the last day are counted.
    static let mostCounted = 10_000

    /// Newest first.
    var lives: [Life] = []
    /// There are more than are shown.
    var isMore = false
    /// How many were opened in the day before it, and whether there were more than are counted.
    var lastDay: (count: Int, isMore: Bool)?
    /// What was not watched between the first that is shown, or the day before, and this one.
    var gaps: [Gap] = []
    /// When recording began, as far as the history reaches back.
    var since: Timestamp?
    /// The last sample, where it was long before this socket was opened.
    var until: Timestamp?
    /// When the history saw this socket first.
    var known: Timestamp?
  }
}

extension DetailFacts.Earlier {
  /// Asks the history.
  init(_ subject: PageSubject, _ history: HistoryReader) throws {
    let life = subject.life
    var query = LifeQuery()
    query.roles = life.role == .connection ? [.connection] : [.listener, .bound]
    query.until = life.firstSeen
    query.condition = try Filter(.all(Self.conditions(life))).sql()
    try history.snapshot { () throws in
      since = try history.sampled()?.lowerBound
      try history.lives(query) { (other: Life) throws(Never) in
        if other.isSameSocket(as: life) {
          known = min(known ?? other.firstSeen, other.firstSeen)
          return true
        }
        isMore = lives.count == Self.most
        if !isMore { lives.append(other) }
        return !isMore
      }
      let dayBefore = life.firstSeen + -Self.day
      lastDay = try count(life, query, since: dayBefore, history)
      if case .afterLast(let last) = try PastMoment(life.firstSeen, in: history).why { until = last }
      // What is said of all there is holds for all the time since recording began.
      let first = isMore ? min(dayBefore, lives.last?.firstSeen ?? dayBefore) : since
      gaps = try history.gaps(since: first, until: life.firstSeen).filter {
        $0.isBlind && $0.since < life.firstSeen
      }
    }
  }

  private func count(
    _ life: Life, _ query: LifeQuery, since: Timestamp, _ history: HistoryReader
  ) throws -> (Int, Bool) {
    if !isMore {
      return (lives.count { $0.firstSeen >= since }, false)
    }
    var query = query
    query.since = since
    var count = 0
    try history.lives(query) { (other: Life) throws(Never) in
      if other.firstSeen >= since, !other.isSameSocket(as: life) { count += 1 }
      return count <= Self.mostCounted
    }
    return (min(count, Self.mostCounted), count > Self.mostCounted)
  }

  /// What earlier lives have in common with this one.
  private static func conditions(_ life: Life) -> [FilterExpression] {
    let proto = FilterExpression.test(.proto(life.proto.transport == .tcp ? .tcpTables : .udpTables))
    let local = FilterExpression.test(.port(.local, life.local.port...life.local.port))
    guard life.role == .connection else { return [proto, local] }
    let host = FilterExpression.test(.address(.remote, AddressBlock(life.remote.address, prefix: 128)))
    let remote = FilterExpression.test(.port(.remote, life.remote.port...life.remote.port))
    switch life.direction {
    case .outbound: return [proto, host, remote, .not(.direction(.inbound))]
    case .inbound: return [proto, host, local, .not(.direction(.outbound))]
    // Either may be the service.
    case nil: return [proto, host, .any([remote, local])]
    }
  }
}

extension Life {
  /// True for the life of the same socket as another recorder saw it: the screen's own numbers are not the history's.
  func isSameSocket(as other: Life) -> Bool {
    guard ends == other.ends, inode == 0 || other.inode == 0 || inode == other.inode else { return false }
    guard let closed else { return true }
    return closed > other.firstSeen
  }
}
