// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Brings the events of all CPUs into one order, by time.
///
/// What is newer than a watermark is held back: another CPU's buffer, drained before, may get an older one yet.
struct EventMerger {
  /// Events that are held back or were not merged yet; of each CPU in order.
  var pending: [TimedEvent] = []
  private var order: [Key] = []

  /// More is never held back.
  static let most = 1 << 20
  /// Two CPUs' clocks agree better than this, in nanoseconds; nearer neighbours may be in the wrong order.
  static let disagreement: UInt64 = 2000
  // How far back a neighbour is looked for.
  private static let reach = 16

  /// An event's place in `pending`, small enough to be sorted quickly.
  private struct Key {
    var nanoseconds: UInt64
    var index: Int
  }

  /// Takes out what happened up to `watermark`, in nanoseconds on CLOCK_BOOTTIME.
  ///
  /// An event that comes later than its watermark is among the first of the next call.
  mutating func take(upTo watermark: UInt64) -> [TraceEvent] {
    let watermark = pending.count > Self.most ? .max : watermark
    order.removeAll(keepingCapacity: true)
    for index in pending.indices where pending[index].nanoseconds <= watermark {
      order.append(Key(nanoseconds: pending[index].nanoseconds, index: index))
    }
    order.sort { left, right in
      left.nanoseconds == right.nanoseconds
        ? left.index < right.index : left.nanoseconds < right.nanoseconds
    }
    for place in order.indices.dropFirst() { chain(at: place) }
    var events: [TraceEvent] = []
    events.reserveCapacity(order.count)
    for key in order {
      var event = pending[key.index].event
      event.boot = Int64(truncatingIfNeeded: key.nanoseconds / 1000)
      events.append(event)
    }
    if order.count == pending.count {
      pending.removeAll(keepingCapacity: true)
    } else {
      pending.removeAll { $0.nanoseconds <= watermark }
    }
    return events
  }

  /// Swaps the event at `place` with one just before it of the same socket, on another CPU, where the states follow from
  /// each other only the other way. Their times stay where they are.
  private mutating func chain(at place: Int) {
    let later = order[place]
    guard case .state(let second) = pending[later.index].event.kind else { return }
    var before = place - 1
    while before >= 0, place - before <= Self.reach {
      let earlier = order[before]
      guard later.nanoseconds - earlier.nanoseconds < Self.disagreement else { return }
      if case .state(let first) = pending[earlier.index].event.kind, first.socket == second.socket {
        guard pending[earlier.index].cpu != pending[later.index].cpu, second.to == first.from,
          first.to != second.from
        else { return }
        order[before].index = later.index
        order[place].index = earlier.index
        return
      }
      before -= 1
    }
  }
}
