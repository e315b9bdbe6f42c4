// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Which sockets of a book are shown, and in which order: places of the book, sorted.
///
/// It follows the book: after a refresh only those that have changed are asked and ordered again. So what is expensive is
/// the first time, another filter, and another order.
struct ConnectionList: Sendable {
  /// A line of the table.
  enum Line: Equatable, Sendable {
    /// The socket at a place of the book.
    case socket(place: Int)
    /// A group, for ``group(_:)``.
    case group(Int)
  }

  /// In a place that is not listed.
  private static let nobody = Int64.min

  var filter = Filter.everything { didSet { invalidate() } }
  var protos = ProtoSet.all { didSet { invalidate() } }
  var roles: Set<Life.Role> = [.connection, .bound] { didSet { invalidate() } }
  var sort = SortColumn.age { didSet { if sort != oldValue { invalidate() } } }
  /// The other way around; what is not known is last all the same.
  var isReversed = false { didSet { if isReversed != oldValue { invalidate() } } }
  /// Nothing moves: what is new is added at the end, and what is gone from the book goes.
  var isFrozen = false
  /// By process.
  var isGrouped = false { didSet { if isGrouped != oldValue { invalidate() } } }

  private var isStale = true
  private var wasFrozen = false
  /// The book's refresh that this is of.
  private var refresh: UInt32 = 0
  private var keys = SortKeys(.age, isReversed: false)

  // By place:
  /// The life that is listed.
  private var listed: [Int64] = []
  private var key: [UInt64] = []
  /// True where something was not done because nothing may move.
  private var isOwed: [Bool] = []
  private var owed: [Int32] = []

  /// Places, in the order shown.
  private var order: [Int32] = []
  /// With groups, what there is line after line: a place, or the number of a group below 0.
  private var grouped: [Int32] = []
  private var groups = ProcessGroups()
  private var collapsed: Set<ProcessGroup.Identity> = []

  /// How many lines there are.
  var count: Int { isGrouped ? grouped.count : order.count }
  /// How many sockets, those in collapsed groups too.
  var socketCount: Int { order.count }
  /// How many groups.
  var groupCount: Int { isGrouped ? groups.count : 0 }

  subscript(index: Int) -> Line {
    if !isGrouped { return .socket(place: Int(order[index])) }
    let line = grouped[index]
    return line >= 0 ? .socket(place: Int(line)) : .group(Int(-1 - line))
  }

  /// The group of a line.
  func group(_ number: Int) -> ProcessGroup { groups[number] }

  /// True where a group's sockets are not shown.
  func isCollapsed(_ number: Int) -> Bool { collapsed.contains(groups[number].identity) }

  /// Shows a group's sockets, or shows them no more.
  mutating func toggle(_ number: Int) {
    let identity = groups[number].identity
    if collapsed.remove(identity) == nil { collapsed.insert(identity) }
    grouped = groups.lines(order, collapsed: collapsed)
  }

  /// The life whose socket is listed at a place of the book.
  func life(at place: Int) -> Int64 { listed[place] }

  /// Every socket's place, in the order shown.
  var places: [Int] { order.map(Int.init) }

  /// The line of a group, nil where there is none.
  func index(ofGroup identity: ProcessGroup.Identity) -> Int? {
    guard isGrouped else { return nil }
    return grouped.indices.first { index in
      if case .group(let number) = self[index] { return group(number).identity == identity }
      return false
    }
  }

  /// The line of a life's socket, nil where there is none.
  func index(ofLife life: Int64, in book: LiveBook) -> Int? {
    guard let place = book.place(of: life), place < listed.count, listed[place] == life else { return nil }
    return (isGrouped ? grouped : order).firstIndex(of: Int32(place))
  }

  /// Does all anew with the next ``sync(_:names:)``: for another book.
  mutating func invalidate() { isStale = true }

  /// Follows the book.
  mutating func sync(_ book: LiveBook, names: Names) {
    if isStale || book.refresh < refresh || book.placeCount < listed.count
      || (!isFrozen && keys.remembered > 4 * order.count + 4096)
    {
      begin(book, names)
    } else if !follow(book, names) {
      begin(book, names)
    }
    keys.letGo()
    refresh = book.refresh
    wasFrozen = isFrozen
    if isGrouped { grouped = groups.lines(order, collapsed: collapsed) }
  }

  @inline(__always)
  private func fits(_ place: Int, _ book: LiveBook, _ roles: UInt8) -> Bool {
    guard book.isUsed[place] else { return false }
    return roles >> book.lives[place].role.rawValue & 1 != 0 && protos.contains(book.lives[place].proto)
      && (filter.matchesEverything || filter.matches(FilterSubject(book.lives[place])))
  }

  /// A bit a role.
  private var roleBits: UInt8 { roles.reduce(0) { $0 | 1 << $1.rawValue } }

  /// Asks and orders all.
  private mutating func begin(_ book: LiveBook, _ names: Names) {
    isStale = false
    let roles = roleBits
    let places = (0..<book.placeCount).compactMap { fits($0, book, roles) ? Int32($0) : nil }
    listed = [Int64](repeating: Self.nobody, count: book.placeCount)
    key = [UInt64](repeating: 0, count: book.placeCount)
    isOwed = [Bool](repeating: false, count: book.placeCount)
    owed = []
    keys = SortKeys(sort, isReversed: isReversed)
    keys.read(book)
    _ = keys.learn(places, book, names)
    order = sorted(places, book)
    groups = ProcessGroups()
    if isGrouped { for place in order { groups.put(Int(place), book) } }
    groups.arrange(isFrozen: false)
  }

