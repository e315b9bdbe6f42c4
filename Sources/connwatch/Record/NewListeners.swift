// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Listeners of one network namespace that have begun and are to be judged: once, when their owner is known.
///
/// Where the owner is still looked for, the listener waits some samples, and its event with it. Pure: who judges is
/// handed in.
struct NewListeners {
  /// Says what is to be said of a listener, by its life and whether it takes IPv6 alone, nil where that is not known.
  typealias Judge = (Life, _ isV6Only: Bool?) -> ListenerVerdict

  /// What became of the changes of a sample.
  struct Outcome {
    /// Lives whose event is not to be told yet.
    var held: Set<Int64> = []
    /// Events of earlier samples, with the verdict.
    var released: [Event] = []
  }

  private struct Waiting {
    var event: Event
    var samples = 0
    var isV6Only: Bool?
  }

  /// By the number of the life.
  private var waiting: [Int64: Waiting] = [:]

  /// Gives the lives of listeners among the changes their verdicts.
  ///
  /// - Parameter v6Only: what the kernel said of sockets bound to `::`, by inode.
  mutating func judge(
    _ changes: inout LifeTable.Changes, v6Only: [UInt64: Bool], by judge: Judge
  ) -> Outcome {
    var outcome = Outcome()
    if !waiting.isEmpty { release(&changes, v6Only, judge, &outcome) }
    for note in changes.notes where note.kind == .listening {
      let life = note.isFinished ? changes.finished[note.place] : changes.current[note.place]
      // A UDP socket that has gone before a sample saw it served nobody: resolvers, for one, ask from ports of their own
      // choice, and make such by the thousand.
      if note.isFinished, life.proto.transport == .udp { continue }
      let isV6Only = v6Only[life.inode]
      if !note.isFinished, Self.patience(life) > 0 {
        let event = Event(.listening, at: note.time, from: note.from, to: note.to, life: life)
        waiting[life.id] = Waiting(event: event, isV6Only: isV6Only)
        outcome.held.insert(life.id)
        continue
      }
      let verdict = judge(life, isV6Only)
      if note.isFinished {
        changes.finished[note.place].verdict = verdict
      } else {
        changes.current[note.place].verdict = verdict
      }
    }
    return outcome
  }

  /// Judges all that wait, by what is known of them: nothing more will be sampled.
  mutating func finish(by judge: Judge) -> [Event] {
    let events = waiting.values.map { Self.judged($0, judge) }
    waiting = [:]
    return events.sorted { $0.life.id < $1.life.id }
  }

  /// How many samples are waited for an owner that is not known and may be found with one of them.
  private static func patience(_ life: Life) -> Int {
    guard life.owner.process == nil else { return 0 }
    switch life.owner.whyUnknown {
    case .otherNamespace, .kernel: return 0
    // Somebody without privileges will never know; the second look at a busy machine may.
    case .noPermission: return 1
    case .exited, .notYetAccepted, nil: return 3
    }
  }

  private static func judged(_ waiting: Waiting, _ judge: Judge) -> Event {
    var event = waiting.event
    event.life.verdict = judge(event.life, waiting.isV6Only)
    return event
  }

  private mutating func release(
    _ changes: inout LifeTable.Changes, _ v6Only: [UInt64: Bool], _ judge: Judge, _ outcome: inout Outcome
  ) {
    for place in changes.finished.indices {
      guard var entry = waiting.removeValue(forKey: changes.finished[place].id) else { continue }
      entry.event.life = changes.finished[place]
      let event = Self.judged(entry, judge)
      changes.finished[place].verdict = event.life.verdict
      outcome.released.append(event)
    }
    var places: [Int64: Int] = [:]
    for place in changes.current.indices where waiting[changes.current[place].id] != nil {
      places[changes.current[place].id] = place
    }
    for (id, var entry) in waiting {
      if let place = places[id] { entry.event.life = changes.current[place] }
      entry.isV6Only = entry.isV6Only ?? v6Only[entry.event.life.inode]
      entry.samples += 1
      guard entry.samples >= Self.patience(entry.event.life) else {
        waiting[id] = entry
        continue
      }
      waiting[id] = nil
      let event = Self.judged(entry, judge)
      if let place = places[id] {
        changes.current[place].verdict = event.life.verdict
      } else {
        changes.current.append(event.life)
      }
      outcome.released.append(event)
    }
  }
}
