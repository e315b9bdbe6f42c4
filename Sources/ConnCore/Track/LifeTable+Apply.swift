// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

extension LifeTable {
  /// Finds what a snapshot changed, and takes it in.
  ///
  /// - A socket that a whole table lacks is closed only after further tables lacked it too: under churn the
  ///   kernel's answer can miss sockets that were there all the time. Its end is then the first table without it.
  /// - A table that is not whole closes nothing, nor does one that was not read.
  /// - A tuple that is used again (another inode, or states going backwards) is a new life.
  ///
  /// - What the kernel told of its own accord comes first: it is older than the rows. Of a traced socket the rows tell
  ///   who holds it, and the trace tells its states.
  ///
  /// - Parameters:
  ///   - heard: what the kernel told since the last snapshot, taken before this one was begun.
  ///   - owners: asked once, with all sockets whose owner is not known; answers in the same order.
  public mutating func apply(
    _ snapshot: Snapshot, heard: Heard = Heard(),
    owners: ([WantedOwner]) -> [SocketOwner] = { $0.map { _ in .notLookedUp } }
  ) -> Changes {
    var pass = Pass(snapshot, heard)
    generation &+= 1
    hear(heard)
    // A snapshot of no table tells nothing of who listens; it is there for what was heard.
    if !snapshot.tables.isEmpty {
      rowsTellCookies = !snapshot.cookies.isEmpty
      swap(&listeners, &earlierListeners)
      listeners.removeAll()
      listeners.insert(listenersOf: snapshot.rows, ephemeral: settings.ephemeral)
    }
    orphans.removeAll(keepingCapacity: true)
    if !leftOvers.isEmpty && snapshot.bootTime > leftOversUntil { leftOvers = [] }
    reserve(snapshot.rows.count)
    for number in snapshot.rows.indices { take(snapshot.rows[number], number, &pass) }
    for number in pass.deferred { takeDeferred(snapshot.rows[number], number, &pass) }
    sweep(&pass)
    bind(&pass)
    askOwners(&pass, owners)
    settle(&pass)
    forgetListeners()
    for report in snapshot.tables where report.isComplete {
      lastComplete[Int(report.proto.rawValue)] = snapshot.bootTime
      watched.insert(ProtoSet(report.proto))
    }
    if !pass.read.isEmpty {
      readings.append((snapshot.begunBoot, snapshot.bootTime, pass.read.subtracting(pass.incomplete)))
    }
    if readings.count > Int(Self.patience) + 2 { readings.removeFirst() }
    return finish(&pass)
  }

  /// Makes room for the sockets of a snapshot where they are many more than before, so that what is grown by doubling is not
  /// there twice.
  private mutating func reserve(_ count: Int) {
    guard count > slots.capacity else { return }
    slots.reserveCapacity(count + count / 8)
    lives.reserveCapacity(count + count / 8)
    touched.reserveCapacity(count)
  }

  @inline(__always)
  private mutating func take(_ row: SocketRow, _ number: Int, _ pass: inout Pass) {
    let keyInode = Self.keyInode(row)
    let hash = hash(row, keyInode)
    let at = find(row, keyInode, hash)
    if at < 0 {
      if !leftOvers.isEmpty && row.state == .timeWait && leftOvers.contains(row.ends) { return }
      begin(row, keyInode, hash, number, &pass)
      return
    }
    let cookie = pass.cookie(number)
    let isShort = row.inode == 0 && (row.state == .timeWait || row.state == .finWait2)
    if isShort && row.state == .finWait2 { orphans.insert(at) }
    if slots[at].state == row.state && (cookie == slots[at].cookie || cookie == 0 || isShort)
      && (row.inode == 0 || (slots[at].inode == row.inode && slots[at].ownerLooks == 2))
    {
      // The steady case: nothing to write but that it was seen.
      see(at, boot: pass.snapshot.bootTime)
    } else if cookie != 0 && slots[at].cookie != 0 && cookie != slots[at].cookie && !isShort {
      replace(at, row, number, &pass)
    } else if row.inode != 0 && slots[at].inode != 0 && slots[at].inode != row.inode {
      // Either the tuple was used again, or the table shows two sockets on it: only the other rows can tell.
      pass.deferred.append(number)
    } else if slots[at].socket != 0 {
      takeTraced(at, row, number, &pass)
    } else if Self.goesBackwards(from: slots[at].state, to: row.state) {
      replace(at, row, number, &pass)
    } else {
      update(at, row, number, &pass)
    }
  }

  /// A row of a socket whose states the trace tells.
  private mutating func takeTraced(_ at: Int, _ row: SocketRow, _ number: Int, _ pass: inout Pass) {
    if lives[at].closedOffset == nil {
      update(at, row, number, &pass)
    } else if row.state == .timeWait && slots[at].state == .timeWait {
      see(at, boot: pass.snapshot.bootTime)
    } else if row.state == .finWait2 && row.inode == 0 && slots[at].state == .timeWait {
      // Not in TIME_WAIT yet: an orphan that waits for the other end's FIN, which the trace does not tell of.
      letGo(at)
      reopen(at)
      see(at, boot: pass.snapshot.bootTime)
    } else if let other = other(at, pass.cookie(number)) {
      awaiting[other]?.slot = -1
      release(at)
      update(at, row, number, &pass)
    } else {
      replace(at, row, number, &pass)
    }
  }

