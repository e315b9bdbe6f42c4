// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore

/// Turns snapshots into batches for the history and events for whoever watches.
///
/// It reads no clock, no file and no socket itself: what it needs is handed in, so that tests can make any night
/// happen.
final class Recorder {
  /// What it is connected to.
  struct Ports {
    /// Finds owners; answers in the order of the questions.
    var owners: ([LifeTable.WantedOwner], [SocketRow]) -> [SocketOwner]
    /// Takes a batch for the history; never waits.
    var store: (Batch) -> Void
    /// Takes what happened, for printing; nil where nobody wants to know.
    var tell: (([Happening]) throws -> Void)?
  }

  /// Something to print.
  enum Happening {
    case event(Event)
    case gap(Gap)
  }

  /// What was recorded in all.
  struct Totals: Equatable {
    var samples = 0
    var opened = 0
    var closed = 0
    var gaps = 0
  }

  private(set) var totals = Totals()
  private var table: LifeTable
  private var clocks: ClockWatch
  private let interval: Int64
  private let ignored: Filter?
  private var ignoredLives: Set<Int64> = []
  private let ports: Ports
  private var lastSample: Timestamp?
  private var resumedCause: String?
  /// The first reason that tables could not be read since the last good sample, and how often.
  private var unreadable: (why: String, samples: Int, since: Timestamp)?
  /// What the clocks told while the tables could not be read.
  private var untold: [Gap] = []

  /// Makes a recorder.
  ///
  /// - Parameter ignored: sockets that are neither stored nor told.
  init(
    settings: LifeTable.Settings, resumption: HistoryWriter.Resumption, interval: Int64, ignored: Filter?,
    ports: Ports
  ) {
    table = LifeTable(nextID: resumption.nextLife, settings: settings)
    if let boot = resumption.lastSampleBoot { table.resume(resumption.open, lastSampleBoot: boot) }
    clocks = ClockWatch(interval: interval)
    lastSample = resumption.lastSample
    resumedCause = resumption.cause
    self.interval = interval
    self.ignored = ignored
    self.ports = ports
  }

  /// Takes one sample. Where a table could not be read, the state is left as it was and a gap begins.
  func take(_ snapshot: Snapshot, monotonic: Int64) throws {
    var gaps = clocks.take(.init(wall: snapshot.time, boot: snapshot.bootTime, monotonic: monotonic))
    if let why = snapshot.failure {
      if unreadable == nil { unreadable = (why, 0, lastSample ?? snapshot.time) }
      unreadable?.samples += 1
      untold += gaps
      return
    }
    gaps = untold + gaps
    untold = []
    if let pause = endPause(snapshot.time) { gaps.insert(pause, at: 0) }
    if let unreadable = endUnreadable(snapshot.time) { gaps.append(unreadable) }
    let next = table.nextID
    let changes = leaveOut(table.apply(snapshot) { ports.owners($0, snapshot.rows) })

    var batch = Batch(
      time: snapshot.time, boot: snapshot.bootTime, nextLife: next, sockets: snapshot.rows.count)
    batch.gaps = gaps
    batch.current = changes.current
    batch.finished = changes.finished
    for note in changes.notes {
      switch note.kind {
      case .opened, .listening: batch.opened += 1
      case .closed, .unlistened: batch.closed += 1
      case .changed: break
      }
    }
    for report in snapshot.tables {
      batch.skipped += report.skippedTotal
      batch.duplicates += report.duplicates
    }
    batch.incomplete = snapshot.incomplete.isEmpty ? 0 : 1
    lastSample = snapshot.time
    totals.samples += 1
    totals.opened += batch.opened
    totals.closed += batch.closed
    totals.gaps += gaps.count
    ports.store(batch)
    guard let tell = ports.tell, !gaps.isEmpty || !changes.notes.isEmpty else { return }
    try tell(gaps.map(Happening.gap) + changes.events.map(Happening.event))
  }

  /// What is to be told and stored when nothing more is sampled: a gap that has not ended.
  func finish(at time: Timestamp, boot: Int64) throws {
    guard let gap = endUnreadable(time) else { return }
    let gaps = untold + [gap]
    untold = []
    totals.gaps += gaps.count
    var batch = Batch(time: lastSample ?? time, boot: boot, nextLife: table.nextID, sockets: 0)
    batch.samples = 0
    batch.gaps = gaps
    ports.store(batch)
    try ports.tell?(gaps.map(Happening.gap))
  }

  /// The time between the last sample of an earlier recorder and the first of this one.
  private func endPause(_ now: Timestamp) -> Gap? {
    guard let cause = resumedCause, let since = lastSample else { return nil }
    resumedCause = nil
    return gap(since, now, cause, detail: nil)
  }

  private func endUnreadable(_ now: Timestamp) -> Gap? {
    guard let (why, samples, since) = unreadable else { return nil }
    unreadable = nil
    var gap = gap(since, now, "/proc unreadable", detail: why)
    gap.samples = samples
    return gap
  }

  private func gap(_ since: Timestamp, _ until: Timestamp, _ cause: String, detail: String?) -> Gap {
    let (since, until) = (min(since, until), max(since, until))
    return Gap(
      since: since, until: until, cause: cause, samples: Int(max(0, (until - since) / interval - 1)),
      detail: detail)
  }

  /// Leaves out what is ignored. A life is judged when it opens, and stays in or out.
  private func leaveOut(_ changes: LifeTable.Changes) -> LifeTable.Changes {
    guard let ignored else { return changes }
    for note in changes.notes where note.kind == .opened || note.kind == .listening {
      let life = changes.current[note.place]
      if ignored.matches(FilterSubject(life)) { ignoredLives.insert(life.id) }
    }
    defer { for life in changes.finished { ignoredLives.remove(life.id) } }
    return changes.filter { !ignoredLives.contains($0.id) }
  }
}
