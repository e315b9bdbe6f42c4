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
    /// Judges a listener that is new; nil where nobody does.
    var judge: NewListeners.Judge?
    /// True where the history has a new file that lacks what is open.
    var wantsEverything: () -> Bool = { false }
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

  /// What was read of one network namespace.
  struct Sample {
    /// Its sockets.
    var snapshot: Snapshot
    /// What the kernel told of them since the sample before.
    var heard = Heard()
    /// What it counted of openings, nil where that is not known.
    var counters: OpeningCounters?
  }

  /// The lives of one network namespace, and where its counters stood.
  struct Tracker {
    var table: LifeTable
    var counters: OpeningCounters?
    var newListeners = NewListeners()
  }

  private(set) var totals = Totals()
  /// What was recorded of what the kernel counted, since the start.
  var coverage: [Coverage] = []
  /// By the label of the namespace; nil is the recorder's own.
  var trackers: [String?: Tracker] = [:]
  /// Namespaces that are gone, whose lives end with the next sample.
  var leaving: [(netns: String?, tracker: Tracker)] = []
  let settings: LifeTable.Settings
  var nextLife: Int64
  var resumption: HistoryWriter.Resumption
  private var gaps: GapBook
  let ignored: Filter?
  var ignoredLives: Set<Int64> = []
  /// What was said of listeners that are open.
  private var verdicts: [Int64: ListenerVerdict] = [:]
  let ports: Ports
  /// What was heard while the tables could not be read, by namespace.
  var unheard: [String?: Heard] = [:]
  /// What was stored since the last sample without being one: the next sample's row counts it.
  private var carried: Batch?

  /// Makes a recorder.
  ///
  /// - Parameter ignored: sockets that are neither stored nor told.
  init(
    settings: LifeTable.Settings, resumption: HistoryWriter.Resumption, interval: Int64, ignored: Filter?,
    ports: Ports
  ) {
    self.settings = settings
    self.resumption = resumption
    nextLife = resumption.nextLife
    gaps = GapBook(interval: interval, resumption: resumption)
    self.ignored = ignored
    self.ports = ports
  }

  /// Microseconds between samples.
  var interval: Int64 {
    get { gaps.interval }
    set { gaps.interval = newValue }
  }

  /// Begins to watch a network namespace, with the lives that an earlier recorder left open in it.
  ///
  /// - Parameters:
  ///   - netns: its label, nil for the recorder's own.
  ///   - inode: its inode, 0 where not known.
  ///   - counters: what it has counted of openings before those that can be recorded; nil for those before the first
  ///     sample.
  func watch(
    _ netns: String?, inode: UInt64 = 0, ephemeral: EphemeralRange? = nil, counters: OpeningCounters?
  ) {
    var settings = settings
    settings.netns = netns
    settings.namespace = inode
    if let ephemeral { settings.ephemeral = ephemeral }
    var table = LifeTable(nextID: nextLife, settings: settings)
    if let boot = resumption.lastSampleBoot {
      table.resume(
        resumption.open.filter { $0.netns == netns },
        ended: Set(resumption.endedLately.lazy.filter { $0.netns == netns }.map(\.ends)),
        lastSampleBoot: boot)
    }
    resumption.open.removeAll { $0.netns == netns }
    nextLife = max(nextLife, table.nextID)
    trackers[netns] = Tracker(table: table, counters: counters)
  }

  /// Watches a network namespace no more: it is gone, and what was open in it has ended.
  func leave(_ netns: String?) {
    guard let tracker = trackers.removeValue(forKey: netns) else { return }
    leaving.append((netns, tracker))
  }

  /// Takes one sample of each namespace that is watched. Where a table could not be read, the state is left as it was and
  /// a gap begins.
  ///
  /// - Parameters:
  ///   - samples: by the label of the namespace; all have the same moment.
  ///   - lost: what the kernel's own sources told as lost.
  func take(_ samples: [String?: Sample], lost: [Gap] = [], monotonic: Int64) throws {
    if totals.samples == 0 { leaveUnwatched() }
    // One clock for all: that of the recorder's own namespace, where it is among them.
    guard let moment = (samples[nil] ?? samples.values.first)?.snapshot else { return }
    let clocks = ClockWatch.Reading(wall: moment.time, boot: moment.bootTime, monotonic: monotonic)
    let failure = samples.values.lazy.compactMap(\.snapshot.failure).first
    guard let gaps = gaps.take(clocks, lost: lost, failure: failure) else {
      for (netns, sample) in samples { unheard[netns, default: Heard()].add(sample.heard) }
      return
    }

    var batch = Batch(time: moment.time, boot: moment.bootTime, nextLife: nextLife, sockets: 0)
    batch.gaps = gaps
    var events: [Event] = []
    for (netns, sample) in samples {
      batch.sockets += sample.snapshot.rows.count
      for report in sample.snapshot.tables {
        batch.skipped += report.skippedTotal
        batch.duplicates += report.duplicates
      }
      if !sample.snapshot.incomplete.isEmpty { batch.incomplete = 1 }
      apply(sample, of: netns, to: &batch, &events)
    }
    for (netns, tracker) in leaving { finish(netns, tracker, moment, to: &batch, &events) }
    leaving = []
    batch.socketsMax = batch.sockets
    totals.opened += batch.opened
    totals.closed += batch.closed
    if let carried {
      batch.nextLife = carried.nextLife
      batch.first = min(batch.first, carried.first)
      batch.opened += carried.opened
      batch.closed += carried.closed
      for seen in carried.coverage { batch.coverage.add(seen) }
    }
    carried = nil
    totals.samples += 1
    totals.gaps += gaps.count
    noteVerdicts(batch)
    ports.store(batch)
    if ports.wantsEverything() { ports.store(everything(at: moment.time, boot: moment.bootTime)) }
    try tell(gaps, events)
  }

  /// Every life whose socket the latest samples had, also where nothing has happened to it.
  var seen: [Life] { trackers.values.flatMap(\.table.seen) }

  /// Takes what the kernel told between two samples that are far apart, so that it need not be kept till then.
  func hear(_ heard: [String?: Heard], lost: [Gap], at time: Timestamp, boot: Int64) throws {
    if gaps.isBlind {
      for (netns, heard) in heard { unheard[netns, default: Heard()].add(heard) }
      gaps.keep(lost)
      return
    }
    var batch = Batch(time: time, boot: boot, nextLife: nextLife, sockets: 0)
    batch.samples = 0
    batch.gaps = lost
    var events: [Event] = []
    for (netns, heard) in heard {
      let nothing = Snapshot(time: time, bootTime: boot, rows: [], source: [])
      apply(Sample(snapshot: nothing, heard: heard), of: netns, to: &batch, &events)
    }
    totals.opened += batch.opened
    totals.closed += batch.closed
    var sum = Batch(time: time, boot: boot, nextLife: carried?.nextLife ?? batch.nextLife, sockets: 0)
    sum.first = min(carried?.first ?? time, batch.finished.map(\.firstSeen).min() ?? time)
    sum.opened = (carried?.opened ?? 0) + batch.opened
    sum.closed = (carried?.closed ?? 0) + batch.closed
    sum.coverage = carried?.coverage ?? []
    for seen in batch.coverage { sum.coverage.add(seen) }
    carried = sum
    totals.gaps += lost.count
    noteVerdicts(batch)
    if !batch.current.isEmpty || !batch.finished.isEmpty || !lost.isEmpty { ports.store(batch) }
    try tell(lost, events)
  }

  private func tell(_ gaps: [Gap], _ events: [Event]) throws {
    guard let tell = ports.tell, !gaps.isEmpty || !events.isEmpty else { return }
    // Those of one moment as they came: a life's events are in their order.
    let order = events.indices.sorted { (events[$0].time, $0) < (events[$1].time, $1) }
    try tell(gaps.map(Happening.gap) + order.map { Happening.event(events[$0]) })
  }

  /// What is to be told and stored when nothing more is sampled: a gap that has not ended.
  /// And listeners that were to be judged with a later sample.
  func finish(at time: Timestamp, boot: Int64) throws {
    var events: [Event] = []
    if let judge = ports.judge {
      for netns in trackers.keys { events += trackers[netns]?.newListeners.finish(by: judge) ?? [] }
    }
    let told = gaps.finish(at: time)
    if told.isEmpty && events.isEmpty { return }
    totals.gaps += told.count
    var batch = Batch(time: gaps.lastSample ?? time, boot: boot, nextLife: nextLife, sockets: 0)
    batch.samples = 0
    batch.gaps = told
    batch.current = events.map(\.life)
    noteVerdicts(batch)
    ports.store(batch)
    try tell(told, events)
  }

  /// A batch of no sample with all that is open.
  func everything(at time: Timestamp, boot: Int64) -> Batch {
    var batch = Batch(time: gaps.lastSample ?? time, boot: boot, nextLife: nextLife, sockets: 0)
    batch.samples = 0
    batch.isEverything = true
    batch.current = trackers.values.flatMap(\.table.all).filter { !ignoredLives.contains($0.id) }
    for place in batch.current.indices { batch.current[place].verdict = verdicts[batch.current[place].id] }
    return batch
  }

  /// Keeps what was said of listeners: a new file is to have it too.
  private func noteVerdicts(_ batch: Batch) {
    for life in batch.current {
      if let verdict = life.verdict { verdicts[life.id] = verdict }
    }
    if !verdicts.isEmpty { for life in batch.finished { verdicts[life.id] = nil } }
  }
}
