// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

extension LifeTable {
  /// How many passes a trace and the message of an end wait for each other: they come by two ways.
  static let patience: UInt32 = 2
  /// How many cookies of lives are kept whose end is not told yet.
  private static let mostEndedWithout = 65_536

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
    // What is left of several is of the last.
    var others: [(traced: Traced, end: SocketEnd?)] = []
    for (traced, end) in due.reversed() where !claimRest(traced, end, &pass) { others.append((traced, end)) }
    for (traced, end) in others.reversed() { conclude(traced, end, &pass) }
  }

  // MARK: Traced sockets

  /// Whether a traced socket is of our namespace for sure, or may be.
  private func isOurs(_ traced: Traced, _ end: SocketEnd?, _ pass: Pass) -> (forSure: Bool, perhaps: Bool) {
    // Without a message only the opener's namespace can tell; or nobody, where none was listened for or some were lost.
    let mayBeLost = lostEndsAt.map { generation &- $0 <= Self.patience } ?? false
    // What is taken by a listener is ours only where one of ours could have taken it.
    let isServed = traced.direction != .inbound || serves(traced.proto, traced.local)
    return (
      end != nil || (traced.namespace != 0 && !isForeign(traced)),
      traced.namespace == 0 && (!pass.heard.hearsEnds || mayBeLost) && isServed
    )
  }

  private func serves(_ proto: Proto, _ local: Endpoint) -> Bool {
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
  private mutating func claimRest(_ traced: Traced, _ end: SocketEnd?, _ pass: inout Pass) -> Bool {
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
  private mutating func conclude(_ traced: Traced, _ end: SocketEnd?, _ pass: inout Pass) {
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
      guard slots[at].isLive, slots[at].socket == traced.socket || isOrphanOf(traced, at) else {
        // Rows have ended it in this pass.
        if let end, let place = pass.placeOfEnded(traced.ends, cookie: nil),
          pass.ended[place].life.firstSeenBoot <= traced.openedBoot
        {
          pass.ended[place].life.sources.insert(.end)
          pass.ended[place].life.traffic = end.traffic
        }
        return
      }
      if end == nil, slots[at].inode != 0, slots[at].cookie != 0, slots[at].cookie != traced.cookie {
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
      let isSame =
        hasNumber || traced.covers(earliestSight(at), lives[at].firstState)
      if isFree, isSame, isKnownOurs || slots[at].generation != generation, adopt(traced, at, &pass) {
        if end != nil { lives[at].sources.insert(.end) }
        self.end(at, &pass, traffic: end?.traffic)
        return
      }
    }
    if at >= 0, isKnownOurs, slots[at].state == .finWait2, slots[at].generation != generation,
      lives[at].closedOffset == nil, lives[at].firstSeenBoot < traced.openedBoot
    {
      // An orphan whose ends were used again: it went without a word.
      lives[at].closedOffset = traced.openedBoot - lives[at].firstSeenBoot
      self.end(at, &pass)
    }
    add(traced, end, &pass)
  }

  /// Takes a slot from a traced socket that was of another namespace: its number shows that it only had the same ends.
  private mutating func release(_ at: Int) {
    book[slots[at].socket]?.slot = -1
    book[slots[at].socket]?.isTold = true
    slots[at].socket = 0
    lives[at].sources.remove(.trace)
    // What rows will show of it is not known to be older than what the other one told.
    lives[at].firstSeen = lives[at].firstSeen + (slots[at].lastSeenBoot - lives[at].firstSeenBoot)
    lives[at].firstSeenBoot = slots[at].lastSeenBoot
    lives[at].laterSteps = []
    lives[at].closedOffset = nil
    if slots[at].state == .close || slots[at].state == .timeWait { slots[at].state = .established }
    lives[at].firstState = slots[at].state
    touch(at)
  }

  /// A listener is gone: one that rows have shown, told by its cookie, or one that came and went between two snapshots.
  private mutating func concludeListener(_ traced: Traced, _ end: SocketEnd?, _ pass: inout Pass) {
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
  private mutating func add(_ traced: Traced, _ end: SocketEnd?, _ pass: inout Pass) {
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
  private mutating func keep(_ life: Life, _ pass: inout Pass) {
    let row = SocketRow(proto: life.proto, state: .timeWait, local: life.local, remote: life.remote)
    let at = insert(life, row, 0, hash(row, 0), boot: life.firstSeenBoot + life.lastSeenOffset, cookie: 0)
    if let traffic = life.traffic { lateTraffic[at] = traffic }
    pass.isOutOfOrder = true
    pass.begun.append(at)
    touch(at)
  }

  /// Puts a life that is over among the ended ones.
  private mutating func append(_ life: inout Life, _ pass: inout Pass) {
    nameListener(&life, &pass)
    if life.owner == .notLookedUp { life.owner = SocketOwner(unknown: .exited) }
    life.netns = settings.netns
    pass.isOutOfOrder = true
    pass.ended.append(Pass.Ended(life: life, told: Told()))
  }

  // MARK: Ends without a trace

  /// A socket is gone, and nothing but this message tells of it.
  private mutating func conclude(_ end: SocketEnd, _ pass: inout Pass) {
    if endedWithout.remove(end.cookie) != nil { return }
    let ends = end.ends
    if let at = slot(of: end, ends, pass) {
      lives[at].sources.insert(.end)
      if slots[at].state == .timeWait || isOrphan(at) {
        if let traffic = end.traffic { addLate(traffic, at) }
        return
      }
      let offset = max(lives[at].laterSteps.last?.offset ?? 0, end.boot - lives[at].firstSeenBoot)
      if end.proto.transport == .tcp { lives[at].laterSteps.append(Life.Step(.close, at: offset)) }
      if end.proto.transport == .tcp { slots[at].state = .close }
      lives[at].closedOffset = lives[at].closedOffset ?? offset
      slots[at].lastSeenBoot = max(slots[at].lastSeenBoot, end.boot)
      self.end(at, &pass, traffic: end.traffic)
      return
    }
    if let place = pass.placeOfEnded(ends, cookie: end.cookie) {
      pass.ended[place].life.sources.insert(.end)
      pass.ended[place].life.traffic = end.traffic
      return
    }
    // Which of several it is rows will show.
    if end.proto.transport == .udp, !rowsTellCookies, slots(at: ends).count > 1 { return }
    // A socket without ends: a listener, a failed attempt, one that was never used.
    guard end.local.port != 0, end.remote.port != 0 || end.proto.transport == .udp else { return }
    add(end, &pass)
  }

  /// A life that is first heard of at its end: it was opened after the last sample, nobody knows when.
  private mutating func add(_ end: SocketEnd, _ pass: inout Pass) {
    let state: SocketState =
      end.proto.transport == .tcp ? .close : end.remote.port == 0 ? .unconnected : .established
    let row = SocketRow(proto: end.proto, state: state, local: end.local, remote: end.remote)
    let role = Life.Role(row, ephemeral: settings.ephemeral)
    let before = lastWithout(end.proto, before: end.boot)
    var life = Life(
      id: 0, row: row, role: role, direction: role == .connection ? infer(row) : nil,
      firstSeen: Timestamp(microseconds: end.boot + pass.wallOffset), firstSeenBoot: end.boot,
      uncertainty: before.map { max(0, end.boot - $0) }, sources: .end)
    life.closedOffset = 0
    life.cookie = end.cookie
    life.traffic = end.traffic
    append(&life, &pass)
  }

  /// The slot of the socket that has ended.
  private func slot(of end: SocketEnd, _ ends: SocketEnds, _ pass: Pass) -> Int? {
    if let at = byCookie[end.cookie] { return at }
    var at = find(ends)
    if at < 0, end.proto.transport == .udp, !rowsTellCookies {
      // The tables told no cookies, and the message tells no inode: where just one socket has these ends it is it.
      let same = slots(at: ends)
      at = same.count == 1 ? same[0] : -1
    }
    guard at >= 0 else { return nil }
    if slots[at].state == .timeWait || isOrphan(at) || (slots[at].state == .finWait2 && slots[at].inode == 0)
    {
      // What is left of it, with a number of its own, unless it is what is left of another one.
      return lives[at].sources.contains(.end) ? nil : at
    }
    if slots[at].cookie != 0 { return slots[at].cookie == end.cookie ? at : nil }
    guard earliestSight(at) <= end.boot else { return nil }
    // Seen after it had ended: the ends are in use again.
    return slots[at].generation == generation && pass.snapshot.begunBoot > end.boot ? nil : at
  }

  /// All slots with these ends, whatever their inodes.
  private func slots(at ends: SocketEnds) -> [Int] {
    slots.indices.filter {
      slots[$0].isLive && slots[$0].proto == ends.proto && slots[$0].local == ends.local
        && slots[$0].remote == ends.remote
    }
  }

  // MARK: What both need

  /// The earliest moment at which the row can have been read that showed a life first: a snapshot is dated by its end.
  private func earliestSight(_ at: Int) -> Int64 {
    let seen = lives[at].firstSeenBoot
    return readings.first { $0.ended == seen }?.begun ?? seen
  }

  /// The latest moment at which a socket that ended at `boot` and that no row showed was certainly not there, nil where
  /// it can have been there before we began.
  private func lastWithout(_ proto: Proto, before boot: Int64) -> Int64? {
    // One that was being read meanwhile may have come to its place too late.
    readings.last { $0.ended <= boot && $0.whole.contains(proto) }?.begun
  }

  /// True for a socket that no process has any more and that waits for the other end's FIN, in its short form: the
  /// kernel tells the end of the full one when it makes this of it (tcp_time_wait in net/ipv4/tcp_minisocks.c).
  func isOrphan(_ at: Int) -> Bool {
    slots[at].state == .finWait2 && slots[at].generation == generation && orphans.contains(at)
  }

  /// True where the slot is what became of a traced socket: rows have shown it as an orphan since.
  private func isOrphanOf(_ traced: Traced, _ at: Int) -> Bool {
    slots[at].socket == 0 && lives[at].sources.contains(.trace) && find(traced.ends) == at
      && lives[at].firstSeenBoot <= traced.openedBoot
  }

  /// Takes back the end of a life whose socket is still there as an orphan.
  mutating func reopen(_ at: Int) {
    if lives[at].laterSteps.last?.state == .timeWait { lives[at].laterSteps.removeLast() }
    lives[at].closedOffset = nil
    slots[at].state = .finWait2
    touch(at)
  }

  private mutating func addLate(_ traffic: Traffic, _ at: Int) {
    guard at >= 0 else { return }
    lateTraffic[at] = traffic
    touch(at)
  }

  /// Who listens, or has just listened, at a local end.
  private func listenerOwner(_ proto: Proto, _ local: Endpoint, _ pass: inout Pass) -> SocketOwner? {
    if pass.listenerSlots == nil {
      pass.listenerSlots = slots.indices.filter { slots[$0].isLive && lives[$0].role == .listener }
    }
    func takes(_ listener: Proto, _ address: IPAddress) -> Bool {
      listener.transport == proto.transport
        && (address == local.address || (address.isUnspecified && (listener == proto || listener.isV6)))
    }
    for at in pass.listenerSlots ?? [] where slots[at].isLive && slots[at].local.port == local.port {
      if lives[at].owner.process != nil, takes(slots[at].proto, slots[at].local.address) {
        return lives[at].owner
      }
    }
    for traced in tracedListeners.values where traced.local.port == local.port {
      if traced.owner.process != nil, takes(traced.proto, traced.local.address) { return traced.owner }
    }
    return nil
  }

  /// Of an inbound connection that is over and whose process nobody could find, that of its listener is told.
  mutating func nameListener(_ life: inout Life, _ pass: inout Pass) {
    guard life.owner.process == nil, life.direction == .inbound, life.proto.transport == .tcp,
      !life.sources.isDisjoint(with: [.end, .trace]),
      let owner = listenerOwner(life.proto, life.local, &pass)
    else { return }
    life.owner = owner
  }

  /// Forgets the listeners that are gone.
  mutating func forgetListeners() {
    for socket in goneListeners { tracedListeners[socket] = nil }
    goneListeners.removeAll()
  }

  /// Notes that a life was finished without the message of its end.
  mutating func noteEndedWithout(_ cookie: UInt64) {
    if endedWithout.count >= Self.mostEndedWithout { endedWithout.removeAll(keepingCapacity: true) }
    endedWithout.insert(cookie)
  }
}

extension LifeTable.Pass {
  /// The place of the life among the ended ones that a row or its absence ended in this pass.
  ///
  /// - Parameter cookie: nil where what is left of a socket, which may have a number of its own, is meant too.
  mutating func placeOfEnded(_ ends: SocketEnds, cookie: UInt64?) -> Int? {
    if endedByRows == nil {
      endedByRows = [:]
      for (place, ended) in ended.enumerated() where !ended.life.sources.contains(.end) {
        let life = ended.life
        endedByRows?[life.ends] = place
      }
    }
    guard let place = endedByRows?[ends] else { return nil }
    let life = ended[place].life
    let known = life.state == .timeWait || (life.state == .finWait2 && life.inode == 0) ? 0 : life.cookie
    return cookie == nil || known == 0 || known == cookie ? place : nil
  }
}
