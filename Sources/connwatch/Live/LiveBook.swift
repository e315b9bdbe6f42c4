// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Every socket that the screen can show, and what has happened to it lately.
///
/// A value: what is shown while the screen is paused is a copy. Sockets have places that do not move while they are there,
/// so that what is sorted is the numbers of places. What is asked of all of them at once is in arrays of its own.
struct LiveBook: Sendable {
  /// What has happened to a socket lately.
  enum Mark: UInt8, Sendable {
    case none, opened, changed, closed
  }

  /// What was counted between two refreshes.
  struct Rate: Sendable, Equatable {
    var opened = 0
    var closed = 0
    /// Microseconds.
    var span: Int64 = 0
  }

  /// What a refresh brings.
  struct Update: Sendable {
    var time: Timestamp
    /// Microseconds since the refresh before; 0 with the first.
    var span: Int64 = 0
    /// Lives that are new or changed, and whose socket is there.
    var current: [Life] = []
    /// Lives whose socket is gone.
    var finished: [Life] = []
    /// What was not seen.
    var gaps: [Gap] = []
    /// What was read, by the label of the namespace, for queues and bytes; nil where that stays as it was.
    var samples: [String?: Snapshot]?
  }

  /// How many refreshes a mark is shown, and a socket that is gone is kept.
  static let fading: UInt32 = 3
  /// The most sockets that are kept though they are gone.
  static let mostClosed = 20_000
  /// Of what was open at the first refresh, how far off an opening may be and still be shown, in microseconds.
  private static let mostUncertain: Int64 = 5_000_000
  /// How many refreshes' rates are kept.
  static let mostRates = 120

  // By place:
  /// The life of a socket; of a free place, any.
  private(set) var lives: [Life] = []
  /// The refresh that changed anything of it last, also that it was taken out.
  private(set) var changedAt: [UInt32] = []
  /// True where there is a socket, or one that is gone and kept.
  private(set) var isUsed: [Bool] = []
  /// True where the socket is gone.
  private(set) var isGone: [Bool] = []
  private var marks: [Mark] = []
  private var markedAt: [UInt32] = []
  /// How many of its life's events have been told.
  private var told: [Int32] = []

  private var free: [Int32] = []
  private var places: [Int64: Int32] = [:]
  /// Sockets that went, the first first, with the refresh they went at. One that came back is still in here.
  private var closing = Queue<(place: Int32, life: Int64, refresh: UInt32)>()

  /// The number of the latest refresh; 0 before the first.
  private(set) var refresh: UInt32 = 0
  /// When the first refresh was.
  private(set) var began = Timestamp(microseconds: 0)
  /// When it was as it is shown.
  private(set) var time = Timestamp(microseconds: 0)
  /// Sockets that are there, by ``SocketState/place``.
  private(set) var states = [Int](repeating: 0, count: SocketState.named.count + 1)
  /// What has happened, oldest first.
  var events: Queue<Recorder.Happening> { log.happenings }
  /// How many events came before the first that is kept.
  var firstEvent: Int { log.first }
  /// How often events that were told already became others.
  var eventChanges: Int { log.changes }
  private var log = EventLog()
  /// What each of the latest refreshes counted, oldest first.
  private(set) var rates = Queue<Rate>()
  /// Listeners that began since the first refresh.
  private(set) var newListeners = 0
  /// What was read last, by the label of the namespace.
  private(set) var samples: [String?: Snapshot] = [:]
  /// What listeners are judged by.
  var policy = ExpectedSet()
  /// Sockets that are gone are kept, the latest ``mostClosed`` of them.
  var keepsClosed = false

  /// How many sockets there are, without those that are gone.
  var count: Int { states.reduce(0, +) }
  /// How many sockets are kept though they are gone.
  private(set) var countGone = 0
  /// How many places there are, free ones too.
  var placeCount: Int { lives.count }

  /// The place of a life, nil where it is not there any more.
  func place(of life: Int64) -> Int? { places[life].map(Int.init) }

  /// True where it is known, give or take some seconds, since when a life's socket has been open.
  func isOpeningKnown(_ life: Life) -> Bool {
    guard let uncertainty = life.uncertainty else { return false }
    return life.firstSeen != began || uncertainty <= Self.mostUncertain
  }

  /// What has happened lately to the socket at a place.
  func mark(_ place: Int) -> Mark {
    marks[place] == .closed || refresh &- markedAt[place] < Self.fading ? marks[place] : .none
  }

