// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Puts lives that come by their numbers into the order of their openings.
///
/// The kernel's word of an opening can come some samples after it, so numbers are in that order only up to
/// ``EventStream/disorder``. Lives are held for as long as one that belongs before them may come.
struct OpeningOrder {
  private let isNewestFirst: Bool
  /// In the order in which they are to be handed over; those before `first` have been.
  private var held: [Life] = []
  private var first = 0

  /// How many are held at the most: where the clock was set back, numbers and times have nothing to do with each other.
  private static let most = 100_000

  init(_ order: LifeQuery.Order) { isNewestFirst = order == .newestFirst }

  /// Adds the life that is next by its number, and hands over those that none can come before any more.
  ///
  /// - Returns: false where `body` wanted no more.
  mutating func add<Failure: Error>(
    _ life: Life, _ body: (Life) throws(Failure) -> Bool
  ) throws(Failure) -> Bool {
    var place = held.endIndex
    // What is further apart is so because the clock was set: then the numbers are right.
    while place > first, isBefore(life, held[place - 1]),
      abs(held[place - 1].firstSeen - life.firstSeen) <= EventStream.disorder
    { place -= 1 }
    held.insert(life, at: place)
    let opened = life.firstSeen.microseconds
    while first < held.endIndex - 1 {
      let next = held[first].firstSeen.microseconds
      let isSafe =
        isNewestFirst
        ? next >= opened + EventStream.disorder : next <= opened - EventStream.disorder
      guard isSafe || held.endIndex - first > Self.most else { break }
      first += 1
      guard try body(held[first - 1]) else { return false }
    }
    if first > 1024, first > held.count / 2 {
      held.removeFirst(first)
      first = 0
    }
    return true
  }

  /// Hands over what is left.
  mutating func finish<Failure: Error>(_ body: (Life) throws(Failure) -> Bool) throws(Failure) -> Bool {
    while first < held.endIndex {
      first += 1
      guard try body(held[first - 1]) else { return false }
    }
    return true
  }

  private func isBefore(_ left: Life, _ right: Life) -> Bool {
    let (older, newer) = isNewestFirst ? (right, left) : (left, right)
    return (older.firstSeen, older.id) < (newer.firstSeen, newer.id)
  }
}
