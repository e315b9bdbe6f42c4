// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Numbers for values, in the values' order: numbers are compared instead of names, and a name that comes later gets a
/// number between its neighbours', so that no other's changes.
struct SortLabels<Element: Hashable & Comparable & Sendable>: Sendable {
  private var labels: [Element: UInt64] = [:]
  private var sorted: [Element] = []
  /// No number is as large.
  private let limit: UInt64

  /// How many values have one.
  var count: Int { sorted.count }

  init(below limit: UInt64) { self.limit = limit }

  /// The number of a value that was added.
  func label(_ element: Element) -> UInt64 { labels[element] ?? limit }

  /// Adds values.
  ///
  /// - Returns: false where there is no number left between two neighbours: all have to be numbered anew.
  mutating func add(_ elements: some Sequence<Element>) -> Bool {
    var unknown: Set<Element> = []
    for element in elements where labels[element] == nil { unknown.insert(element) }
    if unknown.isEmpty { return true }
    let added = unknown.sorted()
    var merged: [Element] = []
    merged.reserveCapacity(sorted.count + added.count)
    labels.reserveCapacity(sorted.count + added.count)
    var next = 0
    var first = 0
    while first < added.count {
      while next < sorted.count, sorted[next] < added[first] {
        merged.append(sorted[next])
        next += 1
      }
      // Those that come between the same two.
      var end = first + 1
      while end < added.count, next == sorted.count || added[end] < sorted[next] { end += 1 }
      let low = merged.last.map(label) ?? 0
      let high = next < sorted.count ? label(sorted[next]) : limit
      let step = (high - low) / UInt64(end - first + 1)
      guard step > 0 else {
        for element in added { labels[element] = nil }
        return false
      }
      for place in first..<end {
        labels[added[place]] = low + step * UInt64(place - first + 1)
        merged.append(added[place])
      }
      first = end
    }
    merged += sorted[next...]
    sorted = merged
    return true
  }
}

/// How often there is each of some values.
struct Multiset<Element: Hashable & Sendable>: Sendable {
  private(set) var counts: [Element: Int32] = [:]

  /// How many different ones there are.
  var count: Int { counts.count }

  mutating func insert(_ element: Element) { counts[element, default: 0] += 1 }

  mutating func remove(_ element: Element) {
    guard let index = counts.index(forKey: element) else { return }
    counts.values[index] -= 1
    if counts.values[index] == 0 { counts.remove(at: index) }
  }
}
