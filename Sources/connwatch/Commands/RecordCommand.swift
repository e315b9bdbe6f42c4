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

  @Option(
    help: ArgumentHelp("Keep connections this long after they end; 0 for ever.", valueName: "duration"))
  var keep = "30d"

  @Option(
    help: ArgumentHelp("Bytes the database may use, then the oldest go; 0 no limit.", valueName: "size"))
  var maxSize = "512M"

  @Option(help: ArgumentHelp("Neither store nor print what matches.", valueName: "filter"))
  var ignore: String?

  @OptionGroup(title: "Listeners") var listenerOptions: ListenerOptions
  @OptionGroup(title: "Global Options") var globalArguments: GlobalArguments

  private var global: GlobalOptions { globalArguments.options }

  func run() throws {
    let names = Names()
    let plan = try Plan(self, names)
    try global.checkColumns(EventRow.self)
    let path = try DatabasePath.toWrite(.look(option: global.db))
    let listeners = try Listeners(listenerOptions, database: path, names, global)
    try DatabasePath.makeDirectory(for: path)
    // Nobody else's history is anybody else's business: no access for others, whatever the umask says.
    umask(0o027)
    ProcessMemory.returnLargeBlocks()
    let signals = SignalWait()
    let lock = try RecorderLock(database: path)
    let clock = SystemClock()
    let recording = try Recording(
      .init(source: source, netns: NetworkNamespaces.Selection(netns), root: global.root))
    defer { recording.stop() }
    let (background, resumption) = try startWriter(
      path, plan, names, source: recording.sources, now: clock.now().wall)
    try listeners.begin(listenerOptions, database: path, now: clock.now().wall, global)
    let output = StandardOutput.standard()
    var printer = try RowPrinter<EventRow>(options: global.output, to: output)
    let owners = SocketOwners(root: global.root)
    let recorder = Recorder(
      settings: LifeTable.Settings(), resumption: resumption, interval: plan.interval, ignored: plan.ignored,
      ports: Recorder.Ports(
        owners: { wanted, rows in Self.find(wanted, among: rows, owners) },
        store: { background.submit($0) },
        tell: !prints
          ? nil
          : { happenings in
            try printer.print(happenings.map { EventRow(names: names, happening: $0) })
            try output.flush()
          },
        judge: { listeners.watch.judge($0, isV6Only: $1) }))
    recording.begin(recorder)
    global.remark("recording to \(path) every \(interval) (pid \(getpid()))")
    sayWhatIsMissed(recording)
    let failure = sample(recorder, recording, listeners, plan, signals, owners)
    // Whatever ended the sampling, what was seen is stored before anything is said of it.
    let end = clock.now()
    try? recorder.finish(at: end.wall, boot: end.boot)
    try background.finish(now: end.wall)
    listeners.alarm?.finish()
    withExtendedLifetime(lock) {}
    let totals = recorder.totals
    global.remark(
      """
      recorded \(totals.samples) samples: \(totals.opened) opened, \(totals.closed) closed, \(totals.gaps) gaps, \
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

  /// Says once what this recorder will not see, and what would change that.
  private func sayWhatIsMissed(_ recording: Recording) {
    if let why = recording.whyNoDiag {
      global.remark("\(why): reading /proc")
    } else if let why = recording.whyNoEnds {
      global.remark("the ends of sockets are not heard: \(why)")
    }
    if recording.notEntered > 0 {
      global.remark("\(recording.notEntered) network namespaces may not be entered (sudo connwatch record …)")
    }
    guard source == .auto, let whyNoTrace = recording.whyNoTrace else { return }
    let short = "connections shorter than \(interval)"
    let missed =
      recording.hearsEnds ? "the opening times and owners of \(short) are not seen" : "\(short) are missed"
    if geteuid() == 0 {
      global.remark("\(missed): \(whyNoTrace)")
    } else {
      global.remark(
        "\(missed), nor are the owners of other users' sockets (sudo connwatch record sees them)")
    }
  }

  /// Opens the database and hands it to a thread of its own, which is then alone in knowing it.
  private func startWriter(
    _ path: String, _ plan: Plan, _ names: Names, source: Life.Sources, now: Timestamp
  ) throws -> (BackgroundWriter, HistoryWriter.Resumption) {
    let writer = try HistoryWriter(path: path, run: run(plan, names, source), now: now)
    var resumption = writer.resumption
    if resumption.lastSampleBoot != nil {
      resumption.endedLately = try HistoryReader(path: path).endedLately(at: now)
    }
    writer.forgetResumption()
    let quiet = global.quiet
    let background = BackgroundWriter(writer, retention: plan.retention) { error in
      if !quiet {
        Connwatch.complain("\(error); sampling goes on, and what waits is written as soon as it can be")
      }
    }
    return (background, resumption)
  }

  /// What the options come to.
  private struct Plan {
    var interval: Int64
    var duration: Int64?
    var retention: Retention
    var ignored: Filter?

    init(_ command: RecordCommand, _ names: Names) throws {
      interval = try Quantity.duration(command.interval)
      guard interval >= 10_000 else {
        throw Failure("--interval \(command.interval): too short (10ms is the least)")
      }
      guard interval <= 86_400_000_000 else {
        throw Failure("--interval \(command.interval): too long (1d is the most)")
      }
      duration = try command.duration.map { text throws(UnreadableText) in try Quantity.duration(text) }
      let keep = try Quantity.duration(command.keep)
      let size = try Quantity.size(command.maxSize)
      guard size == 0 || size >= 1_000_000 else {
        throw Failure("--max-size \(command.maxSize): too small (1M is the least, 0 no limit)")
      }
      retention = Retention(keep: keep == 0 ? nil : keep, maxSize: size == 0 ? nil : size)
      ignored = try command.ignore.map { text throws(FilterError) in
        try Filter([text], services: names.services, userID: { Names.userID($0) })
      }
    }
  }

  private func run(_ plan: Plan, _ names: Names, _ source: Life.Sources) -> HistoryWriter.Run {
    // By port: to look each name up among all of them takes a minute where nothing is optimized.
    let services = names.services.knownPorts.map { (port: $0.port, transport: $0.transport, name: $0.name) }
    return HistoryWriter.Run(
      bootID: BootID(reading: global.root)?.description ?? "unknown", pid: getpid(),
      version: Connwatch.version,
      source: source.name, interval: plan.interval, ignored: ignore, services: services,
      accountName: { Names.userName($0) })
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
        if !saidOwners, !owners.visibility.isComplete, owners.visibility.processes > 0 {
          saidOwners = true
          let seen = owners.visibility
          let who = seen.refused > 0 ? "\(seen.refused) of \(seen.processes) processes" : "some processes"
          let hint = geteuid() == 0 ? "" : " (sudo connwatch record sees all)"
          global.remark("\(who) may not be looked into, so the owners of their sockets are not known\(hint)")
        }
        let now = SignalWait.monotonic()
        due += plan.interval * max(1, (now - due + plan.interval - 1) / plan.interval)
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

  private static func find(
    _ wanted: [LifeTable.WantedOwner], among rows: [SocketRow], _ owners: SocketOwners
  ) -> [SocketOwner] {
    owners.lookUp(Array(wanted.lazy.filter { $0.row.inode != 0 }.map { WantedSocket($0.row) }), among: rows)
    let queues = AcceptQueues(rows)
    return wanted.map { owners.owner(of: $0.row, queues: queues, stillThere: $0.isSecondLook) }
  }
}
