// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// What has happened lately, in the order of time, as far as it is kept.
struct EventLog: Sendable {
  /// What a refresh has brought.
  struct News {
    var events: [Event] = []
    /// Lives of which something else was told before: all of their events are among the new ones.
    var revised: Set<Int64> = []
  }

  /// The most that are kept.
  static let most = 10_000

  /// Oldest first.
  private(set) var happenings = Queue<Recorder.Happening>()
  /// How many came before the first that is kept.
  private(set) var first = 0
  /// How often what was told already became something else.
  private(set) var changes = 0
  /// Listeners whose event is kept and that nobody has judged yet.
  private var unjudged: Set<Int64> = []

  /// Adds what a refresh has brought.
  ///
  /// - Returns: what of it was told for the first time, by kind.
  mutating func add(_ news: News, _ gaps: [Gap]) -> [Event.Kind: Int] {
    var counts: [Event.Kind: Int] = [:]
    for event in news.events { counts[event.kind, default: 0] += 1 }
    if !news.revised.isEmpty { takeBack(news.revised, &counts) }
    var fresh = gaps.map(Recorder.Happening.gap)
    for event in news.events {
      if event.kind == .listening, event.life.verdict == nil { unjudged.insert(event.life.id) }
      fresh.append(.event(event))
    }
    insert(Self.inOrder(fresh))
    let excess = happenings.count - Self.most
    if excess > 0 {
      happenings.removeFirst(excess)
      first += excess
    }
    return counts
  }

  /// Shows others in place of these.
  mutating func replace(with others: [Recorder.Happening]) {
    first += happenings.count
    changes += 1
    unjudged = []
    happenings = Queue(others)
  }

  /// A listener is judged when its owner is known, which can be later than its event.
  mutating func judge(_ life: Life) {
    guard unjudged.remove(life.id) != nil else { return }
    for index in happenings.indices.reversed() {
      guard case .event(var event) = happenings[index], event.life.id == life.id, event.kind == .listening
      else { continue }
      event.life.verdict = life.verdict
      event.life.owner = life.owner
      happenings[index] = .event(event)
      changes += 1
      return
    }
  }

  private mutating func takeBack(_ lives: Set<Int64>, _ counts: inout [Event.Kind: Int]) {
    let kept = happenings.filter { happening in
      guard case .event(let event) = happening, lives.contains(event.life.id) else { return true }
      counts[event.kind, default: 0] -= 1
      return false
    }
    if kept.count == happenings.count { return }
    happenings = Queue(kept)
    changes += 1
  }

  /// Puts what comes late where it belongs.
  private mutating func insert(_ fresh: [Recorder.Happening]) {
    guard let earliest = fresh.first?.time else { return }
    var start = happenings.endIndex
    while start > 0, happenings[start - 1].time > earliest { start -= 1 }
    if start == happenings.endIndex {
      for happening in fresh { happenings.append(happening) }
      return
    }
    let later = Array(happenings[start...])
    happenings = Queue(Array(happenings[..<start]) + Self.inOrder(later + fresh))
    changes += 1
  }

  private static func inOrder(_ happenings: [Recorder.Happening]) -> [Recorder.Happening] {
    let order = happenings.indices.sorted {
      (happenings[$0].time, $0) < (happenings[$1].time, $1)
    }
    return order.map { happenings[$0] }
  }
}

extension Recorder.Happening {
  /// When it happened, or began.
  var time: Timestamp {
    switch self {
    case .event(let event): event.time
    case .gap(let gap): gap.since
    }
  }
}

extension Life {
  /// True where it is what was known of a life when only its first part was: the other goes on from there.
  func isBeginning(of other: Life) -> Bool {
    firstSeen == other.firstSeen && firstState == other.firstState
      && other.laterSteps.starts(with: laterSteps)
      && (closedOffset == nil || closedOffset == other.closedOffset)
  }

  /// How many there are in ``events``.
  var eventCount: Int {
    let isTold = laterSteps.contains {
      ($0.state == .timeWait || $0.state == .close) && $0.offset == closedOffset
    }
    return 1 + laterSteps.count + (closedOffset == nil || isTold ? 0 : 1)
  }
}
