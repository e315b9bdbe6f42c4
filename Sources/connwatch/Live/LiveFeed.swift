// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
@preconcurrency import Glibc
import ProcNet
import Synchronization

/// Samples on a thread of its own and keeps the book of what there is, so that a key never waits for a sample.
final class LiveFeed: @unchecked Sendable {
  /// What is to be done.
  struct Plan {
    var recording: Recording.Request
    /// Microseconds between samples.
    var interval: Int64
    /// The same as it was written.
    var intervalText: String
    /// Where to, and what is stored; nil where nothing is recorded.
    var storage: (path: String, plan: StorageOptions.Plan)?
    /// The history that tells since when sockets are open; nil where there is none.
    var history: HistoryReader?
    /// The files of rules for listeners, and whether somebody has named them.
    var expected: [String]
    var namesExpected = false
    /// The command that would see more.
    var command: String
  }

  /// What the screen is told besides the book.
  struct Status: Sendable {
    /// What sees the sockets: `netlink+end+trace`.
    var sources: Life.Sources = []
    /// Sentences that nobody has read yet, each to be shown once.
    var notes: [String] = []
    /// Why nothing can be read at the moment.
    var failure: String?
    /// Why what is seen is not stored at the moment.
    var storeFailure: String?
    /// Why no more samples will come.
    var end: String?
    /// Microseconds between samples.
    var interval: Int64
    /// Where what is seen is stored; nil where it is not.
    var recordsTo: String?
  }

  /// What both threads see.
  struct Shared {
    var book = LiveBook()
    var status: Status
    var wantsTraffic = false
    var stops = false
  }

  private let shared: Mutex<Shared>
  private let plan: Plan
  private let recording: Recording
  private let recorder: Recorder
  private let owners: SocketOwners
  private let listeners: ListenerWatch
  private let background: BackgroundWriter?
  private let lock: KeptLock?
  private let collected: Collected
  /// Told when there is something new, on the feed's thread.
  private let wake: @Sendable () -> Void
  private let bell: Waker
  private var thread: pthread_t?
  /// How many samples are still to be taken whole, with what was open before them.
  private var resumedLooks = 0

  /// What one sample has brought, until it goes into the book.
  private final class Collected {
    var batch: Batch?
    var samples: [String?: Snapshot] = [:]

    func add(_ more: Batch) {
      if batch == nil { batch = more } else { batch?.merge(more) }
    }
  }

  /// Opens everything that is asked for and may be had; reads nothing yet.
  ///
  /// - Throws: ``Failure`` or ``StoreError`` where what was asked for by name cannot be had.
  init(_ plan: Plan, _ names: Names, wake: @escaping @Sendable () -> Void) throws {
    self.plan = plan
    self.wake = wake
    guard let bell = Waker() else { throw Failure("eventfd: \(String(cString: strerror(errno)))") }
    self.bell = bell
    var status = Status(interval: plan.interval)
    let now = SystemClock().now().wall
    lock = try plan.storage.map { try KeptLock(database: $0.path) }
    var request = plan.recording
    request.showsTimeWait = true
    recording = try Recording(request)
    status.sources = recording.sources
    let notes = Notes()
    var resumption = HistoryWriter.Resumption()
    if let storage = plan.storage {
      let start = try HistoryStart(
        storage.path, storage.plan, names, plan.recording.root, source: recording.sources, lock: lock,
        now: now,
        complain: { notes.add($0) })
      background = start.background
      resumption = start.resumption
      status.recordsTo = storage.path
    } else {
      background = nil
      if let history = plan.history {
        resumption = try Self.remembered(history, plan.recording.root, now)
      }
    }
    let ports = ListenerWatch.Ports(remark: { notes.add($0) }, service: { _, _ in nil })
    do throws(Failure) {
      listeners = try ListenerWatch(ExpectedFiles(plan.expected), ports: ports)
    } catch {
      // Who named a file is told at once; of the usual ones a screen can do without.
      if plan.namesExpected { throw error }
      notes.add("\(error): the rules for listeners are not known")
      listeners = try ListenerWatch(ExpectedFiles([]), ports: ports)
    }
    let owners = SocketOwners(root: plan.recording.root)
    self.owners = owners
    let collected = Collected()
    self.collected = collected
    let (watch, background) = (listeners, background)
    recorder = Recorder(
      settings: LifeTable.Settings(), resumption: resumption, interval: plan.interval,
      ignored: plan.storage?.plan.ignored,
      ports: Recorder.Ports(
        owners: { owners.find($0, among: $1) },
        store: { batch in
          // What only a new file lacks is nothing new to the screen.
          if !batch.isEverything { collected.add(batch) }
          background?.submit(batch)
        },
        judge: { watch.judge($0, isV6Only: $1) },
        wantsEverything: { background?.wanted.take() ?? false }))
    self.notes = notes
    resumedLooks = resumption.open.isEmpty ? 0 : 3
    shared = Mutex(Shared(status: status))
    recording.observe = { samples in collected.samples = samples.mapValues(\.snapshot) }
    recording.begin(recorder)
    for sentence in SourceLimits.sentences(
      recording, plan.recording.source, interval: plan.intervalText, command: plan.command)
    {
      notes.add(sentence)
    }
  }

