// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

extension LifeTable {
  /// What one snapshot is found to change, before it is put into words.
  struct Pass {
    let snapshot: Snapshot
    let heard: Heard
    let incomplete: ProtoSet
    let read: ProtoSet
    /// Slots of lives that are new in this pass.
    var begun: [Int] = []
    /// Lives whose sockets are gone, with what was told of them before.
    var ended: [Ended] = []
    /// Places in `ended` of lives that were open until rows showed another one on their tuple.
    var replaced: [Int] = []
    var deferred: [Int] = []
    /// Slots whose owner is asked for, and the numbers of their rows.
    var wanted: [(slot: Int, number: Int)] = []
    /// Slots of listeners, gathered when the first is asked for.
    var listenerSlots: [Int]?
    /// Places in `ended` of lives that rows ended, by their ends; gathered when the first is asked for.
    var endedByRows: [SocketEnds: Int]?
    /// Some new life was opened at another time than that of the snapshot.
    var isOutOfOrder = false

    struct Ended {
      var life: Life
      var told: Told

      /// Takes the exact times of the same life as it was traced.
      mutating func join(_ traced: Life) {
        let sampled = life
        life = traced
        life.id = sampled.id
        life.inode = sampled.inode
        life.rawUID = sampled.rawUID
        life.cookie = sampled.cookie
        life.netns = sampled.netns
        life.sources.formUnion(sampled.sources)
        life.lastSeenOffset = max(life.lastSeenOffset, sampled.lastSeen - life.firstSeen)
        if life.owner.process == nil { life.owner = sampled.owner }
      }
    }

    init(_ snapshot: Snapshot, _ heard: Heard) {
      self.snapshot = snapshot
      self.heard = heard
      incomplete = snapshot.incomplete
      read = snapshot.tables.reduce(into: []) { $0.insert(ProtoSet($1.proto)) }
    }

    /// The kernel's number of a row's socket, 0 where the source tells none.
    ///
    /// A request for a connection (SYN_RECV without inode) hands its number on to the socket that is made of it, but not
    /// one that it is given after that: a dump that took note of it before gives it one, which then is nobody's.
    @inline(__always)
    func cookie(_ number: Int) -> UInt64 {
      if snapshot.cookies.isEmpty { return 0 }
      let row = snapshot.rows[number]
      return row.state == .synReceived && row.inode == 0 ? 0 : snapshot.cookies[number]
    }

    /// True where sockets in TIME_WAIT are among the rows.
    var showsTimeWait: Bool { !snapshot.tables.isEmpty && snapshot.states.contains(.timeWait) }

    /// What lies between the wall clock and CLOCK_BOOTTIME.
    var wallOffset: Int64 { snapshot.time.microseconds - snapshot.bootTime }
  }

  /// Puts what was found into words, now that the owners are known.
  mutating func finish(_ pass: inout Pass) -> Changes {
    var changes = Changes()
    endBeforeNext(&pass)
    number(&pass)
    changes.current.reserveCapacity(touched.count)
    changes.notes.reserveCapacity(touched.count)
    for at in touched where slots[at].isTouched {
      slots[at].isTouched = false
      let life = life(at: at)
      let place = changes.current.count
      changes.current.append(life)
      changes.note(life, &lives[at].told, place: place, isFinished: false)
    }
    touched.removeAll(keepingCapacity: true)
    changes.finished.reserveCapacity(pass.ended.count)
    for (place, ended) in pass.ended.enumerated() {
      var told = ended.told
      changes.note(ended.life, &told, place: place, isFinished: true)
      changes.finished.append(ended.life)
    }
    return changes
  }

  /// No life on a tuple outlasts the beginning of the next one, which may have been traced to a moment before the rows.
  private func endBeforeNext(_ pass: inout Pass) {
    if pass.replaced.isEmpty { return }
    var openings: [SocketEnds: [Int64]] = [:]
    for ended in pass.ended where ended.life.sources.contains(.trace) {
      openings[ended.life.ends, default: []].append(ended.life.firstSeenBoot)
    }
    // One that no row has been matched with yet, and that may be another namespace's: then this is a moment like any other
    // since the life was seen last.
    for traced in unbound.lazy.compactMap({ book[$0] }) where !traced.isPartial && !isForeign(traced) {
      openings[traced.ends, default: []].append(traced.openedBoot)
    }
    for place in pass.replaced {
      let life = pass.ended[place].life
      let lastSeen = life.firstSeenBoot + life.lastSeenOffset
      let at = find(life.ends)
      let next = openings[life.ends, default: []] + (at >= 0 ? [lives[at].firstSeenBoot] : [])
      if let opened = next.filter({ $0 > lastSeen }).min() { pass.ended[place].life.end(by: opened) }
    }
  }

  /// Gives new lives their numbers, in the order in which they were opened.
  private mutating func number(_ pass: inout Pass) {
    // Places in `begun`, and after them in `ended`.
    var new: [(opened: Int64, place: Int)] = []
    for (place, at) in pass.begun.enumerated() where slots[at].isLive && lives[at].id == 0 {
      new.append((lives[at].firstSeenBoot, place))
    }
    for (place, ended) in pass.ended.enumerated() where ended.life.id == 0 {
      new.append((ended.life.firstSeenBoot, pass.begun.count + place))
    }
    if pass.isOutOfOrder { new.sort { ($0.opened, $0.place) < ($1.opened, $1.place) } }
    for (_, place) in new {
      if place < pass.begun.count {
        // A slot can be in it twice, where the first life in it was gone at once.
        guard lives[pass.begun[place]].id == 0 else { continue }
        lives[pass.begun[place]].id = nextID
      } else {
        pass.ended[place - pass.begun.count].life.id = nextID
      }
      nextID += 1
    }
  }
}

extension LifeTable.Changes {
  /// Notes what has not been told of a life.
  fileprivate mutating func note(_ life: Life, _ told: inout LifeTable.Told, place: Int, isFinished: Bool) {
    var number: Int32 = 0
    life.eachEvent { kind, time, from, to in
      number += 1
      let isEnd = kind == .closed || kind == .unlistened
      if number > told.events && !told.end {
        notes.append(Note(time: time, place: place, kind: kind, from: from, to: to, isFinished: isFinished))
      }
      if isEnd { told.end = true }
    }
    told.events = max(told.events, number)
    if !told.isCounted && life.isCountedByKernel {
      told.isCounted = true
      recorded += 1
    }
  }
}

extension Life {
  /// Ends it at a moment on CLOCK_BOOTTIME at the latest.
  fileprivate mutating func end(by boot: Int64) {
    let offset = max(0, boot - firstSeenBoot)
    guard let closed = closedOffset, closed > offset else { return }
    closedOffset = offset
  }

  /// True for a life that the kernel's ActiveOpens or PassiveOpens counted while we watched: a connection that came to
  /// more than a request in a listener's queue.
  fileprivate var isCountedByKernel: Bool {
    role == .connection && proto.transport == .tcp && uncertainty != nil && state != .synReceived
  }
}
