// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Who listens, whether they should, and who should and does not.
struct ListenerList {
  /// A line of the table.
  struct Item {
    var row: ListenerRow
    /// Its socket's place in the book, of several the oldest's; nil where there is none.
    var place: Int?
  }

  var sort = ListenerSortColumn.port { didSet { if sort != oldValue { arrange() } } }
  var isReversed = false { didSet { if isReversed != oldValue { arrange() } } }
  /// Since when listeners have been seen, from the history.
  var memory: ListenerMemory? { didSet { isStale = true } }

  /// The lines, in order.
  private(set) var items: [Item] = []
  /// How many of them should not be there.
  private(set) var findings = 0

  private var isStale = true
  private var refresh: UInt32 = 0
  private var policy = ExpectedSet()
  /// By place: it was a listener's at the last ``sync(_:names:)``.
  private var wasListener: [Bool] = []

  /// Does all anew with the next ``sync(_:names:)``: for another book.
  mutating func invalidate() { isStale = true }

  /// Follows the book: does nothing where no listener has changed.
  mutating func sync(_ book: LiveBook, names: Names) {
    let isChanged =
      isStale || book.refresh < refresh || book.policy.rules != policy.rules
      || book.policy.learnt != policy.learnt || hasChanged(book)
    refresh = book.refresh
    guard isChanged else { return }
    isStale = false
    policy = book.policy
    collect(book, names)
    arrange()
  }

  private func hasChanged(_ book: LiveBook) -> Bool {
    let (moments, refresh) = (book.changedAt, refresh)
    return moments.indices.contains { place in
      moments[place] > refresh
        && (place < wasListener.count && wasListener[place] || book.lives[place].role == .listener)
    }
  }

  private mutating func collect(_ book: LiveBook, _ names: Names) {
    wasListener = [Bool](repeating: false, count: book.placeCount)
    var sockets: [Listener.Key: (listener: Listener, place: Int, last: Timestamp)] = [:]
    for place in 0..<book.placeCount where book.isUsed[place] && book.lives[place].role == .listener {
      wasListener[place] = true
      let life = book.lives[place]
      let listener = Listener(life, isV6Only: book.samples[life.netns]?.v6Only[life.inode])
      guard let other = sockets[listener.key] else {
        sockets[listener.key] = (listener, place, life.lastSeen)
        continue
      }
      // One that is there before one that is gone, then the oldest.
      let last = max(life.lastSeen, other.last)
      let isFirst = rank(place, book) < rank(other.place, book)
      sockets[listener.key] = isFirst ? (listener, place, last) : (other.listener, other.place, last)
    }
    let there = sockets.values.filter { !book.isGone[$0.place] }.map(\.listener)
    let missing = ListenerRow.missing(policy, beside: there, names.services)
    var missed = Dictionary(missing.map { ($0.listener.place, Int?.none) }) { first, _ in first }
    items = []
    for (listener, place, last) in sockets.values {
      if book.isGone[place], missed[listener.place] != nil {
        // It is told of as missing.
        missed[listener.place] = place
        continue
      }
      let seen = memory?.seen(listener)
      let row = ListenerRow(
        judgement: policy.judge(listener), listener: listener, expectedProgram: nil,
        service: names.service(listener.port, listener.proto.transport),
        firstSeen: seen.map { min($0.first, book.lives[place].firstSeen) }
          ?? (book.isOpeningKnown(book.lives[place]) ? book.lives[place].firstSeen : nil),
        lastSeen: book.isGone[place] ? last : book.time)
      items.append(Item(row: row, place: place))
    }
    items += missing.map { Item(row: $0, place: missed[$0.listener.place] ?? nil) }
    findings = items.count { $0.row.verdict.isFinding }
  }

  private func rank(_ place: Int, _ book: LiveBook) -> (Int, Timestamp, Int64) {
    (book.isGone[place] ? 1 : 0, book.lives[place].firstSeen, book.lives[place].id)
  }

  private mutating func arrange() {
    var places = items.indices.map { ($0, ListenerSortKey(items[$0], sort)) }
    places.sort { left, right in
      if left.1.isUnknown != right.1.isUnknown { return right.1.isUnknown }
      if left.1.value != right.1.value { return (left.1.value < right.1.value) != isReversed }
      return left.1.rest < right.1.rest
    }
    items = places.map { items[$0.0] }
  }
}

/// What a listener is sorted by.
private struct ListenerSortKey {
  /// A number and a text: what is compared is one of the two, the other is the same.
  struct Value: Comparable {
    var number: Int64 = 0
    var address = IPAddress.anyV6
    var text = ""

    static func < (left: Value, right: Value) -> Bool {
      (left.number, left.address, left.text) < (right.number, right.address, right.text)
    }
  }

  typealias Rest = (UInt16, UInt8, IPAddress, Int, String, Int32)

  var value = Value()
  var isUnknown = false
  /// What tells those apart that are equal.
  let rest: Rest

  init(_ item: ListenerList.Item, _ sort: ListenerSortColumn) {
    let listener = item.row.listener
    let process = listener.owner.process
    rest = (
      listener.port, listener.proto.rawValue, listener.address, item.place ?? .max,
      item.row.expectedProgram ?? "", process?.pid ?? .max
    )
    switch sort {
    case .status: value.number = Int64(Self.statuses.firstIndex(of: item.row.verdict) ?? 0)
    case .proto: value.number = Int64(listener.proto.rawValue)
    case .local: (value.address, value.text) = (listener.address, "")
    case .port: value.number = Int64(listener.port)
    case .service: (value.text, isUnknown) = (item.row.service ?? "", item.row.service == nil)
    case .exposure: value.text = listener.exposure.rawValue
    case .firstSeen:
      value.number = -(item.row.firstSeen?.microseconds ?? 0)
      isUnknown = item.row.firstSeen == nil
    case .pid: (value.number, isUnknown) = (Int64(process?.pid ?? 0), process == nil)
    case .process: (value.text, isUnknown) = (process?.name ?? "", process == nil)
    }
  }

  private static let statuses: [ListenerVerdict] = [.widened, .changed, .new, .gone, .expected]
}
