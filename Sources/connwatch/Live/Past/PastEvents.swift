// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
import ProcNet

/// The latest events up to a moment of the past.
///
/// Lives that went on at the moment are read for its table and handed in. Those that had ended are looked for in spans that
/// grow until there is enough, so that neither a busy history nor a quiet one is read far back.
struct PastEvents {
  /// How many are told.
  static let most = 500
  /// How far it is looked back, in microseconds: each span ends where the one before it begins.
  static let spans: [Int64] = [10_000_000, 60_000_000, 360_000_000, 3_600_000_000]

  private let until: Timestamp
  private var events: [Event] = []
  private(set) var happenings: [Recorder.Happening] = []

  init(until: Timestamp) { self.until = until }

  /// Takes the events of a life; what went on is known of from its table, what had ended is not.
  mutating func add(goingOn life: Life) {
    if let closed = life.closed, closed <= until { return }
    add(life, since: until + -(Self.spans.last ?? 0))
  }

  private mutating func add(_ life: Life, since: Timestamp) {
    let last = max(
      life.firstSeen, life.firstSeen + (life.laterSteps.last?.offset ?? 0), life.closed ?? life.firstSeen)
    guard last >= since else { return }
    for event in life.events where event.time >= since && event.time <= until { events.append(event) }
    if events.count > 8 * Self.most { keepLatest() }
  }

  /// Looks for the events of lives that had ended, and for gaps.
  mutating func look(into history: HistoryReader, netns: NetworkNamespaces.Selection) throws {
    var end = until
    for span in Self.spans {
      let since = until + -span
      var query = LifeQuery()
      query.roles = [.connection, .listener, .bound]
      query.order = .oldestFirst
      query.since = since
      query.until = end
      query.endedBy = end
      try history.lives(query) { (life: Life) throws(Never) in
        // All its events within the hour: those before this span belong before what is older.
        if netns.includes(recorded: life.netns) { add(life, since: until + -(Self.spans.last ?? 0)) }
        return true
      }
      if events.count(where: { $0.time >= since }) >= Self.most { break }
      end = since + -1
    }
    keepLatest()
    let since = events.count < Self.most ? until + -(Self.spans.last ?? 0) : events.first?.time ?? until
    try join(history.gaps(since: since, until: until).filter { since <= $0.since && $0.since <= until })
  }

  private mutating func keepLatest() {
    let order = events.indices.sorted { (events[$0].time, $0) < (events[$1].time, $1) }
    events = order.suffix(Self.most).map { events[$0] }
  }

  /// A gap comes after what was seen at its beginning.
  private mutating func join(_ gaps: [Gap]) {
    var gaps = gaps[...]
    for event in events {
      while let gap = gaps.first, gap.since < event.time {
        happenings.append(.gap(gap))
        gaps.removeFirst()
      }
      happenings.append(.event(event))
    }
    happenings += gaps.map(Recorder.Happening.gap)
    happenings.removeFirst(max(0, happenings.count - Self.most))
  }
}
