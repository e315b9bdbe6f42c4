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
  /// The most events that are kept.
  static let mostEvents = 10_000
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
  /// Sockets that are gone, the first to be taken out first.
  private var closing = Queue<(place: Int32, life: Int64)>()

  /// The number of the latest refresh; 0 before the first.
  private(set) var refresh: UInt32 = 0
  /// When it was as it is shown.
  private(set) var time = Timestamp(microseconds: 0)
  /// Sockets that are there, by ``SocketState/place``.
  private(set) var states = [Int](repeating: 0, count: SocketState.named.count + 1)
  /// What has happened, oldest first.
  private(set) var events = Queue<Recorder.Happening>()
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
  var countGone: Int { closing.count }
  /// How many places there are, free ones too.
  var placeCount: Int { lives.count }

  /// The place of a life, nil where it is not there any more.
  func place(of life: Int64) -> Int? { places[life].map(Int.init) }

  /// What has happened lately to the socket at a place.
  func mark(_ place: Int) -> Mark {
    marks[place] == .closed || refresh &- markedAt[place] < Self.fading ? marks[place] : .none
  }

  /// Takes in a refresh.
  mutating func apply(_ update: Update) {
    refresh &+= 1
    time = update.time
    if let samples = update.samples { self.samples = samples }
    if refresh == 1 { reserve(update.current.count) }
    expire()
    var rate = Rate(span: update.span)
    var news: [Event] = []
    for life in update.current { take(life, isGone: false, &news) }
    // What had gone before anybody looked is no news.
    for life in update.finished where refresh > 1 || places[life.id] != nil {
      take(life, isGone: true, &news)
    }
    if refresh > 1 { tell(news, update.gaps, &rate) }
    rates.append(rate)
    if rates.count > Self.mostRates { rates.removeFirst(rates.count - Self.mostRates) }
  }

  /// Shows what there was at another moment: what differs is marked.
  ///
  /// - Parameters:
  ///   - lives: every socket's life, as far as it had come by then.
  ///   - events: what had happened until then, oldest first.
  mutating func show(_ lives: [Life], events: [Recorder.Happening], at time: Timestamp) {
    let there = Set(lives.lazy.map(\.id))
    var update = Update(time: time)
    update.finished = places.values.map { self.lives[Int($0)] }.filter { !there.contains($0.id) }
    update.current = lives.filter { life in
      guard let place = place(of: life.id) else { return true }
      return isGone[place] || self.lives[place].state != life.state
    }
    update.finished.removeAll { life in place(of: life.id).map { isGone[$0] } ?? true }
    apply(update)
    self.events = Queue(events)
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
      let isDue = keepsClosed ? closing.count > Self.mostClosed : refresh &- markedAt[place] >= Self.fading
      // It may be there again: the past can be walked both ways.
      let isStale = lives[place].id != oldest.life || !isGone[place]
      guard isDue || isStale else { return }
      closing.removeFirst(1)
      if isStale { continue }
      places[oldest.life] = nil
      isUsed[place] = false
      changedAt[place] = refresh
      lives[place].laterSteps = []
      lives[place].owner = .notLookedUp
      free.append(oldest.place)
    }
  }

  private mutating func take(_ life: Life, isGone: Bool, _ news: inout [Event]) {
    let place: Int
    if let known = places[life.id] {
      place = Int(known)
      if !self.isGone[place] { states[lives[place].state.place] -= 1 }
      let isBack = self.isGone[place] && !isGone
      if isBack {
        mark(place, .opened)
      } else if isGone {
        mark(place, .closed)
      } else if lives[place].state != life.state {
        mark(place, .changed)
      }
      if lives[place].verdict == nil, life.verdict != nil { tellVerdict(of: life) }
      let verdict = lives[place].verdict
      lives[place] = life
      if life.verdict == nil { lives[place].verdict = verdict }
    } else {
      place = insert(life)
      if refresh > 1 || isGone { mark(place, isGone ? .closed : .opened) }
    }
    changedAt[place] = refresh
    if isGone && !self.isGone[place] { closing.append((Int32(place), life.id)) }
    self.isGone[place] = isGone
    if !isGone { states[life.state.place] += 1 }
    let count = Int32(1 + life.laterSteps.count + (life.closedOffset == nil ? 0 : 1))
    guard count > told[place] else { return }
    if refresh > 1 { news += life.events.dropFirst(Int(told[place])) }
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

  /// Keeps events and counts them.
  private mutating func tell(_ news: [Event], _ gaps: [Gap], _ rate: inout Rate) {
    for gap in gaps { events.append(.gap(gap)) }
    let order = news.indices.sorted { (news[$0].time, $0) < (news[$1].time, $1) }
    for index in order {
      let event = news[index]
      switch event.kind {
      case .opened: rate.opened += 1
      case .listening: newListeners += 1
      case .closed: rate.closed += 1
      case .changed, .unlistened: break
      }
      events.append(.event(event))
    }
    if events.count > Self.mostEvents { events.removeFirst(events.count - Self.mostEvents) }
  }

  /// A listener is judged when its owner is known, which can be later than its event.
  private mutating func tellVerdict(of life: Life) {
    for index in events.indices.reversed().prefix(200) {
      guard case .event(var event) = events[index], event.life.id == life.id, event.kind == .listening
      else { continue }
      event.life.verdict = life.verdict
      event.life.owner = life.owner
      events[index] = .event(event)
      return
    }
  }
}
