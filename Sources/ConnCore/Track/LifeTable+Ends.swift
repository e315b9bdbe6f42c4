// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Ends that nothing but their message tells of.
extension LifeTable {
  /// A socket is gone, and nothing but this message tells of it.
  mutating func conclude(_ end: SocketEnd, _ pass: inout Pass) {
    if endedWithout.remove(end.cookie) != nil { return }
    let ends = end.ends
    if let at = slot(of: end, ends, pass) {
      lives[at].sources.insert(.end)
      if slots[at].state == .timeWait || isOrphan(at) {
        if let traffic = end.traffic { addLate(traffic, at) }
        return
      }
      let offset = max(lives[at].laterSteps.last?.offset ?? 0, end.boot - lives[at].firstSeenBoot)
      if end.proto.transport == .tcp {
        lives[at].laterSteps.append(Life.Step(.close, at: offset))
        slots[at].state = .close
      }
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
    // A socket without ends: a listener, a failed attempt, one that was never used, or of UDP one that took part in no
    // connection. Whoever tries every port makes as many of them, and none of them tells who it was.
    guard end.local.port != 0, end.remote.port != 0 else { return }
    add(end, &pass)
  }

  /// A life that is first heard of at its end: it was opened after the last sample, nobody knows when.
  mutating func add(_ end: SocketEnd, _ pass: inout Pass) {
    let state: SocketState = end.proto.transport == .tcp ? .close : .established
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
  func slot(of end: SocketEnd, _ ends: SocketEnds, _ pass: Pass) -> Int? {
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
  func slots(at ends: SocketEnds) -> [Int] {
    slots.indices.filter { slots[$0].isLive && slots[$0].ends == ends }
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
