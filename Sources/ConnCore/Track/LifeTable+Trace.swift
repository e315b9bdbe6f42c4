// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

extension LifeTable {
  /// Takes in what was traced: lives that have a slot move on, the others wait in the book until a row or the message of
  /// their end shows that they are of this network namespace. The trace is of the whole machine and names none.
  mutating func hear(_ heard: Heard) {
    if heard.lostEvents { letGoOfTraced() }
    for event in heard.events {
      switch event.kind {
      case .state(let change): take(change, event.boot)
      case .destroyed(let socket, let cookie): destroyed(socket, cookie, event.boot)
      case .reset(let socket): book[socket]?.wasReset = true
      case .failed(let failure): tell(failure, event.boot)
      case .unreachable(let answer): answers.add((answer, event.boot))
      case .task: break
      }
    }
    // Nobody knows where among the events the lost ones were.
    if heard.lostEvents { letGoOfTraced() }
  }

  private mutating func take(_ change: StateChange, _ boot: Int64) {
    let socket = change.socket
    let opens = change.from == .close || (change.from == .listen && change.to != .close)
    if opens {
      // The same socket again: after a failed connect, or one whose end was missed.
      if let earlier = book[socket] { forget(earlier, socket) }
      let traced = Traced(change, boot: boot, isPartial: false)
      book[socket] = traced
      unbound.insert(socket)
      if change.to == .listen, !isForeign(traced) { tracedListeners[socket] = traced }
      return
    }
    if change.from == change.to { return }
    if book[socket] == nil {
      book[socket] = Traced(change, boot: boot, isPartial: true)
      unbound.insert(socket)
    }
    if change.from == .synSent, change.to == .close { noteFailed(change) }
    guard let step = book[socket]?.move(change, boot) else {
      book[socket] = nil
      unbound.remove(socket)
      return
    }
    guard let traced = book[socket] else { return }
    if traced.slot >= 0 { follow(traced, socket, step, boot) }
  }

  /// Moves the life of a traced socket on.
  private mutating func follow(_ traced: Traced, _ socket: UInt64, _ state: SocketState, _ boot: Int64) {
    let at = traced.local == slots[traced.slot].local ? traced.slot : rebind(traced, socket)
    guard at >= 0 else { return }
    let offset = max(lives[at].laterSteps.last?.offset ?? 0, boot - lives[at].firstSeenBoot)
    lives[at].laterSteps.append(Life.Step(state, at: offset))
    lives[at].sources.insert(.trace)
    if traced.outcome != nil { lives[at].outcome = traced.outcome }
    slots[at].state = state
    slots[at].lastSeenBoot = max(slots[at].lastSeenBoot, boot)
    if traced.closedBoot != nil && lives[at].closedOffset == nil { lives[at].closedOffset = offset }
    touch(at)
  }

  /// Several sockets that connect to one remote end at the same time may have been taken for each other, since the
  /// trace tells their ports later: gives a traced socket the slot that has its ends.
  private mutating func rebind(_ traced: Traced, _ socket: UInt64) -> Int {
    let right = find(traced.ends)
    let wrong = traced.slot
    let other = right >= 0 ? slots[right].socket : 0
    if let traced = book[other], traced.slot == right {
      slots[wrong].socket = other
      book[other]?.slot = wrong
      book[other]?.lifeOpened = traced.openedBoot
      retime(wrong, traced.openedBoot, traced.owner)
    } else {
      // Nothing is known of it but what rows have shown.
      slots[wrong].socket = 0
      retime(wrong, slots[wrong].lastSeenBoot, .notLookedUp)
      slots[wrong].ownerLooks = 0
      lives[wrong].sources.remove(.trace)
    }
    book[socket]?.slot = right
    if right >= 0 {
      slots[right].socket = socket
      book[socket]?.lifeOpened = traced.openedBoot
      retime(right, traced.openedBoot, traced.owner)
    } else {
      unbound.insert(socket)
    }
    return right
  }

  /// Moves the opening of a life that was taken for another one.
  private mutating func retime(_ at: Int, _ opened: Int64, _ owner: SocketOwner) {
    lives[at].firstSeen = lives[at].firstSeen + (opened - lives[at].firstSeenBoot)
    lives[at].firstSeenBoot = opened
    lives[at].owner = owner
    touch(at)
  }

