// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

extension LifeTable {
  /// How many passes a trace and the message of an end wait for each other: they come by two ways.
  static let patience: UInt32 = 2
  /// How many cookies of lives are kept whose end is not told yet.
  static let mostEndedWithout = 65_536

  /// Brings the ends that were heard and the sockets that were traced together, by cookie, and finishes their lives. Also
  /// those that no snapshot has shown: they began and ended between two.
  mutating func settle(_ pass: inout Pass) {
    let heard = pass.heard
    if heard.lostEnds { lostEndsAt = generation }
    for end in heard.ends { heardEnds[end.cookie] = (end, generation) }
    // By the order of their openings: the ends of one may be those of the next.
    var due: [(traced: Traced, end: SocketEnd?)] = []
    for (cookie, waiting) in heardEnds {
      if let traced = awaiting.removeValue(forKey: cookie) {
        heardEnds[cookie] = nil
        due.append((traced, waiting.end))
      } else if !heard.isTraced || waiting.end.proto.transport == .udp || heard.isLast
        || generation &- waiting.pass >= Self.patience
      {
        heardEnds[cookie] = nil
        conclude(waiting.end, &pass)
      }
    }
    for (key, traced) in awaiting
    where heard.isLast || !heard.hearsEnds || generation &- traced.destroyedAt >= Self.patience {
      awaiting[key] = nil
      due.append((traced, nil))
    }
    due.sort { $0.traced.openedBoot < $1.traced.openedBoot }
    for place in due.indices where due[place].end != nil {
      guard let at = slotOfAnother(due[place].traced) else { continue }
      for other in due.indices where has(due[other].traced, at) { due[other].traced.slot = -1 }
      release(at)
    }
    // What is left of several is of the last.
    var others: [(traced: Traced, end: SocketEnd?)] = []
    for (traced, end) in due.reversed() where !claimRest(traced, end, &pass) { others.append((traced, end)) }
    for (traced, end) in others.reversed() { conclude(traced, end, &pass) }
  }

  // MARK: Traced sockets

  /// Whether a traced socket is of our namespace for sure, or may be.
  func isOurs(_ traced: Traced, _ end: SocketEnd?, _ pass: Pass) -> (forSure: Bool, perhaps: Bool) {
    // What is taken by a listener is ours only where one of ours could have taken it.
    let isServed = traced.direction != .inbound || serves(traced.proto, traced.local)
    // An opener that was gone before it was looked at is taken to be where its maker was, which may have been elsewhere
    // by then: the message that has not come knows better. There is none of a socket that began another life.
    let isKnown = traced.namespace != 0 && !isForeign(traced) && !wouldHaveEnd(traced, pass)
    // Without a message only the opener's namespace can tell; or nobody, where none was listened for or some were lost.
    return (
      end != nil || isKnown,
      traced.namespace == 0 && (!pass.heard.hearsEnds || mayHaveLostEnds) && isServed
    )
  }

  private var mayHaveLostEnds: Bool { lostEndsAt.map { generation &- $0 <= Self.patience } ?? false }

  /// True where the message of its end would have come by now if it were of our namespace.
  private func wouldHaveEnd(_ traced: Traced, _ pass: Pass) -> Bool {
    traced.cookie != 0 && pass.heard.hearsEnds && !pass.heard.isLast && !mayHaveLostEnds
  }

  func serves(_ proto: Proto, _ local: Endpoint) -> Bool {
    (listeners.isEmpty && earlierListeners.isEmpty) || listeners.serves(proto, local)
      || earlierListeners.serves(proto, local)
      || tracedListeners.values.contains { $0.local.port == local.port }
  }

  /// True where no trace has told of the slot's life yet.
  func isFree(_ at: Int, for traced: Traced) -> Bool {
    slots[at].socket == 0 && (traced.isPartial || !lives[at].sources.contains(.trace))
  }

