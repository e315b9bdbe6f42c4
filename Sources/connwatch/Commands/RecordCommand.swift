// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConnCore
import ConnStore
@preconcurrency import Glibc
import KernelNet
import ProcNet

/// `connwatch record`: samples, diffs and stores until it is stopped.
struct RecordCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "record", abstract: "Sample, diff and store until stopped.",
    usage: "connwatch record [OPTIONS]",
    discussion: """
      Examples:
        sudo connwatch record                        each second, until Ctrl-C
        connwatch record --for 30s --print           half a minute, told as it comes
        connwatch record --ignore 'dst 127.0.0.0/8'  leave loopback out
        connwatch record --keep 7d --max-size 100M   a week, and no more than that
        sudo connwatch record --on-listener alarm    run it for each new listener

      A connection is one life: its states in order, and who held it. What was not
      watched is stored as a gap. Which file it is stored in: connwatch db --help.

      No privileges are needed. Anybody hears of every connection's end, with the
      bytes it carried, however short it was; root also sees each opening and state
      as it happens, and the owners of all sockets. What could not be seen is
      counted, and told at the end. With --source proc nothing but /proc is read,
      and connections shorter than the interval are missed unless they leave a
      TIME_WAIT behind.
      """)

  @Option(help: ArgumentHelp("Time between samples: 1s, 500ms.", valueName: "duration"))
  var interval = "1s"

  @Option(
    name: .customLong("for"), help: ArgumentHelp("Stop after this long: 30s, 2h.", valueName: "duration"))
  var duration: String?

  @Flag(name: .customLong("print"), help: "Print each event as it comes.")
  var prints = false

  @Option(help: ArgumentHelp("What is read: auto, proc, netlink or trace.", valueName: "source"))
  var source = Source.auto

  @Option(
    help: ArgumentHelp("Which network namespaces: self, all, a name or a pid.", valueName: "netns"))
  var netns = "self"

  @OptionGroup var storage: StorageOptions
  @OptionGroup(title: "Listeners") var listenerOptions: ListenerOptions
  @OptionGroup(title: "Global Options") var globalArguments: GlobalArguments

  private var global: GlobalOptions { globalArguments.options }

  func run() throws {
    let names = Names()
    let plan = try Plan(self, names)
    try global.checkColumns(EventRow.self)
    let path = try DatabasePath.toWrite(.look(option: global.db))
    let listeners = try Listeners(listenerOptions, database: path, names, global)
    try global.checkPlace(of: path)
    try DatabasePath.makeDirectory(for: path)
    ProcessMemory.returnLargeBlocks()
    let signals = SignalWait()
    let lock = try KeptLock(database: path)
    let clock = SystemClock()
    let recording = try Recording(
      .init(source: source, netns: NetworkNamespaces.Selection(netns), root: global.root))
    defer { recording.stop() }
    let quiet = global.quiet
    let start = try HistoryStart(
      path, plan.store, names, global.root, source: recording.sources, lock: lock, now: clock.now().wall,
      complain: { if !quiet { Connwatch.complain($0) } })
    let background = start.background
    try listeners.begin(listenerOptions, database: path, now: clock.now().wall, global)
    let output = StandardOutput.standard()
    var printer = try RowPrinter<EventRow>(options: global.output, to: output)
    let owners = SocketOwners(root: global.root)
    let recorder = Recorder(
      settings: LifeTable.Settings(), resumption: start.resumption, interval: plan.store.interval,
      ignored: plan.store.ignored,
      ports: Recorder.Ports(
        owners: { owners.find($0, among: $1) },
        store: { background.submit($0) },
        tell: !prints
          ? nil
          : { happenings in
            try printer.print(happenings.map { EventRow(names: names, happening: $0) })
            try output.flush()
          },
        judge: { listeners.watch.judge($0, isV6Only: $1) },
        wantsEverything: { background.wanted.take() }))
    recording.begin(recorder)
    global.remark("recording to \(path) every \(interval) (pid \(getpid()))")
    for sentence in SourceLimits.sentences(
      recording, source, interval: interval, command: "connwatch record")
    {
      global.remark(sentence)
    }
    let failure = sample(recorder, recording, listeners, plan, signals, owners)
    // Whatever ended the sampling, what was seen is stored before anything is said of it.
    let end = clock.now()
    try? recorder.finish(at: end.wall, boot: end.boot)
    try background.finish(now: end.wall) { recorder.everything(at: end.wall, boot: end.boot) }
    listeners.alarm?.finish()
    withExtendedLifetime(lock) {}
    let totals = recorder.totals
    global.remark(
      """
      recorded \(totals.samples) samples: \(totals.opened) opened, \(totals.closed) closed, \
      \(totals.gaps + background.ownGaps) gaps, \
      to \(path)
      """)
    for coverage in recorder.coverage {
      let place = coverage.netns.map { "\($0): " } ?? ""
      let missed = CoverageWords.sentence(
        coverage, isTraced: recording.sources.contains(.trace), isRoot: geteuid() == 0)
      global.remark(place + (missed ?? CoverageWords.share(coverage)))
    }
    if let failure { throw failure }
    if totals.samples == 0 { throw Failure("record: nothing could be sampled") }
  }

  /// What the options come to.
  private struct Plan {
    var store: StorageOptions.Plan
    /// Microseconds until the end; nil where there is none.
    var duration: Int64?

    init(_ command: RecordCommand, _ names: Names) throws {
      store = try command.storage.plan(interval: command.interval, names)
      duration = try command.duration.map { text throws(UnreadableText) in try Quantity.duration(text) }
    }
  }

  /// Samples at fixed times until the end; a sample that takes too long skips those it made impossible.
  ///
  /// - Returns: why it ended, where that was neither the time nor a signal.
  private func sample(
    _ recorder: Recorder, _ recording: Recording, _ listeners: Listeners, _ plan: Plan,
    _ signals: SignalWait, _ owners: SocketOwners
  ) -> (any Error)? {
    let start = SignalWait.monotonic()
    // Half of all time, so that the sum is a time too.
    let end = plan.duration.map { start + min($0, .max / 2) } ?? .max
    var due = start
    var saidOwners = recording.whyNoTrace != nil && geteuid() != 0
    var saidFailure = false
    var saidTrace = false
    do {
      repeat {
        listeners.watch.refresh()
        let failure = try recording.sample(recorder)
        listeners.alarm?.step()
        if let failure, !saidFailure {
          global.remark("\(failure): sampling goes on, the time until it can be read is a gap")
        }
        saidFailure = failure != nil
        if let why = recording.traceFailure, !saidTrace {
          saidTrace = true
          global.remark("the trace has ended: \(why)")
        }
        if !saidOwners, let words = SourceLimits.owners(owners.visibility, command: "connwatch record") {
          saidOwners = true
          global.remark(words)
        }
        let now = SignalWait.monotonic()
        due += plan.store.interval * max(1, (now - due + plan.store.interval - 1) / plan.store.interval)
      } while try due <= end && wait(until: due, recorder, recording, listeners, signals)
      if due > end { _ = try wait(until: end, recorder, recording, listeners, signals) }
      // What came after the last sample would be lost; a trace tells what happened with a little delay.
      if recording.sources.intersection([.end, .trace]) != [] { usleep(50_000) }
      _ = try recording.sample(recorder, isLast: true)
    } catch {
      return error
    }
    return nil
  }

  /// Most time between two looks at what was heard, in microseconds.
  private static let hearing: Int64 = 1_000_000

  /// Waits for the next sample, and takes what is heard meanwhile where that is long.
  ///
  /// - Returns: false where a signal asked to stop.
  private func wait(
    until due: Int64, _ recorder: Recorder, _ recording: Recording, _ listeners: Listeners,
    _ signals: SignalWait
  ) throws -> Bool {
    while due - SignalWait.monotonic() > Self.hearing * 3 / 2 {
      guard signals.wait(until: SignalWait.monotonic() + Self.hearing) else { return false }
      try recording.hear(recorder)
      listeners.alarm?.step()
    }
    return signals.wait(until: due)
  }
}
