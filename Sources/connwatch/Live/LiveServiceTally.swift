// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore

/// The sums of services, from which each socket can be taken out again.
struct LiveServiceTally: Sendable {
  /// What makes a service.
  struct Key: Hashable, Sendable {
    var transport: Transport
    var port: UInt16
    var direction: Direction
  }

  /// What a socket has added to its service.
  private struct Share {
    /// The service's number, -1 for none.
    var service: Int32 = -1
    var port: UInt16 = 0
    var isOpen = false
    var name: String?
    var host = IPAddress.anyV6
    var first: Int64 = 0
    var last: Int64 = 0
  }

  private struct Sums {
    let key: Key
    var hosts = Multiset<IPAddress>()
    var ports = Multiset<UInt16>()
    var names = Multiset<String>()
    var connections = 0
    var open = 0
    var first = Int64.max
    /// Of those that are closed.
    var last = Int64.min
    /// What took out the first or the last one has to look for another.
    var isSpanLost = false
    /// What it was told as, nil where it has changed since.
    var use: ServiceUse?
  }

  /// What ``uses(at:)`` was asked for last.
  private(set) var time: Timestamp?
  /// True where something has changed since then.
  private(set) var hasChanged = false
  private var sums: [Sums] = []
  private var numbers: [Key: Int] = [:]
  private var free: [Int] = []
  private var shares: [Share] = []

  /// Counts the socket at a place, and no longer as what it was before.
  mutating func put(_ place: Int, _ book: LiveBook, as key: Key) {
    var share = Share()
    share.service = Int32(number(of: key))
    share.port = book.lives[place].local.port
    share.isOpen = book.lives[place].closedOffset == nil
    share.name = book.lives[place].owner.process?.name
    share.host = book.lives[place].remote.address
    share.first = book.lives[place].firstSeen.microseconds
    share.last = book.lives[place].lastSeen.microseconds
    if place >= shares.count {
      shares += repeatElement(Share(), count: max(place + 1 - shares.count, shares.count))
    }
    // Before it is taken out, or the service could go with it.
    add(share)
    remove(place)
    shares[place] = share
    hasChanged = true
  }

  private mutating func add(_ share: Share) {
    let number = Int(share.service)
    sums[number].use = nil
    sums[number].connections += 1
    if share.isOpen { sums[number].open += 1 }
    sums[number].hosts.insert(share.host)
    sums[number].ports.insert(share.port)
    if let name = share.name { sums[number].names.insert(name) }
    sums[number].first = min(sums[number].first, share.first)
    if !share.isOpen { sums[number].last = max(sums[number].last, share.last) }
  }

  /// Takes out the socket at a place, where there is one.
  mutating func remove(_ place: Int) {
    guard place < shares.count, shares[place].service >= 0 else { return }
    let share = shares[place]
    let number = Int(share.service)
    shares[place] = Share()
    hasChanged = true
    sums[number].use = nil
    sums[number].connections -= 1
    if share.isOpen { sums[number].open -= 1 }
    sums[number].hosts.remove(share.host)
    sums[number].ports.remove(share.port)
    if let name = share.name { sums[number].names.remove(name) }
    if share.first == sums[number].first || share.last == sums[number].last { sums[number].isSpanLost = true }
    if sums[number].connections == 0 {
      numbers[sums[number].key] = nil
      free.append(number)
    }
  }

  private mutating func number(of key: Key) -> Int {
    if let known = numbers[key] { return known }
    let number = free.popLast() ?? sums.count
    if number == sums.count { sums.append(Sums(key: key)) } else { sums[number] = Sums(key: key) }
    numbers[key] = number
    return number
  }

  /// The services, in no order.
  ///
  /// - Parameter time: the moment at which those were last seen that are open.
  mutating func uses(at time: Timestamp) -> [ServiceUse] {
    if numbers.values.contains(where: { sums[$0].isSpanLost }) { findSpans() }
    self.time = time
    hasChanged = false
    return numbers.values.map { number in
      if sums[number].use == nil { sums[number].use = use(sums[number]) }
      if sums[number].open > 0 { sums[number].use?.lastSeen = time }
      return sums[number].use ?? use(sums[number])
    }
  }

  private mutating func findSpans() {
    for number in numbers.values where sums[number].isSpanLost {
      (sums[number].first, sums[number].last) = (.max, .min)
    }
    for share in shares where share.service >= 0 && sums[Int(share.service)].isSpanLost {
      let number = Int(share.service)
      sums[number].first = min(sums[number].first, share.first)
      if !share.isOpen { sums[number].last = max(sums[number].last, share.last) }
    }
    for number in numbers.values { sums[number].isSpanLost = false }
  }

  private func use(_ sum: Sums) -> ServiceUse {
    ServiceUse(
      transport: sum.key.transport, port: sum.key.port, direction: sum.key.direction,
      remoteHosts: sum.hosts.count, connections: sum.connections, open: sum.open,
      localPorts: ascending(sum.ports), processes: sum.names.counts.keys.sorted(),
      firstSeen: Timestamp(microseconds: sum.first), lastSeen: Timestamp(microseconds: sum.last))
  }

  private func ascending(_ ports: Multiset<UInt16>) -> [UInt16] {
    if ports.count < 1000 { return ports.counts.keys.sorted() }
    // There are not so many that they could not be ticked off.
    var isThere = [Bool](repeating: false, count: 65536)
    for port in ports.counts.keys { isThere[Int(port)] = true }
    return isThere.indices.compactMap { isThere[$0] ? UInt16($0) : nil }
  }
}
