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
  /// - Parameter owners: asked once, with all sockets whose owner is not known; answers in the same order.
  public mutating func apply(
    _ snapshot: Snapshot, owners: ([WantedOwner]) -> [SocketOwner] = { $0.map { _ in .notLookedUp } }
  ) -> Changes {
    var pass = Pass(snapshot: snapshot)
    generation &+= 1
    swap(&listeners, &earlierListeners)
    listeners.removeAll()
    listeners.insert(listenersOf: snapshot.rows, ephemeral: settings.ephemeral)
    for number in snapshot.rows.indices { take(snapshot.rows[number], number, &pass) }
    for number in pass.deferred { takeDeferred(snapshot.rows[number], &pass) }
    sweep(&pass)
    askOwners(&pass, owners)
    for report in snapshot.tables where report.isComplete {
      lastComplete[Int(report.proto.rawValue)] = snapshot.bootTime
      watched.insert(ProtoSet(report.proto))
    }
    return finish(&pass)
  }

  /// What one snapshot is found to change, before it is put into words.
  struct Pass {
    enum Happening {
      case began
      case moved(from: SocketState)
    }
    let snapshot: Snapshot
    let incomplete: ProtoSet
    let read: ProtoSet
    var happenings: [(slot: Int, Happening)] = []
    var ended: [Life] = []
    var deferred: [Int] = []
    var wanted: [(slot: Int, row: SocketRow)] = []

    init(snapshot: Snapshot) {
      self.snapshot = snapshot
      incomplete = snapshot.incomplete
      read = snapshot.tables.reduce(into: []) { $0.insert(ProtoSet($1.proto)) }
    }
  }

  @inline(__always)
  private mutating func take(_ row: SocketRow, _ number: Int, _ pass: inout Pass) {
    let keyInode = Self.keyInode(row)
    let hash = hash(row, keyInode)
    let at = find(row, keyInode, hash)
    if at < 0 {
      begin(row, keyInode, hash, &pass)
    } else if slots[at].state == row.state
      && (row.inode == 0 || (slots[at].inode == row.inode && slots[at].ownerLooks == 2))
    {
      // The steady case: nothing to write but that it was seen.
      see(at, boot: pass.snapshot.bootTime)
    } else if row.inode != 0 && slots[at].inode != 0 && slots[at].inode != row.inode {
      // Either the tuple was used again, or the table shows two sockets on it: only the other rows can tell.
      pass.deferred.append(number)
    } else if Self.goesBackwards(from: slots[at].state, to: row.state) {
      end(at, &pass)
      // What is seen may be another life on the tuple, which takes the place of the one that ended.
      let next = find(row, keyInode, hash)
      if next < 0 { begin(row, keyInode, hash, &pass) } else { update(next, row, &pass) }
    } else {
      update(at, row, &pass)
    }
  }

  private mutating func takeDeferred(_ row: SocketRow, _ pass: inout Pass) {
    let ownHash = hash(row, row.inode)
    let own = find(row, row.inode, ownHash)
    if own >= 0 {
      update(own, row, &pass)
      return
    }
    let sharedHash = hash(row, 0)
    var shared = find(row, 0, sharedHash)
    if shared >= 0 && slots[shared].generation != generation {
      end(shared, &pass)
      shared = find(row, 0, sharedHash)
    }
    if shared < 0 {
      begin(row, 0, sharedHash, &pass)
    } else if slots[shared].inode == row.inode {
      update(shared, row, &pass)
    } else {
      aside.append(begin(row, row.inode, ownHash, &pass))
    }
  }

  @discardableResult
  private mutating func begin(
    _ row: SocketRow, _ keyInode: UInt64, _ hash: UInt64, _ pass: inout Pass
  ) -> Int {
    let snapshot = pass.snapshot
    let role = Life.Role(row, ephemeral: settings.ephemeral)
    let before = lastComplete[Int(row.proto.rawValue)]
    var direction: Direction?
    if role == .connection {
      direction = infer(row)
    }
    var life = Life(
      id: nextID, row: row, role: role, direction: direction, firstSeen: snapshot.time,
      firstSeenBoot: snapshot.bootTime, uncertainty: before.map { snapshot.bootTime - $0 }, sources: .proc)
    if row.state == .timeWait { life.closedOffset = 0 }
    nextID += 1
    let at = insert(life, row, keyInode, hash, boot: snapshot.bootTime)
    touch(at)
    pass.happenings.append((at, .began))
    pass.wanted.append((at, row))
    return at
  }

  private func infer(_ row: SocketRow) -> Direction? {
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

  private mutating func update(_ at: Int, _ row: SocketRow, _ pass: inout Pass) {
    let snapshot = pass.snapshot
    let offset = max(0, snapshot.bootTime - lives[at].firstSeenBoot)
    if slots[at].state != row.state {
      let from = slots[at].state
      lives[at].laterSteps.append(Life.Step(row.state, at: offset))
      widenUncertainty(at, to: snapshot.bootTime)
      if row.state == .timeWait && lives[at].closedOffset == nil { lives[at].closedOffset = offset }
      slots[at].state = row.state
      pass.happenings.append((at, .moved(from: from)))
      touch(at)
    }
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
      pass.wanted.append((at, row))
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
    for at in slots.indices where slots[at].isLive && slots[at].generation != generation {
      let proto = slots[at].proto
      guard pass.read.contains(proto), !pass.incomplete.contains(proto) else { continue }
      if slots[at].missing == 0 { missingSince[at] = pass.snapshot.bootTime }
      slots[at].missing += 1
      let needed = proto.transport == .tcp ? settings.confirmationsTCP : settings.confirmationsUDP
      if Int(slots[at].missing) > needed { end(at, &pass) }
    }
  }

  /// Takes a life out of the table. It ended at the first table without it, or by now where another one is on its tuple.
  private mutating func end(_ at: Int, _ pass: inout Pass) {
    let endBoot = missingSince[at] ?? pass.snapshot.bootTime
    if lives[at].closedOffset == nil {
      lives[at].closedOffset = max(0, endBoot - lives[at].firstSeenBoot)
      widenUncertainty(at, to: endBoot)
    }
    if slots[at].isTouched, let place = touched.lastIndex(of: at) {
      touched.remove(at: place)
      pass.happenings.removeAll { $0.slot == at }
    }
    pass.ended.append(life(at: at))
    remove(at)
  }

  private mutating func askOwners(_ pass: inout Pass, _ owners: ([WantedOwner]) -> [SocketOwner]) {
    guard !pass.wanted.isEmpty else { return }
    let wanted = pass.wanted.map { slot, row in
      WantedOwner(row: row, role: lives[slot].role, isSecondLook: slots[slot].ownerLooks == 1)
    }
    let answers = owners(wanted)
    precondition(answers.count == wanted.count, "one answer for each socket asked for")
    for (place, answer) in answers.enumerated() {
      let (at, row) = pass.wanted[place]
      if row.inode != 0 { slots[at].ownerLooks = min(2, slots[at].ownerLooks + 1) }
      if answer.process != nil { slots[at].ownerLooks = 2 }
      if lives[at].owner != answer {
        lives[at].owner = answer
        touch(at)
      }
    }
  }

  /// Puts what was found into words, now that the owners are known.
  private mutating func finish(_ pass: inout Pass) -> Changes {
    var changes = Changes()
    let time = pass.snapshot.time
    var places = [Int](repeating: 0, count: touched.isEmpty ? 0 : slots.count)
    changes.current.reserveCapacity(touched.count)
    for at in touched {
      slots[at].isTouched = false
      guard slots[at].isLive else { continue }
      places[at] = changes.current.count
      changes.current.append(life(at: at))
    }
    touched.removeAll(keepingCapacity: true)
    changes.notes.reserveCapacity(pass.happenings.count + pass.ended.count)
    func note(_ kind: Event.Kind, _ slot: Int, at time: Timestamp, from: SocketState?, to: SocketState?) {
      changes.notes.append(
        Changes.Note(kind: kind, time: time, from: from, to: to, place: places[slot], isFinished: false))
    }
    for (at, what) in pass.happenings {
      let state = slots[at].state
      switch what {
      case .began:
        note(lives[at].role == .listener ? .listening : .opened, at, at: time, from: nil, to: state)
        if lives[at].closedOffset != nil { note(.closed, at, at: time, from: state, to: nil) }
      case .moved(let from):
        let offset = lives[at].laterSteps.last?.offset ?? 0
        let closes = state == .timeWait && lives[at].closedOffset == offset
        // The life's own moment and not the snapshot's: the clocks differ by rounding, or by a step of the wall
        // clock, and what is told now must be what the history tells later.
        note(
          closes ? .closed : .changed, at, at: lives[at].firstSeen + offset, from: from, to: state)
      }
    }
    for (place, life) in pass.ended.enumerated() where life.state != .timeWait {
      changes.notes.append(
        Changes.Note(
          kind: life.role == .listener ? .unlistened : .closed, time: life.closed ?? time, from: life.state,
          to: nil, place: place, isFinished: true))
    }
    changes.finished = pass.ended
    return changes
  }

  /// True where a state cannot follow another in one life: the tuple is in use again.
  static func goesBackwards(from: SocketState, to: SocketState) -> Bool {
    guard let before = rank(from), let after = rank(to) else { return false }
    return after < before
  }

  /// How far along its life a TCP connection is (RFC 9293 section 3.3.2), nil where there is no order.
  private static func rank(_ state: SocketState) -> Int? {
    switch state {
    case .synSent, .synReceived: 1
    case .established: 2
    case .finWait1, .closeWait: 3
    case .finWait2, .closing, .lastAck: 4
    case .timeWait: 5
    case .close, .listen, .unconnected, .unknown: nil
    }
  }
}