  /// The number of a socket that was told to be gone and has a slot of which rows go on to show another number: it only
  /// had the same ends.
  private func other(_ at: Int, _ cookie: UInt64) -> UInt64? {
    guard cookie != 0, cookie == slots[at].cookie else { return nil }
    return awaiting.first { $0.key != cookie && has($0.value, at) }?.key
  }

  /// Ends a life, because what is seen on its tuple is another one.
  private mutating func replace(_ at: Int, _ row: SocketRow, _ number: Int, _ pass: inout Pass) {
    endReplaced(at, &pass)
    let keyInode = Self.keyInode(row)
    let hash = hash(row, keyInode)
    // It may be one that is known by its inode, which takes the place of the one that ended.
    let next = find(row, keyInode, hash)
    if next < 0 {
      begin(row, keyInode, hash, number, &pass)
    } else {
      update(next, row, number, &pass)
    }
  }

  /// Ends a life by the time at which the next one on its tuple began; the trace may still tell of an earlier moment.
  private mutating func endReplaced(_ at: Int, _ pass: inout Pass) {
    if lives[at].closedOffset == nil { pass.replaced.append(pass.ended.count) }
    end(at, &pass)
  }

  private mutating func takeDeferred(_ row: SocketRow, _ number: Int, _ pass: inout Pass) {
    let ownHash = hash(row, row.inode)
    let own = find(row, row.inode, ownHash)
    if own >= 0 {
      update(own, row, number, &pass)
      return
    }
    let sharedHash = hash(row, 0)
    var shared = find(row, 0, sharedHash)
    if shared >= 0 && slots[shared].generation != generation {
      endReplaced(shared, &pass)
      shared = find(row, 0, sharedHash)
    }
    if shared < 0 {
      begin(row, 0, sharedHash, number, &pass)
    } else if slots[shared].inode == row.inode {
      update(shared, row, number, &pass)
    } else {
      aside.append(begin(row, row.inode, ownHash, number, &pass))
    }
  }

  @discardableResult
  private mutating func begin(
    _ row: SocketRow, _ keyInode: UInt64, _ hash: UInt64, _ number: Int, _ pass: inout Pass
  ) -> Int {
    let snapshot = pass.snapshot
    let role = Life.Role(row, ephemeral: settings.ephemeral)
    let before = lastComplete[Int(row.proto.rawValue)]
    let direction = role == .connection ? infer(row) : nil
    var life = Life(
      id: 0, row: row, role: role, direction: direction, firstSeen: snapshot.time,
      firstSeenBoot: snapshot.bootTime, uncertainty: before.map { snapshot.bootTime - $0 },
      sources: snapshot.source)
    if row.state == .timeWait { life.closedOffset = 0 }
    let at = insert(life, row, keyInode, hash, boot: snapshot.bootTime, cookie: pass.cookie(number))
    if row.state == .finWait2 && row.inode == 0 { orphans.insert(at) }
    touch(at)
    pass.begun.append(at)
    pass.wanted.append((at, number))
    return at
  }

  func infer(_ row: SocketRow) -> Direction? {
    let sawOpening = watched.contains(row.proto)
    func infer(_ listeners: ListenerSet) -> Direction? {
      Direction.infer(row, listeners: listeners, ephemeral: settings.ephemeral, sawOpening: sawOpening)
    }
    let now = infer(listeners)
    if now == .inbound || earlierListeners.isEmpty { return now }
    // A listener that was there one snapshot ago may have taken this connection as its last.
    let before = infer(earlierListeners)
    return before == .inbound ? before : now ?? before
  }

  private mutating func update(_ at: Int, _ row: SocketRow, _ number: Int, _ pass: inout Pass) {
    let snapshot = pass.snapshot
    let cookie = pass.cookie(number)
    let offset = max(0, snapshot.bootTime - lives[at].firstSeenBoot)
    if slots[at].state != row.state && slots[at].socket == 0 {
      lives[at].laterSteps.append(Life.Step(row.state, at: offset))
      widenUncertainty(at, to: snapshot.bootTime)
      if row.state == .timeWait && lives[at].closedOffset == nil { lives[at].closedOffset = offset }
      slots[at].state = row.state
      touch(at)
    }
    if cookie != 0 && slots[at].cookie != cookie {
      if slots[at].isKeyedByInode {
        byCookie[slots[at].cookie] = nil
        byCookie[cookie] = at
      }
      slots[at].cookie = cookie
      touch(at)
    }
    lives[at].sources.formUnion(snapshot.source)
    if row.inode != 0 && slots[at].inode != row.inode {
      slots[at].inode = row.inode
      slots[at].ownerLooks = 0
    }
    // Of a socket that no process holds the kernel may tell 0, which is nobody's word once the user was known.
    let tellsUID = row.rawUID != SocketRow.noUID && (row.inode != 0 || lives[at].rawUID == SocketRow.noUID)
    if tellsUID && lives[at].rawUID != row.rawUID {
      lives[at].rawUID = row.rawUID
      touch(at)
    }
    if row.inode != 0 && lives[at].owner.process == nil && slots[at].ownerLooks < 2 {
      pass.wanted.append((at, number))
    }
    see(at, boot: snapshot.bootTime)
  }

