// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore

/// One namespace's part of a sample.
extension Recorder {
  /// Ends what was open in a namespace that is gone: whole tables without a socket say so, as often as it takes.
  func finish(
    _ netns: String?, _ tracker: Tracker, _ moment: Snapshot, to batch: inout Batch, _ events: inout [Event]
  ) {
    var tracker = tracker
    tracker.table.forgetHeard()
    let reports = Proto.allCases.map { TableReport(proto: $0, outcome: .read) }
    let empty = Snapshot(
      time: moment.time, bootTime: moment.bootTime, rows: [], tables: reports, source: [])
    for _ in 0...max(settings.confirmationsTCP, settings.confirmationsUDP) {
      apply(Sample(snapshot: empty), of: netns, &tracker, to: &batch, &events)
    }
  }

  /// Lives that an earlier recorder left open in namespaces that this one does not watch are ended: nobody will see more of
  /// them.
  func leaveUnwatched() {
    for netns in Set(resumption.open.map(\.netns)) {
      watch(netns, counters: nil)
      leave(netns)
    }
  }

  /// Finds what one namespace's sample changes, and adds it to the batch of all.
  func apply(_ sample: Sample, of netns: String?, to batch: inout Batch, _ events: inout [Event]) {
    guard var tracker = trackers.removeValue(forKey: netns) else { return }
    apply(sample, of: netns, &tracker, to: &batch, &events)
    trackers[netns] = tracker
  }

  private func apply(
    _ sample: Sample, of netns: String?, _ tracker: inout Tracker, to batch: inout Batch,
    _ events: inout [Event]
  ) {
    tracker.table.nextID = nextLife
    var heard = sample.heard
    if var earlier = unheard.removeValue(forKey: netns) {
      earlier.add(heard)
      heard = earlier
    }
    let snapshot = sample.snapshot
    var changes = leaveOut(tracker.table.apply(snapshot, heard: heard) { ports.owners($0, snapshot.rows) })
    nextLife = tracker.table.nextID
    var judged = NewListeners.Outcome()
    if let judge = ports.judge {
      judged = tracker.newListeners.judge(&changes, v6Only: snapshot.v6Only, by: judge)
    }
    // At the start of a recorder they are as many as there are sockets: taken over, not copied.
    if batch.current.isEmpty { batch.current = changes.current } else { batch.current += changes.current }
    if batch.finished.isEmpty {
      batch.finished = changes.finished
    } else {
      batch.finished += changes.finished
    }
    for note in changes.notes {
      switch note.kind {
      case .opened, .listening: batch.opened += 1
      case .closed, .unlistened: batch.closed += 1
      case .changed: break
      }
    }
    count(sample.counters, recorded: changes.recorded, of: netns, since: &tracker.counters, &batch)
    guard ports.tell != nil else { return }
    events += judged.released
    events += changes.events.lazy.filter { $0.kind != .listening || !judged.held.contains($0.life.id) }
  }

  /// Puts what the kernel counted beside what was recorded.
  private func count(
    _ counters: OpeningCounters?, recorded: Int, of netns: String?, since last: inout OpeningCounters?,
    _ batch: inout Batch
  ) {
    var seen = Coverage(netns: netns, recorded: Int64(recorded))
    if let now = counters {
      // Counters that went back are those of a new namespace under an old name.
      if let last, now.activeOpens >= last.activeOpens, now.passiveOpens >= last.passiveOpens {
        // 32 bits hold a sample's worth; more is no counter's.
        seen.activeOpens = Int64(UInt32(clamping: now.activeOpens - last.activeOpens))
        seen.passiveOpens = Int64(UInt32(clamping: now.passiveOpens - last.passiveOpens))
        seen.attemptFails = Int64(
          UInt32(clamping: max(now.attemptFails, last.attemptFails) - last.attemptFails))
      }
      last = now
    } else if last == nil {
      return
    }
    batch.coverage.add(seen)
    coverage.add(seen)
  }

  /// Leaves out what is ignored. A life is judged when it opens, and stays in or out.
  private func leaveOut(_ changes: LifeTable.Changes) -> LifeTable.Changes {
    guard let ignored else { return changes }
    for note in changes.notes where note.kind == .opened || note.kind == .listening {
      let life = note.isFinished ? changes.finished[note.place] : changes.current[note.place]
      if ignored.matches(FilterSubject(life)) { ignoredLives.insert(life.id) }
    }
    defer { for life in changes.finished { ignoredLives.remove(life.id) } }
    return changes.filter { !ignoredLives.contains($0.id) }
  }
}
