// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// What finishing needs of rows, listeners and what is left of sockets.
extension LifeTable {
  /// The earliest moment at which the row can have been read that showed a life first: a snapshot is dated by its end.
  func earliestSight(_ at: Int) -> Int64 {
    let seen = lives[at].firstSeenBoot
    return readings.first { $0.ended == seen }?.begun ?? seen
  }

  /// The latest moment at which a socket that ended at `boot` and that no row showed was certainly not there, nil where
  /// it can have been there before we began.
  func lastWithout(_ proto: Proto, before boot: Int64) -> Int64? {
    // One that was being read meanwhile may have come to its place too late.
    readings.last { $0.ended <= boot && $0.whole.contains(proto) }?.begun
  }

  /// True for a socket that no process has any more and that waits for the other end's FIN, in its short form: the
  /// kernel tells the end of the full one when it makes this of it (tcp_time_wait in net/ipv4/tcp_minisocks.c).
  func isOrphan(_ at: Int) -> Bool {
    slots[at].state == .finWait2 && slots[at].generation == generation && orphans.contains(at)
  }

  /// True where the slot is what became of a traced socket: rows have shown it as an orphan since.
  func isOrphanOf(_ traced: Traced, _ at: Int) -> Bool {
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

  mutating func addLate(_ traffic: Traffic, _ at: Int) {
    guard at >= 0 else { return }
    lateTraffic[at] = traffic
    touch(at)
  }

  /// Who listens, or has just listened, at a local end.
  func listenerOwner(_ proto: Proto, _ local: Endpoint, _ pass: inout Pass) -> SocketOwner? {
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