  /// The moment something was noticed at can be off by the time since the socket was last looked at.
  private mutating func widenUncertainty(_ at: Int, to boot: Int64) {
    if let known = lives[at].uncertainty {
      lives[at].uncertainty = max(known, boot - slots[at].lastSeenBoot)
    }
  }

  private mutating func sweep(_ pass: inout Pass) {
    if pass.read.isEmpty { return }
    var unsettled: Set<SocketEnds>?
    for at in slots.indices where slots[at].isLive && slots[at].generation != generation {
      let proto = slots[at].proto
      guard pass.read.contains(proto), !pass.incomplete.contains(proto) else { continue }
      if slots[at].missing == 0 { missingSince[at] = pass.snapshot.bootTime }
      slots[at].missing += 1
      let needed = proto.transport == .tcp ? settings.confirmationsTCP : settings.confirmationsUDP
      guard Int(slots[at].missing) > needed else { continue }
      let waiting = unsettled ?? unsettledEnds()
      unsettled = waiting
      let isUnsettled = !waiting.isEmpty && waiting.contains(slots[at].ends)
      if !isUnsettled || Int(slots[at].missing) > needed + Int(Self.patience) + 1 { end(at, &pass) }
    }
  }

  /// The ends of sockets whose lives are finished as soon as the trace and the message of their end are together.
  private func unsettledEnds() -> Set<SocketEnds> {
    var ends = Set(awaiting.values.lazy.map(\.ends))
    ends.formUnion(heardEnds.values.lazy.map(\.end.ends))
    for socket in unbound {
      if let traced = book[socket], traced.closedBoot != nil { ends.insert(traced.ends) }
    }
    return ends
  }

  /// Takes a life out of the table. It ended at the first table without it, or by now where another one is on its tuple.
  ///
  /// - Parameter traffic: what the message of its end told, where that has come.
  mutating func end(_ at: Int, _ pass: inout Pass, traffic: Traffic? = nil) {
    let endBoot = missingSince[at] ?? pass.snapshot.bootTime
    if lives[at].closedOffset == nil {
      lives[at].closedOffset = max(0, endBoot - lives[at].firstSeenBoot)
      widenUncertainty(at, to: endBoot)
    }
    if slots[at].socket != 0 { letGo(at) }
    var life = life(at: at)
    if let traffic { life.traffic = traffic }
    nameListener(&life, &pass)
    if pass.heard.hearsEnds, slots[at].cookie != 0, !life.sources.contains(.end) {
      noteEndedWithout(slots[at].cookie)
    }
    pass.ended.append(Pass.Ended(life: life, told: lives[at].told))
    remove(at)
  }

  private mutating func askOwners(_ pass: inout Pass, _ owners: ([WantedOwner]) -> [SocketOwner]) {
    guard !pass.wanted.isEmpty else { return }
    // What was wanted may have ended meanwhile, or the trace may have told who it was.
    let rows = pass.snapshot.rows
    pass.wanted.removeAll { slot, number in
      let row = rows[number]
      return !slots[slot].isLive || slots[slot].local != row.local || slots[slot].remote != row.remote
        || lives[slot].owner.process != nil
    }
    guard !pass.wanted.isEmpty else { return }
    let wanted = pass.wanted.map { slot, number in
      WantedOwner(row: rows[number], role: lives[slot].role, isSecondLook: slots[slot].ownerLooks == 1)
    }
    let answers = owners(wanted)
    precondition(answers.count == wanted.count, "one answer for each socket asked for")
    for (place, told) in answers.enumerated() {
      let (at, number) = pass.wanted[place]
      // A search that goes on is asked for its answer as long as the socket is there, and counts as one look.
      if rows[number].inode != 0 {
        slots[at].ownerLooks = told.isSearchedFor ? 1 : min(2, slots[at].ownerLooks + 1)
      }
      var answer = told
      answer.isSearchedFor = false
      if answer.process != nil { slots[at].ownerLooks = 2 }
      if lives[at].owner != answer {
        lives[at].owner = answer
        touch(at)
      }
    }
    // The first time these are as many as there are sockets.
    pass.wanted = []
  }

  /// True where a state cannot follow another in one life: the tuple is in use again.
  static func goesBackwards(from: SocketState, to: SocketState) -> Bool {
    guard let before = rank(from), let after = rank(to) else { return false }
    return after < before
  }

  /// How far along its life a TCP connection is (RFC 9293 section 3.3.2), nil where there is no order.
  static func rank(_ state: SocketState) -> Int? {
    switch state {
    case .synSent, .synReceived: 1
    case .established: 2
    case .finWait1, .closeWait: 3
    case .finWait2, .closing, .lastAck: 4
    case .timeWait: 5
    case .close: 6
    case .listen, .unconnected, .unknown: nil
    }
  }
}