  /// Takes in a refresh.
  mutating func apply(_ update: Update) {
    refresh &+= 1
    time = update.time
    if let samples = update.samples { self.samples = samples }
    if refresh == 1 {
      began = update.time
      reserve(update.current.count)
    }
    var rate = Rate(span: update.span)
    var news = EventLog.News()
    for life in update.current { take(life, isGone: false, &news) }
    // What had gone before anybody looked is no news.
    for life in update.finished where places[life.id] != nil || refresh > 1 && life.firstSeen >= began {
      take(life, isGone: true, &news)
    }
    expire()
    if refresh > 1 {
      let counts = log.add(news, update.gaps)
      rate.opened = max(0, counts[.opened] ?? 0)
      rate.closed = max(0, counts[.closed] ?? 0)
      newListeners += counts[.listening] ?? 0
    }
    rates.append(rate)
    if rates.count > Self.mostRates { rates.removeFirst(rates.count - Self.mostRates) }
  }

  /// Shows what there was at another moment: what differs is marked.
  ///
  /// - Parameters:
  ///   - lives: every socket's life, as far as it had come by then.
  ///   - events: what had happened until then, oldest first.
  mutating func show(_ lives: [Life], events: [Recorder.Happening], at time: Timestamp) {
    refresh &+= 1
    self.time = time
    let there = Set(lives.lazy.map(\.id))
    // Neither counted nor told: it is no news, and may be backwards.
    var ignored = EventLog.News()
    for place in self.lives.indices
    where isUsed[place] && !isGone[place] && !there.contains(self.lives[place].id) {
      take(self.lives[place], isGone: true, &ignored)
    }
    for life in lives {
      if let place = place(of: life.id), !isGone[place], self.lives[place].laterSteps == life.laterSteps,
        self.lives[place].closedOffset == life.closedOffset
      {
        continue
      }
      take(life, isGone: false, &ignored)
    }
    expire()
    log.replace(with: events)
  }

  private mutating func reserve(_ count: Int) {
    lives.reserveCapacity(count)
    changedAt.reserveCapacity(count)
    isUsed.reserveCapacity(count)
    isGone.reserveCapacity(count)
    marks.reserveCapacity(count)
    markedAt.reserveCapacity(count)
    told.reserveCapacity(count)
    places.reserveCapacity(count)
  }

  /// Takes out what has been gone for long enough.
  private mutating func expire() {
    while let oldest = closing.first {
      let place = Int(oldest.place)
      // It may have come back since, for the past can be walked both ways.
      let isStale =
        !isUsed[place] || !isGone[place] || lives[place].id != oldest.life
        || markedAt[place] != oldest.refresh
      if isStale {
        closing.removeFirst(1)
        continue
      }
      guard keepsClosed ? countGone > Self.mostClosed : refresh &- oldest.refresh >= Self.fading else {
        return
      }
      closing.removeFirst(1)
      countGone -= 1
      places[oldest.life] = nil
      isUsed[place] = false
      changedAt[place] = refresh
      lives[place].laterSteps = []
      lives[place].owner = .notLookedUp
      free.append(oldest.place)
    }
  }

  private mutating func take(_ life: Life, isGone: Bool, _ news: inout EventLog.News) {
    let place: Int
    var isRevised = false
    if let known = places[life.id] {
      place = Int(known)
      if !self.isGone[place] { states[lives[place].state.place] -= 1 }
      let isBack = self.isGone[place] && !isGone
      if isBack {
        mark(place, .opened)
      } else if isGone {
        if !self.isGone[place] { mark(place, .closed) }
      } else if lives[place].state != life.state {
        mark(place, .changed)
      }
      if lives[place].verdict == nil, life.verdict != nil { log.judge(life) }
      let verdict = lives[place].verdict
      isRevised = !lives[place].isBeginning(of: life)
      lives[place] = life
      if life.verdict == nil { lives[place].verdict = verdict }
    } else {
      place = insert(life)
      if refresh > 1 || isGone { mark(place, isGone ? .closed : .opened) }
    }
    changedAt[place] = refresh
    if isGone != self.isGone[place] { countGone += isGone ? 1 : -1 }
    if isGone && !self.isGone[place] { closing.append((Int32(place), life.id, refresh)) }
    self.isGone[place] = isGone
    if !isGone { states[life.state.place] += 1 }
    let count = Int32(life.eventCount)
    if refresh > 1, isRevised {
      // What was told of it was not so: the kernel's word of its steps came after its row was seen.
      news.revised.insert(life.id)
      news.events += life.events.filter { $0.time >= began }
    } else if refresh > 1, count > told[place] {
      news.events += life.events.dropFirst(Int(told[place]))
    }
    told[place] = count
  }

  private mutating func insert(_ life: Life) -> Int {
    let place: Int
    if let reused = free.popLast() {
      place = Int(reused)
      lives[place] = life
      isUsed[place] = true
      isGone[place] = false
      marks[place] = .none
      told[place] = 0
    } else {
      place = lives.count
      lives.append(life)
      isUsed.append(true)
      isGone.append(false)
      marks.append(.none)
      markedAt.append(0)
      changedAt.append(0)
      told.append(0)
    }
    places[life.id] = Int32(place)
    return place
  }

  private mutating func mark(_ place: Int, _ mark: Mark) {
    marks[place] = mark
    markedAt[place] = refresh
  }
}
