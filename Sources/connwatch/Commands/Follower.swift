// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
import ProcNet

/// Tells events as a recorder writes them: `events -f`.
///
/// An event can be written after later ones have been told, since a close is believed only when it is confirmed. So
/// how much has been told is kept for each life that is open or ended lately, and not as one moment for all. No more than
/// that: they can be tens of thousands.
struct Follower {
  let history: HistoryReader
  var query: LifeQuery
  let wantsGaps: Bool

  /// How far back a life may have ended and still get an event, in microseconds.
  private static let lateness: Int64 = 300_000_000
  /// From how many on events are dropped that are not among the last ones.
  private static let pieceOfBacklog = 1000
  /// Microseconds between two looks.
  private static let pace: Int64 = 250_000

  init(history: HistoryReader, query: LifeQuery, wantsGaps: Bool) {
    self.history = history
    self.query = query
    self.wantsGaps = wantsGaps
  }

  /// Tells the last `backlog` events and then each as it comes, until a signal asks to stop.
  func run(backlog: Int, _ tell: ([Recorder.Happening]) throws -> Void) throws {
    let signals = SignalWait()
    // The version first, and all else of one moment: what is written meanwhile is news, and told once.
    var version = try history.dataVersion()
    var first: [Recorder.Happening] = []
    var window = query
    if window.since == nil { window.since = SystemClock().now().wall + -Self.lateness }
    var told: Told = try history.snapshot { () throws in
      try EventsCommand.happenings(history, window, wantsGaps: wantsGaps) { happening in
        first.append(happening)
        // Those before the last ones need not be kept till there are no more.
        if first.count >= Self.pieceOfBacklog && first.count / 2 >= backlog {
          first.removeFirst(first.count - backlog)
        }
        return true
      }
      return try self.look(since: nil).seen
    }
    try tell(Array(first.suffix(backlog)))
    first = []
    while signals.wait(until: SignalWait.monotonic() + Self.pace) {
      let now = try history.dataVersion()
      if now == version { continue }
      version = now
      // A life can move from one table to another between two questions.
      let look: Look = try history.snapshot { () throws in try self.look(since: told) }
      let news = look.news
      if !news.isEmpty { try tell(news) }
      told = look.seen
    }
  }

  private func look(since told: Told?) throws -> Look {
    var recent = query
    recent.since = SystemClock().now().wall + -Self.lateness
    recent.until = nil
    var look = Look(since: told)
    if wantsGaps { look.take(try history.gaps(since: recent.since)) }
    try history.lives(recent) { (life: Life) throws(Never) in
      look.take(life)
      return true
    }
    return look
  }

  /// What has been told of the last minutes.
  struct Told {
    /// How many events of each life, by its number.
    fileprivate var counts: [Int64: Int] = [:]
    fileprivate var gaps: Set<Gap> = []
  }

  /// What the history holds of the last minutes, and what of it was not told before.
  struct Look {
    private let told: Told?
    private var events: [Event] = []
    private var gaps: [Gap] = []
    /// To be looked at again from.
    private(set) var seen = Told()

    /// - Parameter told: nil where nothing is news.
    init(since told: Told?) {
      self.told = told
      seen.counts.reserveCapacity(told?.counts.count ?? 0)
    }

    mutating func take(_ life: Life) {
      let count = life.eventCount
      seen.counts[life.id] = count
      guard let told else { return }
      let before = told.counts[life.id] ?? 0
      if count > before { events += life.events.dropFirst(before) }
    }

    mutating func take(_ gaps: [Gap]) {
      seen.gaps = Set(gaps)
      if let told { self.gaps = gaps.filter { !told.gaps.contains($0) } }
    }

    /// In the order of time.
    var news: [Recorder.Happening] {
      gaps.map(Recorder.Happening.gap)
        + events.sorted { ($0.time, $0.life.id) < ($1.time, $1.life.id) }.map(Recorder.Happening.event)
    }
  }
}