  private mutating func destroyed(_ socket: UInt64, _ cookie: UInt64, _ boot: Int64) {
    unbound.remove(socket)
    if tracedListeners[socket] != nil { goneListeners.append(socket) }
    guard var traced = book.removeValue(forKey: socket) else { return }
    traced.cookie = cookie
    traced.socket = socket
    traced.destroyedAt = generation
    if traced.closedBoot == nil {
      // Its last step was lost.
      // The port of a socket that nothing is heard of after its SYN is not to be trusted.
      if traced.state == .synSent, traced.slot < 0 { traced.local.port = 0 }
      let isClosing = traced.state == .finWait1 || traced.state == .finWait2 || traced.state == .closing
      let last: SocketState = isClosing && !traced.wasReset ? .timeWait : .close
      traced.closedBoot = boot
      traced.steps.append(Life.Step(last, at: max(0, boot - traced.openedBoot)))
      if traced.slot >= 0 { follow(traced, socket, last, boot) }
    }
    awaiting[cookie] = traced
  }

  /// A socket begins another life, or is lost sight of: the life it had needs no message of its end.
  private mutating func forget(_ traced: Traced, _ socket: UInt64) {
    unbound.remove(socket)
    if traced.slot >= 0 {
      slots[traced.slot].socket = 0
    } else if traced.closedBoot != nil, !traced.isTold {
      // The cookie will be told for the life that is its last; this one waits under a key that is none.
      var earlier = traced
      earlier.destroyedAt = generation
      forgotten += 1
      awaiting[.max - forgotten] = earlier
    }
  }

  /// After a loss nothing that was traced says what is so now: rows do, until sockets are traced from their opening again.
  private mutating func letGoOfTraced() {
    for (socket, traced) in book {
      if traced.slot >= 0 {
        slots[traced.slot].socket = 0
        book[socket]?.slot = -1
        book[socket]?.isTold = true
      }
      if traced.closedBoot == nil { book[socket] = nil }
    }
    unbound.removeAll()
    tracedListeners.removeAll()
    forgetFailures()
  }

  /// Parts a slot and its traced socket, of which nothing is left to tell.
  mutating func letGo(_ at: Int) {
    let socket = slots[at].socket
    // Where the socket is destroyed its address may be another one's by now.
    if book[socket]?.slot == at {
      book[socket]?.slot = -1
      book[socket]?.isTold = true
    }
    slots[at].socket = 0
  }

  // MARK: Rows

  /// Gives traced sockets without a slot the slot that a row has made: same ends, same state.
  mutating func bind(_ pass: inout Pass) {
    if unbound.isEmpty { return }
    // Two traced sockets of the same ends are of two namespaces: only their cookies can tell which is ours.
    var byEnds: [SocketEnds: UInt64] = [:]
    var portless: [(socket: UInt64, traced: Traced)] = []
    for socket in unbound {
      guard let traced = book[socket], !isForeign(traced) else { continue }
      if traced.closedBoot != nil {
        bindClosed(socket, traced, &pass)
      } else if !traced.hasEnds {
        if traced.state == .synSent { portless.append((socket, traced)) }
      } else if byEnds.updateValue(socket, forKey: traced.ends) != nil {
        byEnds[traced.ends] = 0
      }
    }
    for (ends, socket) in byEnds where socket != 0 {
      let at = find(ends)
      if at >= 0, let traced = book[socket], traced.state == slots[at].state,
        slots[at].generation == generation
      {
        bind(socket, traced, at, &pass)
      }
    }
    if !portless.isEmpty { bindPortless(&portless, &pass) }
  }

  /// A socket whose connection is over, but which a process still holds: what rows have shown of it ends with it.
  private mutating func bindClosed(_ socket: UInt64, _ traced: Traced, _ pass: inout Pass) {
    let at = find(traced.ends)
    guard at >= 0,
      slots[at].generation != generation || (slots[at].state == .timeWait && traced.state == .timeWait),
      traced.covers(lives[at].firstSeenBoot, lives[at].firstState)
    else {
      unbound.remove(socket)
      return
    }
    // Where another one of these ends is gone too, the message of its end tells first whose the slot is.
    if awaiting.values.contains(where: { $0.ends == traced.ends && !isForeign($0) }) { return }
    unbound.remove(socket)
    bind(socket, traced, at, &pass)
  }