  private let notes: Notes

  /// Sentences from any thread.
  private final class Notes: Sendable {
    private let waiting = Mutex<[String]>([])
    func add(_ sentence: String) { waiting.withLock { $0.append(sentence) } }
    func take() -> [String] {
      waiting.withLock { waiting in
        defer { waiting = [] }
        return waiting
      }
    }
  }

  /// What a history knows of sockets that are open: since when, and whose those in TIME_WAIT were.
  private static func remembered(
    _ history: HistoryReader, _ root: ProcRoot, _ now: Timestamp
  ) throws -> HistoryWriter.Resumption {
    var resumption = HistoryWriter.Resumption()
    guard try history.lastBootID() == BootID(reading: root)?.description else { return resumption }
    try history.snapshot { () throws in
      let open = try history.openLives()
      let there = Set(open.lazy.map(\.id))
      let ended = try history.endedLately(at: now).filter { $0.state == .timeWait && !there.contains($0.id) }
      resumption.open = ended + open
      resumption.lastSampleBoot = try history.lastSampleBoot()
      resumption.nextLife = (resumption.open.lazy.map(\.id).max() ?? 0) + 1
    }
    return resumption
  }

  /// What is to be seen, for as long as `body` takes: the next sample waits.
  func read<Result>(_ body: (inout LiveBook, inout Status) -> Result) -> Result {
    var result: Result?
    shared.withLock { shared in result = body(&shared.book, &shared.status) }
    return result!
  }

  /// Asks for what connections carry, or no more.
  func setWantsTraffic(_ wants: Bool) { shared.withLock { $0.wantsTraffic = wants } }

  /// Changes the time between samples.
  func setInterval(_ interval: Int64) {
    shared.withLock { $0.status.interval = interval }
    bell.wake()
  }

  /// Begins to sample.
  ///
  /// - Throws: ``Failure`` where there can be no thread.
  func start() throws(Failure) {
    var thread = pthread_t()
    let context = Unmanaged.passRetained(self)
    let code = pthread_create(
      &thread, nil,
      { context in
        Unmanaged<LiveFeed>.fromOpaque(context!).takeRetainedValue().work()
        return nil
      }, context.toOpaque())
    guard code == 0 else {
      context.release()
      throw Failure("a thread that samples: \(String(cString: strerror(code)))")
    }
    self.thread = thread
  }

