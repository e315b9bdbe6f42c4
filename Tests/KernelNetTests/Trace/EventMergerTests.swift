// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import KernelNet

@Suite struct EventMergerTests {
  static func step(
    _ nanoseconds: UInt64, cpu: Int, _ socket: UInt64, _ from: SocketState, _ to: SocketState
  ) -> TimedEvent {
    let nowhere = Endpoint(.anyV4, 0)
    let change = StateChange(socket: socket, proto: .tcp, from: from, to: to, local: nowhere, remote: nowhere)
    return TimedEvent(nanoseconds: nanoseconds, cpu: cpu, event: TraceEvent(boot: 0, .state(change)))
  }

  static func end(_ nanoseconds: UInt64, cpu: Int, _ socket: UInt64) -> TimedEvent {
    TimedEvent(
      nanoseconds: nanoseconds, cpu: cpu, event: TraceEvent(boot: 0, .destroyed(socket: socket, cookie: 0)))
  }

  static func say(_ events: [TraceEvent]) -> [String] {
    events.map { event in
      switch event.kind {
      case .state(let change): "\(event.boot) \(change.socket) \(change.from.name)>\(change.to.name)"
      case .destroyed(let socket, _): "\(event.boot) \(socket) gone"
      default: "?"
      }
    }
  }

  @Test func streamsAreMergedByTimeUpToTheWatermark() {
    var merger = EventMerger()
    merger.pending = [
      Self.end(1000, cpu: 0, 1), Self.end(4000, cpu: 0, 4), Self.end(9000, cpu: 0, 9),
      Self.end(2000, cpu: 1, 2), Self.end(5000, cpu: 1, 5), Self.end(3000, cpu: 7, 3),
    ]
    #expect(Self.say(merger.take(upTo: 4000)) == ["1 1 gone", "2 2 gone", "3 3 gone", "4 4 gone"])
    // Older than what was held back, as it may come on another CPU.
    merger.pending.append(Self.end(4500, cpu: 1, 6))
    #expect(Self.say(merger.take(upTo: 8999)) == ["4 6 gone", "5 5 gone"])
    #expect(merger.take(upTo: 8999).isEmpty)
    #expect(Self.say(merger.take(upTo: 9000)) == ["9 9 gone"])
    #expect(merger.pending.isEmpty)
  }

  @Test func momentThatTwoShareKeepsTheirOrder() {
    var merger = EventMerger()
    merger.pending = (0..<100).map { Self.end(5000, cpu: 0, $0) }
    #expect(Self.say(merger.take(upTo: .max)) == (0..<100).map { "5 \($0) gone" })
  }

  /// Two steps, and whether they change places.
  static let neighbours: [(what: String, first: TimedEvent, second: TimedEvent, isSwapped: Bool)] = [
    (
      "the right way", step(1000, cpu: 0, 1, .close, .synSent), step(2000, cpu: 1, 1, .synSent, .established),
      false
    ),
    (
      "the wrong way", step(1000, cpu: 0, 1, .synSent, .established), step(2000, cpu: 1, 1, .close, .synSent),
      true
    ),
    (
      "on one CPU", step(1000, cpu: 0, 1, .synSent, .established), step(2000, cpu: 0, 1, .close, .synSent),
      false
    ),
    (
      "too far apart", step(1000, cpu: 0, 1, .synSent, .close), step(3000, cpu: 1, 1, .established, .synSent),
      false
    ),
    (
      "of two sockets", step(1000, cpu: 0, 2, .synSent, .close),
      step(2000, cpu: 1, 1, .established, .synSent), false
    ),
    ("either way", step(1000, cpu: 0, 1, .close, .synSent), step(2000, cpu: 1, 1, .synSent, .close), false),
    (
      "neither way", step(1000, cpu: 0, 1, .close, .synSent), step(2000, cpu: 1, 1, .closeWait, .lastAck),
      false
    ),
  ]

  @Test(arguments: neighbours)
  func neighboursAreInTheOrderOfTheirStates(
    _ what: String, _ first: TimedEvent, _ second: TimedEvent, _ isSwapped: Bool
  ) {
    for between in 0..<3 {
      var merger = EventMerger()
      let others = (0..<between).map { Self.end(1500, cpu: 2, UInt64(10 + $0)) }
      merger.pending = [first, second] + others
      let swapped = (isSwapped ? second : first, isSwapped ? first : second)
      var wanted = [swapped.0] + others + [swapped.1]
      for index in wanted.indices {
        wanted[index].event.boot =
          index == 0
          ? Int64(first.nanoseconds / 1000)
          : index == wanted.count - 1 ? Int64(second.nanoseconds / 1000) : 1
      }
      #expect(Self.say(merger.take(upTo: .max)) == Self.say(wanted.map(\.event)), "\(what)")
    }
  }

  @Test func noMoreIsHeldBackThanFits() {
    var merger = EventMerger()
    merger.pending = [TimedEvent](repeating: Self.end(5000, cpu: 0, 1), count: EventMerger.most)
    #expect(merger.take(upTo: 0).isEmpty)
    merger.pending.append(Self.end(1, cpu: 1, 2))
    #expect(merger.take(upTo: 0).count == EventMerger.most + 1)
  }
}
