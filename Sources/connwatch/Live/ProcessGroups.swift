// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// The sockets of one process, or those of which it is not known for the same reason.
struct ProcessGroup: Sendable {
  /// What tells groups apart.
  enum Identity: Hashable, Sendable {
    case process(pid: Int32, startTime: UInt64)
    case unknown(SocketOwner.WhyUnknown)
    /// Nobody has looked.
    case notLookedUp

    init(_ owner: SocketOwner) {
      if let process = owner.process {
        self = .process(pid: process.pid, startTime: process.startTime)
      } else if let why = owner.whyUnknown {
        self = .unknown(why)
      } else {
        self = .notLookedUp
      }
    }
  }

  let identity: Identity
  /// The process, nil where it is not known.
  fileprivate(set) var process: OwningProcess?
  /// How many sockets.
  fileprivate(set) var sockets = 0
  /// How many in each state, by ``SocketState/place``.
  fileprivate(set) var states = [Int](repeating: 0, count: SocketState.named.count + 1)
  fileprivate var hosts = Multiset<IPAddress>()
  fileprivate var services = Multiset<UInt32>()

  /// Why the process is not known; nil where it is, or where nobody has looked.
  var whyUnknown: SocketOwner.WhyUnknown? {
    if case .unknown(let why) = identity { why } else { nil }
  }

  /// The process's name, or why it is not known; not fit for a screen as it is (``HostileText``).
  var name: String { process?.name ?? whyUnknown?.rawValue ?? "not looked up" }
  var pid: Int32? { process?.pid }
  /// How many different hosts are at the other ends.
  var remoteHosts: Int { hosts.count }

  /// The services that most of its sockets are of, by name, or by port where there is none.
  func services(_ names: Names, limit: Int = 3) -> [String] {
    let most = services.counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(limit)
    return most.map { key, _ in
      let port = UInt16(truncatingIfNeeded: key >> 1)
      return names.service(port, key & 1 == Transport.tcp.rawValue ? .tcp : .udp) ?? String(port)
    }
  }
}

/// The groups of sockets, kept while sockets come, change and go.
struct ProcessGroups: Sendable {
  /// What a socket has added to its group.
  private struct Share {
    /// The group's number, -1 for none.
    var group: Int32 = -1
    var state: UInt8 = 0
    var host: IPAddress?
    var service: UInt32?
  }

  private var slots: [ProcessGroup] = []
  private var free: [Int] = []
  private var numbers: [ProcessGroup.Identity: Int] = [:]
  private var shares: [Share] = []
  /// Numbers of groups in the order shown.
  private var shown: [Int] = []

  /// How many there are.
  var count: Int { shown.count }
  /// The groups in the order shown.
  var all: [ProcessGroup] { shown.map { slots[$0] } }

  subscript(number: Int) -> ProcessGroup { slots[number] }

  /// Adds the socket at a place, or counts it anew.
  ///
  /// - Parameter staysInGroup: true where it may not move to another one.
  mutating func put(_ place: Int, _ book: LiveBook, staysInGroup: Bool = false) {
    if place >= shares.count {
      shares += repeatElement(Share(), count: max(place + 1 - shares.count, shares.count))
    }
    var share = Share()
    let owner = book.lives[place].owner
    let stays = staysInGroup && shares[place].group >= 0
    share.group = stays ? shares[place].group : Int32(number(of: owner))
    share.state = UInt8(book.lives[place].state.place)
    let remote = book.lives[place].remote
    if remote.port != 0 || !remote.address.isUnspecified { share.host = remote.address }
    let transport = book.lives[place].proto.transport
    share.service = book.lives[place].servicePort.map { UInt32($0) << 1 | UInt32(transport.rawValue) }
    remove(place)
    let number = Int(share.group)
    if let process = owner.process, slots[number].process !== process,
      slots[number].identity == ProcessGroup.Identity(owner)
    {
      slots[number].process = process
    }
    slots[number].sockets += 1
    slots[number].states[Int(share.state)] += 1
    if let host = share.host { slots[number].hosts.insert(host) }
    if let service = share.service { slots[number].services.insert(service) }
    shares[place] = share
  }

  /// Takes out the socket at a place, where there is one.
  mutating func remove(_ place: Int) {
    guard place < shares.count, shares[place].group >= 0 else { return }
    let share = shares[place]
    let number = Int(share.group)
    shares[place].group = -1
    slots[number].sockets -= 1
    slots[number].states[Int(share.state)] -= 1
    if let host = share.host { slots[number].hosts.remove(host) }
    if let service = share.service { slots[number].services.remove(service) }
  }

  private mutating func number(of owner: SocketOwner) -> Int {
    let identity = ProcessGroup.Identity(owner)
    if let known = numbers[identity] { return known }
    let group = ProcessGroup(identity: identity, process: owner.process)
    let number = free.popLast() ?? slots.count
    if number == slots.count { slots.append(group) } else { slots[number] = group }
    numbers[identity] = number
    return number
  }

  /// Takes out what is empty and puts the others in order: the largest first.
  ///
  /// - Parameter isFrozen: true where those that are shown keep their places.
  mutating func arrange(isFrozen: Bool) {
    let was = shown.filter { slots[$0].sockets > 0 }
    for (identity, number) in numbers where slots[number].sockets == 0 {
      numbers[identity] = nil
      free.append(number)
    }
    if isFrozen {
      let known = Set(was)
      shown = was + inOrder(numbers.values.filter { !known.contains($0) })
    } else {
      shown = inOrder(Array(numbers.values))
    }
  }

  private func inOrder(_ numbers: [Int]) -> [Int] {
    numbers.sorted {
      let (left, right) = (slots[$0], slots[$1])
      if left.sockets != right.sockets { return left.sockets > right.sockets }
      return (left.name, left.pid ?? .max, $0) < (right.name, right.pid ?? .max, $1)
    }
  }

  /// Each group, as its number below 0 (-1 for 0), with the places of its sockets behind it unless it is collapsed.
  func lines(_ order: [Int32], collapsed: Set<ProcessGroup.Identity>) -> [Int32] {
    // Where the next line of a group goes, -1 for one whose sockets are not shown.
    var next = [Int](repeating: -1, count: slots.count)
    var count = 0
    var heads: [(number: Int, line: Int)] = []
    for number in shown {
      heads.append((number, count))
      count += 1
      if collapsed.contains(slots[number].identity) { continue }
      next[number] = count
      count += slots[number].sockets
    }
    var lines = [Int32](repeating: 0, count: count)
    for (number, line) in heads { lines[line] = Int32(-1 - number) }
    for place in order {
      let number = Int(shares[Int(place)].group)
      if next[number] < 0 { continue }
      lines[next[number]] = place
      next[number] += 1
    }
    return lines
  }
}
