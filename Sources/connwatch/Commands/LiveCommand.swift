// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConnCore
import ConnStore
@preconcurrency import Glibc
import KernelNet
import ProcNet

/// `connwatch live`: the sockets on a full screen, as they come and go.
struct LiveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "live", abstract: "Sockets on a full screen, as they come and go.",
    usage: "connwatch live [OPTIONS] [FILTER…]",
    discussion: """
      Examples:
        sudo connwatch live                      everything, with its processes
        connwatch live state established         connections alone
        connwatch live -a --interval 250ms       listeners too, four times a second
        sudo connwatch live --record             and keep the history meanwhile
        connwatch live --at 03:14                begin with the table of 03:14

      Views: 1 connections, 2 listeners with verdicts, 3 services, 4 events. New
      rows are marked + and green, changed ones ~ and yellow, closed ones - and
      red for three refreshes. ? shows all keys, q quits.

      With a history, [ and ] step back in it and on, @ goes to a time, n returns
      to now. No privileges are needed; root sees every opening as it happens, and
      the owners of all sockets.
      """)

  @Option(help: ArgumentHelp("Time between refreshes: 1s, 250ms.", valueName: "duration"))
  var interval = "1s"

  @Flag(help: "Store what is seen, as connwatch record does.")
  var record = false

  @Option(help: ArgumentHelp("Begin with the table as it stood then: 03:14, -2h.", valueName: "time"))
  var at: String?

  @Option(help: ArgumentHelp("What is read: auto, proc, netlink or trace.", valueName: "source"))
  var source = Source.auto

  @Option(
    help: ArgumentHelp("Which network namespaces: self, all, a name or a pid.", valueName: "netns"))
  var netns = "self"

  @Option(help: ArgumentHelp("The file of rules for listeners, instead of the usual two.", valueName: "path"))
  var expected: String?

  @OptionGroup(title: "With --record") var storage: StorageOptions
  @OptionGroup var socketArguments: SocketArguments
  @OptionGroup(title: "Global Options") var globalArguments: GlobalArguments
  @OptionGroup var filterArguments: FilterArguments

  private var sockets: SocketOptions { socketArguments.options }
  private var global: GlobalOptions { globalArguments.options }

  func validate() throws {
    if global.json || global.csv || global.columns != nil || global.noHeader {
      throw ValidationError(
        "live: a screen has no --json, --csv, --columns or -H (connwatch list has them, and events -f follows)"
      )
    }
    if !record, storage.isGiven {
      throw ValidationError(
        "--keep, --max-size, --keep-free and --ignore are for live --record, or connwatch record")
    }
  }

  func run() throws {
    let terminal = Terminal.look()
    try Self.check(terminal)
    let names = Names()
    var state = LiveState(size: Frame.Size(columns: 80, rows: 24))
    try prepare(&state, names)
    let now = SystemClock().now().wall
    let moment = try at.map { text throws in
      let moment = try global.time(text, now: now)
      guard moment <= now else { throw Failure("--at \(text): that is in the future") }
      return moment
    }
    let storagePlan = try storage.plan(interval: interval, names)
    var written: String?
    if record {
      let path = try DatabasePath.toWrite(.look(option: global.db))
      try global.checkPlace(of: path)
      try DatabasePath.makeDirectory(for: path)
      written = path
    }
    let input = try Self.openInput()
    // Before there is any other thread: signals are for this one.
    guard let events = ScreenEvents(input: input) else {
      throw Failure("live: \(String(cString: strerror(errno)))")
    }
    let selection = NetworkNamespaces.Selection(netns)
    ProcessMemory.returnLargeBlocks()
    var (history, whyNot): (HistoryReader?, String) = record ? (nil, "") : try openHistory()
    let plan = LiveFeed.Plan(
      recording: Recording.Request(source: source, netns: selection, root: global.root),
      interval: storagePlan.interval, intervalText: interval, storage: written.map { ($0, storagePlan) },
      history: history,
      expected: try expected.map { [$0] } ?? ListenerPolicy.paths(global, expected: nil),
      namesExpected: expected != nil,
      command: "connwatch live")
    let feed = try LiveFeed(plan, names, wake: { [waker = events.waker] in waker.wake() })
    // A recorder's own is there once it has been begun.
    if let written { history = try HistoryReader(path: written) }
    if moment != nil, history == nil {
      throw Failure("--at \(at ?? ""): \(whyNot)")
    }
    let screen = try TerminalScreen(
      input: input, output: STDOUT_FILENO, color: terminal.isColored(global.color))
    defer { screen.leave() }
    state.size = screen.size()
    let surroundings = LiveSurroundings(
      names: names, zone: global.zone, host: Self.hostName(), isRoot: geteuid() == 0,
      isUnicode: Self.isUnicode())
    let loop = LiveLoop(
      feed, screen, events, state, surroundings, global,
      past: history.map { LivePast($0, netns: selection) }, whyNoPast: whyNot,
      ephemeral: EphemeralRange(reading: global.root), mayChangeInterval: !record)
    var failure: (any Error)?
    do {
      try feed.start()
      try loop.run(at: moment)
    } catch {
      failure = error
    }
    screen.leave()
    // What was seen is stored before anything is said.
    try feed.stop()
    if let failure { throw failure }
  }

  /// The history to go back in, or why there is none.
  private func openHistory() throws -> (HistoryReader?, String) {
    let none = "no history to go back in (connwatch record keeps one; --db names it)"
    if let history = try global.openHistoryIfAny() { return (history, none) }
    // One that nobody named is left aside where it cannot be read; who asks for it is told why.
    guard let path = DatabasePath.toRead(.look(option: global.db)) else { return (nil, none) }
    do { return (try HistoryReader(path: path), none) } catch { return (nil, "\(error)") }
  }

  /// What the options say of the screen.
  private func prepare(_ state: inout LiveState, _ names: Names) throws {
    state.filter = try filterArguments.filter(names)
    state.filterText = filterArguments.words.joined(separator: " ")
    state.protos = sockets.protos
    if sockets.all { state.connections.roles = [.connection, .bound, .listener] }
    if sockets.listening { state.view = .listeners }
    state.resolvesHosts = global.resolve
  }

  /// A full screen needs a terminal that can be written to all over.
  private static func check(_ terminal: Terminal) throws(Failure) {
    guard terminal.isTTY else {
      throw Failure(
        "live: standard output is not a terminal (connwatch list shows the sockets once, connwatch events -f follows them)"
      )
    }
    guard let term = terminal.term, !term.isEmpty, term != "dumb" else {
      throw Failure(
        "live: TERM=\(HostileText.escaped(terminal.term ?? "")): a terminal without a screen (connwatch list shows the sockets once, connwatch events -f follows them)"
      )
    }
  }

  /// Where keys come from: standard input, or the terminal itself where that is something else.
  private static func openInput() throws(Failure) -> Int32 {
    if isatty(STDIN_FILENO) == 1 { return STDIN_FILENO }
    let descriptor = open("/dev/tty", O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw Failure("live: no terminal to read keys from (connwatch list shows the sockets once)")
    }
    return descriptor
  }

  private static func hostName() -> String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// True where the terminal's encoding is UTF-8, as locale(7) says it.
  private static func isUnicode() -> Bool {
    for name in ["LC_ALL", "LC_CTYPE", "LANG"] {
      guard let value = getenv(name).map({ String(cString: $0) }), !value.isEmpty else { continue }
      let lower = value.lowercased()
      return lower.contains("utf-8") || lower.contains("utf8")
    }
    return false
  }
}