  /// A socket that waits for the answer to its SYN: the trace tells its port when that is over, a row tells it before.
  private mutating func bindPortless(_ portless: inout [(socket: UInt64, traced: Traced)], _ pass: inout Pass)
  {
    portless.sort { $0.traced.openedBoot < $1.traced.openedBoot }
    var waiting: [Endpoint: [Int]] = [:]
    for at in pass.begun where slots[at].isLive && slots[at].state == .synSent && slots[at].socket == 0 {
      waiting[slots[at].remote, default: []].append(at)
    }
    if waiting.isEmpty { return }
    for (socket, traced) in portless {
      guard let candidates = waiting[traced.remote],
        let place = candidates.firstIndex(where: {
          slots[$0].proto == traced.proto && slots[$0].local.address == traced.local.address
        })
      else { continue }
      let at = candidates[place]
      waiting[traced.remote]?.remove(at: place)
      book[socket]?.local = slots[at].local
      if let traced = book[socket] { bind(socket, traced, at, &pass) }
    }
  }

  private mutating func bind(_ socket: UInt64, _ traced: Traced, _ at: Int, _ pass: inout Pass) {
    guard isFree(at, for: traced), adopt(traced, at, &pass) else { return }
    slots[at].socket = socket
    book[socket]?.slot = at
    book[socket]?.lifeOpened = lives[at].firstSeenBoot
    unbound.remove(socket)
  }

  /// Gives a sampled life the exact times of a traced one; false where they cannot be the same socket.
  mutating func adopt(_ traced: Traced, _ at: Int, _ pass: inout Pass) -> Bool {
    if traced.isPartial {
      // What was sampled until the first event stays.
      let shift = traced.openedBoot - lives[at].firstSeenBoot
      lives[at].laterSteps.removeAll { $0.offset >= shift }
      let last = lives[at].laterSteps.last?.offset ?? 0
      lives[at].laterSteps += traced.steps.map { Life.Step($0.state, at: max(last, $0.offset + shift)) }
    } else {
      // A socket that was there before the traced one was opened is another one.
      guard firstSeenAsSocket(at) >= traced.openedBoot - 1000 else { return false }
      lives[at].firstSeen = Timestamp(microseconds: traced.openedBoot + pass.wallOffset)
      lives[at].firstSeenBoot = traced.openedBoot
      lives[at].firstState = traced.firstState
      lives[at].laterSteps = traced.steps
      lives[at].uncertainty = 0
      if let direction = traced.direction { lives[at].direction = direction }
      pass.isOutOfOrder = true
    }
    if traced.owner.process != nil { lives[at].owner = traced.owner }
    if traced.outcome != nil { lives[at].outcome = traced.outcome }
    lives[at].sources.insert(.trace)
    if let closed = traced.closedBoot { lives[at].closedOffset = max(0, closed - lives[at].firstSeenBoot) }
    slots[at].state = lives[at].laterSteps.last?.state ?? lives[at].firstState
    slots[at].lastSeenBoot = max(slots[at].lastSeenBoot, traced.closedBoot ?? 0)
    touch(at)
    return true
  }

  /// When a row first showed more of a life than a request, which is not traced.
  private func firstSeenAsSocket(_ at: Int) -> Int64 {
    guard lives[at].firstState == .synReceived else { return lives[at].firstSeenBoot }
    return lives[at].laterSteps.first.map { lives[at].firstSeenBoot + $0.offset } ?? .max
  }

  /// True where the opener's network namespace is known and is not ours.
  func isForeign(_ traced: Traced) -> Bool {
    traced.namespace != 0 && settings.namespace != 0 && traced.namespace != settings.namespace
  }

  /// The slot with these ends that is found without an inode, or -1.
  func find(_ ends: SocketEnds) -> Int {
    let row = SocketRow(proto: ends.proto, state: .established, local: ends.local, remote: ends.remote)
    return find(row, 0, hash(row, 0))
  }
}
