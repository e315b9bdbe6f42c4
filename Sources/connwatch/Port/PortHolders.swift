// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Who held a port, one after the other: sockets that listened or were bound, those of one program at one address as
/// one for as long as nobody else came in between.
struct PortHolders {
  /// What the sockets of one holder have in common.
  struct Key: Hashable {
    var proto: Proto
    var address: IPAddress
    /// The name in place of the address, in evidence.
    var localName: String?
    var program: String?
    var unit: String?
    var uid: UInt32?
    var netns: String?

    init(_ life: Life) {
      self.init(
        proto: life.proto, address: life.local.address, owner: life.owner, uid: life.uid, netns: life.netns)
      localName = life.origin?.localName
    }

    init(proto: Proto, address: IPAddress, owner: SocketOwner, uid: UInt32?, netns: String?) {
      self.proto = proto
      self.address = address
      program = owner.process.map { $0.exe ?? $0.name }
      unit = owner.process?.unit
      self.uid = uid
      self.netns = netns
    }
  }

  /// A holder, from its first socket to its last.
  struct Holder {
    var key: Key
    /// Of the last socket.
    var owner: SocketOwner
    var first: Timestamp
    var last: Timestamp
    /// The last socket was there in the last sample; false in evidence, of which nobody knows.
    var isOpen: Bool
    /// How many sockets it had, one after the other or at once.
    var sockets = 1
    /// How far the times can be off; nil for what was there before the recorder.
    var uncertainty: Int64?
  }

  /// A stretch of time in which nobody held the port, or nobody watched.
  struct Gap: Equatable {
    var since: Timestamp
    var until: Timestamp
    /// Why nobody watched; nil where somebody did, and there was no holder.
    var cause: String?
  }

  /// By their beginnings; the latest ``mostHolders``.
  private(set) var holders: [Holder] = []
  /// How many were left out, the oldest.
  private(set) var forgotten = 0
  /// When the port was held in the recorder's namespace, by transport: ascending, apart from each other.
  private(set) var held: [Transport: [ClosedRange<Timestamp>]] = [:]

  private static let mostHolders = 512

  /// Adds a socket; they come in the order of their openings.
  mutating func add(_ life: Life) {
    let key = Key(life)
    let isOpen = life.closedOffset == nil && life.origin == nil
    if let place = place(of: key, at: life.firstSeen) {
      holders[place].last = max(holders[place].last, life.lastSeen)
      holders[place].isOpen = holders[place].isOpen || isOpen
      holders[place].sockets += 1
      if life.owner.process != nil { holders[place].owner = life.owner }
    } else {
      holders.append(
        Holder(
          key: key, owner: life.owner, first: life.firstSeen, last: life.lastSeen,
          isOpen: isOpen, uncertainty: life.uncertainty))
      if holders.count > Self.mostHolders {
        holders.removeFirst()
        forgotten += 1
      }
    }
    if life.netns == nil { hold(life.firstSeen...max(life.firstSeen, life.lastSeen), life.proto.transport) }
  }

  /// The holder that a socket goes on with: the last of its kind, unless another one has begun after that had ended.
  private func place(of key: Key, at moment: Timestamp) -> Int? {
    guard let place = holders.lastIndex(where: { $0.key == key }) else { return nil }
    if holders[place].isOpen || holders[place].last >= moment { return place }
    let rival = holders[(place + 1)...].contains {
      $0.key.proto.transport == key.proto.transport && $0.key.netns == key.netns
        && $0.first >= holders[place].last
        // The same program beside it, at another address, is no rival.
        && ($0.key.program != key.program || $0.key.unit != key.unit || $0.key.uid != key.uid)
    }
    return rival ? nil : place
  }

  private mutating func hold(_ range: ClosedRange<Timestamp>, _ transport: Transport) {
    var ranges = held[transport] ?? []
    if let last = ranges.last, range.lowerBound <= last.upperBound {
      ranges[ranges.count - 1] =
        min(last.lowerBound, range.lowerBound)...max(last.upperBound, range.upperBound)
    } else {
      ranges.append(range)
      if ranges.count > Self.mostHolders { ranges.removeFirst() }
    }
    held[transport] = ranges
  }

  /// When nobody held the port between its first and its last holder and the ends of `watched`, with what of it was
  /// not watched told apart.
  ///
  /// - Parameters:
  ///   - watched: from the first sample that is asked about to the last.
  ///   - unwatched: what of that was not watched, with causes, oldest first.
  func gaps(
    _ transport: Transport, within watched: ClosedRange<Timestamp>,
    unwatched: [(range: ClosedRange<Timestamp>, cause: String)]
  ) -> [Gap] {
    guard let held = held[transport], let first = held.first else { return [] }
    // What came before the oldest that was kept is not known.
    var start = forgotten > 0 ? first.lowerBound : watched.lowerBound
    var gaps: [Gap] = []
    for range in held {
      if range.lowerBound > start { gaps += Self.split(start, range.lowerBound, unwatched) }
      start = max(start, range.upperBound)
    }
    if watched.upperBound > start { gaps += Self.split(start, watched.upperBound, unwatched) }
    return gaps
  }

  private static func split(
    _ since: Timestamp, _ until: Timestamp, _ unwatched: [(range: ClosedRange<Timestamp>, cause: String)]
  ) -> [Gap] {
    var gaps: [Gap] = []
    var start = since
    for (range, cause) in unwatched where range.upperBound > start && range.lowerBound < until {
      if range.lowerBound > start { gaps.append(Gap(since: start, until: range.lowerBound)) }
      let end = min(until, range.upperBound)
      gaps.append(Gap(since: max(start, range.lowerBound), until: end, cause: cause))
      start = end
    }
    if until > start { gaps.append(Gap(since: start, until: until)) }
    return gaps
  }
}
