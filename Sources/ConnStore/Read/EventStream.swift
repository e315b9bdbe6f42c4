// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore

/// Puts the events of lives that come in opening order into the order of time.
///
/// Only the events of lives that go on at the same time are held, so a history of any length passes through.
public struct EventStream {
  /// How much earlier than one before it a life can have been opened, in microseconds: the kernel's word of an opening
  /// can come with the sample after it, and that of another socket in the sample itself.
  public static let disorder: Int64 = 4_000_000

  private var heap: [(time: Int64, id: Int64, order: Int, event: Event)] = []

  /// Makes an empty stream.
  public init() {}

  /// Adds a life's events, and hands over those that no later life can come before.
  ///
  /// - Parameter life: opened no more than ``disorder`` before those added before it.
  public mutating func add<Failure: Error>(
    _ life: Life, _ body: (Event) throws(Failure) -> Bool
  ) throws(Failure) -> Bool {
    guard try drain(before: life.firstSeen.microseconds - Self.disorder, body) else { return false }
    for (order, event) in life.events.enumerated() {
      push((event.time.microseconds, life.id, order, event))
    }
    return true
  }

  /// Hands over what is left.
  public mutating func finish<Failure: Error>(_ body: (Event) throws(Failure) -> Bool) throws(Failure) -> Bool
  {
    try drain(before: .max, body)
  }

  private mutating func drain<Failure: Error>(
    before moment: Int64, _ body: (Event) throws(Failure) -> Bool
  ) throws(Failure) -> Bool {
    while let first = heap.first, first.time < moment {
      guard try body(pop()) else { return false }
    }
    return true
  }

  private func isBefore(_ left: Int, _ right: Int) -> Bool {
    let (left, right) = (heap[left], heap[right])
    return (left.time, left.id, left.order) < (right.time, right.id, right.order)
  }

  private mutating func push(_ entry: (Int64, Int64, Int, Event)) {
    heap.append(entry)
    var at = heap.count - 1
    while at > 0, isBefore(at, (at - 1) / 2) {
      heap.swapAt(at, (at - 1) / 2)
      at = (at - 1) / 2
    }
  }

  private mutating func pop() -> Event {
    heap.swapAt(0, heap.count - 1)
    let event = heap.removeLast().event
    var at = 0
    while true {
      var least = at
      for child in [2 * at + 1, 2 * at + 2] where child < heap.count && isBefore(child, least) {
        least = child
      }
      if least == at { return event }
      heap.swapAt(at, least)
      at = least
    }
  }
}