  /// Takes the slot of a row that shows what is left of a traced socket: TIME_WAIT, or an orphan that waits for the other
  /// end's FIN. It goes on until the row is gone.
  mutating func claimRest(_ traced: Traced, _ end: SocketEnd?, _ pass: inout Pass) -> Bool {
    guard traced.state == .timeWait, traced.slot < 0, !traced.isTold, traced.hasEnds else { return false }
    let ours = isOurs(traced, end, pass)
    let at = find(traced.ends)
    guard ours.forSure || ours.perhaps, at >= 0, isFree(at, for: traced) else { return false }
    let isOrphan = isOrphan(at)
    guard isOrphan || slots[at].state == .timeWait, adopt(traced, at, &pass) else { return false }
    if isOrphan { reopen(at) }
    if end != nil { lives[at].sources.insert(.end) }
    if let traffic = end?.traffic { addLate(traffic, at) }
    return true
  }

  /// A traced socket is gone, and the message of its end has come or will not.
  mutating func conclude(_ traced: Traced, _ end: SocketEnd?, _ pass: inout Pass) {
    if traced.isTold {
      let at = find(traced.ends)
      // Its ends may be in use again.
      if at >= 0, lives[at].firstSeenBoot <= traced.openedBoot, let traffic = end?.traffic {
        addLate(traffic, at)
      }
      return
    }
    if traced.slot >= 0 {
      let at = traced.slot
      guard has(traced, at) || (slots[at].isLive && isOrphanOf(traced, at)) else {
        // Rows have ended it in this pass.
        if let end, let place = pass.placeOfEnded(traced.ends, cookie: nil),
          pass.ended[place].life.firstSeenBoot <= traced.openedBoot
        {
          pass.ended[place].life.sources.insert(.end)
          pass.ended[place].life.traffic = end.traffic
        }
        return
      }
      // Rows show the number of what is left of a socket, which may be another than its own; of one that nobody has
      // accepted yet they show its own, without an inode.
      if end == nil, slots[at].cookie != 0, slots[at].cookie != traced.cookie,
        slots[at].inode != 0 || wouldHaveEnd(traced, pass)
      {
        release(at)
        return
      }
      if end != nil { lives[at].sources.insert(.end) }
      slots[at].socket = 0
      if (slots[at].state == .timeWait && pass.showsTimeWait) || slots[at].state == .finWait2 {
        // What is left of it goes on until its row is gone.
        if let traffic = end?.traffic { addLate(traffic, at) }
        return
      }
      self.end(at, &pass, traffic: end?.traffic)
      return
    }
    let (isKnownOurs, isPerhapsOurs) = isOurs(traced, end, pass)
    guard isKnownOurs || isPerhapsOurs, traced.hasEnds else { return }
    if traced.firstState == .listen {
      concludeListener(traced, end, &pass)
      return
    }
    let at = find(traced.ends)
    if at >= 0 {
      let hasNumber = slots[at].cookie != 0 && slots[at].cookie == traced.cookie
      if hasNumber, slots[at].socket != 0 { release(at) }
      let isFree = isFree(at, for: traced)
      // Where rows still show these ends they are in use again, and what was seen first was this one.
      let isSame = hasNumber || traced.covers(earliestSight(at), lives[at].firstState)
      if isFree, isSame, isKnownOurs || slots[at].generation != generation, adopt(traced, at, &pass) {
        if end != nil { lives[at].sources.insert(.end) }
        self.end(at, &pass, traffic: end?.traffic)
        return
      }
    }
    if at >= 0, isKnownOurs, slots[at].socket == 0, slots[at].generation != generation,
      lives[at].closedOffset == nil, slots[at].lastSeenBoot < traced.openedBoot
    {
      // Its ends were used again: it had gone without a word.
      lives[at].closedOffset = traced.openedBoot - lives[at].firstSeenBoot
      self.end(at, &pass)
    }
    add(traced, end, &pass)
  }

  /// True where a destroyed socket still has the slot: both it and the address may be another one's by now.
  func has(_ traced: Traced, _ at: Int) -> Bool {
    traced.slot == at && slots[at].isLive && slots[at].socket == traced.socket
      && lives[at].firstSeenBoot == traced.lifeOpened
  }

  /// The slot that another socket has although rows have shown this one's number in it.
  private func slotOfAnother(_ traced: Traced) -> Int? {
    let at = find(traced.ends)
    guard at >= 0, slots[at].cookie != 0, slots[at].cookie == traced.cookie, slots[at].socket != 0,
      !has(traced, at)
    else { return nil }
    return at
  }

