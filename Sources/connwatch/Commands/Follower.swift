// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
import ProcNet

/// Tells events as a recorder writes them: `events -f`.
///
/// An event can be written after later ones have been told, since a close is believed only when it is confirmed. So
/// what has been told is kept for each life that is open or ended lately, and not as one moment for all.
struct Follower {
  let history: HistoryReader
  var query: LifeQuery
  let wantsGaps: Bool

  /// How far back a life may have ended and still get an event, in microseconds.
  private static let lateness: Int64 = 300_000_000
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
    var told = try history.snapshot { () throws in
      try EventsCommand.happenings(history, window, wantsGaps: wantsGaps) { happening in
        first.append(happening)
        return true
      }
      return try state()
    }
    try tell(Array(first.suffix(backlog)))
    while signals.wait(until: SignalWait.monotonic() + Self.pace) {
      let now = try history.dataVersion()
      if now == version { continue }
      version = now
      // A life can move from one table to another between two questions.
      let later = try history.snapshot { () throws in try state() }
      let news = later.news(since: told)
      if !news.isEmpty { try tell(news) }
      told = later
    }
  }

  private func state() throws -> State {
    var recent = query
    recent.since = SystemClock().now().wall + -Self.lateness
    recent.until = nil
    let lives: [Life] = try history.lives(recent)
    let gaps = wantsGaps ? try history.gaps(since: recent.since) : []
    return State(lives: lives, gaps: gaps)
  }

  /// What the history holds of the last minutes.
  struct State {
    var lives: [Life]
    var gaps: [Gap]

    /// What is in it and was not in an earlier one, in the order of time.
    func news(since earlier: State) -> [Recorder.Happening] {
      var counts: [Int64: Int] = [:]
      for life in earlier.lives { counts[life.id] = life.events.count }
      var events: [Event] = []
      for life in lives { events += life.events.dropFirst(counts[life.id] ?? 0) }
      let old = Set(earlier.gaps)
      events.sort { ($0.time, $0.life.id) < ($1.time, $1.life.id) }
      return gaps.filter { !old.contains($0) }.map(Recorder.Happening.gap)
        + events.map(Recorder.Happening.event)
    }
  }
}