  /// Lists places that are not listed, and puts them in order.
  private mutating func sorted(_ places: [Int32], _ book: LiveBook) -> [Int32] {
    var entries: [SortEntry] = []
    entries.reserveCapacity(places.count)
    for place in places {
      let entry = SortEntry(keys.key(Int(place), book), book.lives[Int(place)].id, place)
      listed[Int(place)] = entry.life
      key[Int(place)] = entry.key
      entries.append(entry)
    }
    entries.sort()
    return entries.map(\.place)
  }

  /// Asks and orders what has changed; false where that cannot be done.
  private mutating func follow(_ book: LiveBook, _ names: Names) -> Bool {
    let added = book.placeCount - listed.count
    listed += repeatElement(Self.nobody, count: added)
    key += repeatElement(0, count: added)
    isOwed += repeatElement(false, count: added)
    let changed = changedPlaces(book)
    if changed.isEmpty { return true }
    let roles = roleBits
    let fitting = changed.filter { place in
      // What has not changed is among them for what it carried.
      let place = Int(place)
      let isAsked = isOwed[place] || book.changedAt[place] > refresh
      return isAsked ? fits(place, book, roles) : listed[place] != Self.nobody
    }
    if sort.isTraffic { keys.read(book) }
    // Where nothing may move their order can wait: they are owed theirs.
    guard keys.learn(fitting, book, names) || isFrozen else { return false }
    var leaving = [Bool](repeating: false, count: listed.count)
    var leavingCount = 0
    var entering: [Int32] = []
    var next = 0
    for place in changed {
      let doesFit = next < fitting.count && fitting[next] == place
      if doesFit { next += 1 }
      let place = Int(place)
      let wasThere = listed[place] != Self.nobody
      let isSame = book.isUsed[place] && listed[place] == book.lives[place].id
      let isTouched = !isSame || isOwed[place] || book.changedAt[place] > refresh
      if isFrozen, wasThere, isSame {
        owe(place)
      } else if !isFrozen, !isOwed[place], doesFit, isSame, key[place] == keys.key(place, book) {
        // It stays where it is.
      } else {
        if wasThere {
          leaving[place] = true
          leavingCount += 1
        }
        if doesFit { entering.append(Int32(place)) }
        if isFrozen, doesFit { owe(place) }
      }
      if !isFrozen { isOwed[place] = false }
      if !isGrouped || !isTouched { continue }
      if doesFit || (isFrozen && wasThere && isSame) {
        groups.put(place, book, staysInGroup: isFrozen && isSame)
      } else {
        groups.remove(place)
      }
    }
    if !isFrozen { owed = [] }
    if leavingCount > 0 {
      order.removeAll { leaving[Int($0)] }
      for place in changed where leaving[Int(place)] { listed[Int(place)] = Self.nobody }
    }
    if !entering.isEmpty { merge(sorted(entering, book)) }
    if isGrouped { groups.arrange(isFrozen: isFrozen) }
    return true
  }

  private mutating func owe(_ place: Int) {
    if isOwed[place] { return }
    isOwed[place] = true
    owed.append(Int32(place))
  }

  /// Places whose socket has changed since the last time, in their order, and those that are owed something.
  private func changedPlaces(_ book: LiveBook) -> [Int32] {
    if sort.isTraffic, !isFrozen, book.refresh != refresh || wasFrozen {
      // What was carried is counted at each refresh, also of those that have not changed.
      return Array(0..<Int32(book.placeCount))
    }
    var changed: [Int32] = []
    let (moments, refresh) = (book.changedAt, refresh)
    for place in moments.indices where moments[place] > refresh { changed.append(Int32(place)) }
    guard !isFrozen, !owed.isEmpty else { return changed }
    return Set(changed).union(owed).sorted()
  }

  /// Puts sorted places among the others, or behind them where nothing may move.
  private mutating func merge(_ entering: [Int32]) {
    if isFrozen {
      order += entering
      return
    }
    var merged: [Int32] = []
    merged.reserveCapacity(order.count + entering.count)
    var next = 0
    for place in entering {
      let end = position(of: Int(place), from: next)
      merged += order[next..<end]
      merged.append(place)
      next = end
    }
    merged += order[next...]
    order = merged
  }

  /// Where a place belongs that is not in the order, which is at a position or after it.
  private func position(of place: Int, from start: Int) -> Int {
    let entry = SortEntry(key[place], listed[place], Int32(place))
    var range = start..<order.count
    while !range.isEmpty {
      let middle = range.lowerBound + range.count / 2
      let other = Int(order[middle])
      let isBefore = SortEntry(key[other], listed[other], Int32(other)) < entry
      range = isBefore ? middle + 1..<range.upperBound : range.lowerBound..<middle
    }
    return range.lowerBound
  }
}

/// What a socket is sorted by: the newer of two that are equal is first.
private struct SortEntry: Comparable {
  let key: UInt64
  let life: Int64
  let place: Int32

  init(_ key: UInt64, _ life: Int64, _ place: Int32) {
    (self.key, self.life, self.place) = (key, life, place)
  }

  @inline(__always)
  static func < (left: SortEntry, right: SortEntry) -> Bool {
    left.key == right.key ? left.life > right.life : left.key < right.key
  }
}