  /// Takes a slot from a traced socket that was of another namespace: its number shows that it only had the same ends.
  mutating func release(_ at: Int) {
    letGo(at)
    lives[at].sources.remove(.trace)
    // What rows will show of it is not known to be older than what the other one told.
    lives[at].firstSeen = lives[at].firstSeen + (slots[at].lastSeenBoot - lives[at].firstSeenBoot)
    lives[at].firstSeenBoot = slots[at].lastSeenBoot
    lives[at].laterSteps = []
    lives[at].outcome = nil
    lives[at].closedOffset = nil
    if slots[at].state == .close || slots[at].state == .timeWait { slots[at].state = .established }
    lives[at].firstState = slots[at].state
    touch(at)
  }

  /// A listener is gone: one that rows have shown, told by its cookie, or one that came and went between two snapshots.
  mutating func concludeListener(_ traced: Traced, _ end: SocketEnd?, _ pass: inout Pass) {
    if let at = byCookie[traced.cookie] {
      lives[at].closedOffset = traced.closedBoot.map { max(0, $0 - lives[at].firstSeenBoot) }
      lives[at].sources.insert(.trace)
      if end != nil { lives[at].sources.insert(.end) }
      self.end(at, &pass)
      return
    }
    // Without cookies in the rows it cannot be told which of several it is: rows will.
    let isShown = slots.contains {
      $0.isLive && $0.state == .listen && $0.proto == traced.proto && $0.local == traced.local
    }
    if !isShown, !traced.isPartial { add(traced, end, &pass) }
  }

  /// A whole life that no snapshot has shown.
  mutating func add(_ traced: Traced, _ end: SocketEnd?, _ pass: inout Pass) {
    let row = SocketRow(
      proto: traced.proto, state: traced.firstState, local: traced.local, remote: traced.remote)
    let role: Life.Role = traced.firstState == .listen ? .listener : .connection
    let before = lastWithout(traced.proto, before: traced.openedBoot)
    var life = Life(
      id: 0, row: row, role: role,
      direction: role == .listener ? nil : traced.direction ?? infer(row),
      firstSeen: Timestamp(microseconds: traced.openedBoot + pass.wallOffset),
      firstSeenBoot: traced.openedBoot,
      uncertainty: traced.isPartial ? before.map { max(0, traced.openedBoot - $0) } : 0, sources: .trace)
    life.laterSteps = traced.steps
    life.closedOffset = traced.closedBoot.map { max(0, $0 - traced.openedBoot) }
    life.lastSeenOffset = life.closedOffset ?? 0
    life.owner = traced.owner
    life.outcome = traced.outcome
    if let end {
      life.sources.insert(.end)
      life.traffic = end.traffic
    }
    if let place = pass.placeOfEnded(traced.ends, cookie: nil),
      !pass.ended[place].life.sources.contains(.trace),
      traced.covers(pass.ended[place].life.firstSeenBoot, pass.ended[place].life.firstState)
    {
      pass.ended[place].join(life)
    } else if traced.state == .timeWait, pass.showsTimeWait, find(traced.ends) < 0 {
      keep(life, &pass)
    } else {
      append(&life, &pass)
    }
  }

  /// Gives a life in TIME_WAIT a slot, for the rows that will show it.
  mutating func keep(_ life: Life, _ pass: inout Pass) {
    let row = SocketRow(proto: life.proto, state: .timeWait, local: life.local, remote: life.remote)
    let at = insert(life, row, 0, hash(row, 0), boot: life.firstSeenBoot + life.lastSeenOffset, cookie: 0)
    if let traffic = life.traffic { lateTraffic[at] = traffic }
    pass.isOutOfOrder = true
    pass.begun.append(at)
    touch(at)
  }

  /// Puts a life that is over among the ended ones.
  mutating func append(_ life: inout Life, _ pass: inout Pass) {
    nameListener(&life, &pass)
    if life.owner == .notLookedUp { life.owner = SocketOwner(unknown: .exited) }
    life.netns = settings.netns
    pass.isOutOfOrder = true
    pass.ended.append(Pass.Ended(life: life, told: Told()))
  }
}