  /// Ends the sampling; everything that was seen is stored when this returns.
  ///
  /// - Throws: ``StoreError`` where it could not be.
  func stop() throws {
    shared.withLock { $0.stops = true }
    bell.wake()
    if let thread { pthread_join(thread, nil) }
    thread = nil
    recording.stop()
    if let background {
      let end = SystemClock().now()
      try? recorder.finish(at: end.wall, boot: end.boot)
      try background.finish(now: end.wall) { recorder.everything(at: end.wall, boot: end.boot) }
    }
    withExtendedLifetime(lock) {}
  }

  // MARK: - On the thread

  private func work() {
    var due = SignalWait.monotonic()
    var last = due
    while true {
      let (stops, interval, wantsTraffic) = shared.withLock {
        ($0.stops, $0.status.interval, $0.wantsTraffic)
      }
      let isLast = stops
      if stops && background == nil { return }
      if recorder.interval != interval { recorder.interval = interval }
      recording.wantsTraffic = wantsTraffic
      let began = SignalWait.monotonic()
      do {
        if isLast, recording.sources.intersection([.end, .trace]) != [] { usleep(50_000) }
        listeners.refresh()
        let failure = try recording.sample(recorder, isLast: isLast)
        publish(failure, span: began - last)
      } catch {
        shared.withLock { $0.status.end = "\(error)" }
        wake()
        return
      }
      if isLast { return }
      last = began
      let now = SignalWait.monotonic()
      due += interval * max(1, (now - due + interval - 1) / interval)
      wait(until: &due, since: began)
    }
  }

  /// Puts what a sample has brought into the book.
  private func publish(_ failure: String?, span: Int64) {
    let batch = collected.batch
    let samples = collected.samples
    collected.batch = nil
    collected.samples = [:]
    let sentences = notes.take() + saidOnce()
    let (policy, sources) = (listeners.expected, recording.sources)
    // What goes on as an earlier recorder has left it is no change, and may be missed by the first sample.
    let resumed = batch != nil && resumedLooks > 0 ? recorder.seen : nil
    if resumed != nil { resumedLooks -= 1 }
    shared.withLock { shared in
      if let batch {
        var update = LiveBook.Update(time: batch.last, span: shared.book.refresh == 0 ? 0 : span)
        update.current = resumed ?? batch.current
        update.finished = batch.finished
        update.gaps = batch.gaps
        update.samples = samples
        shared.book.apply(update)
      }
      shared.book.policy = policy
      shared.status.failure = failure
      shared.status.storeFailure = background?.waitsBecause.map { "\($0)" }
      shared.status.sources = sources
      shared.status.notes += sentences
    }
    wake()
  }

  private var hasSaidOwners = false
  private var hasSaidTrace = false

  private func saidOnce() -> [String] {
    var sentences: [String] = []
    if !hasSaidOwners, recording.whyNoTrace == nil || geteuid() == 0,
      let words = SourceLimits.owners(owners.visibility, command: plan.command)
    {
      hasSaidOwners = true
      sentences.append(words)
    }
    if !hasSaidTrace, let why = recording.traceFailure {
      hasSaidTrace = true
      sentences.append("the trace has ended: \(why)")
    }
    return sentences
  }

  /// Most time between two looks at what was heard, in microseconds.
  private static let hearing: Int64 = 1_000_000

  /// Waits for the next sample, and takes what is heard meanwhile where that is long. A shorter interval begins at once.
  private func wait(until due: inout Int64, since began: Int64) {
    while true {
      let left = due - SignalWait.monotonic()
      if left <= 0 { return }
      var ready = pollfd(fd: bell.descriptor, events: Int16(POLLIN), revents: 0)
      let patience = left > Self.hearing * 3 / 2 ? Self.hearing : left
      if poll(&ready, 1, Int32((patience + 999) / 1000)) > 0 {
        bell.clear()
        let (stops, interval) = shared.withLock { ($0.stops, $0.status.interval) }
        if stops { return }
        due = began + interval
      } else if due - SignalWait.monotonic() > Self.hearing / 2 {
        try? recording.hear(recorder)
      }
    }
  }
}
