// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConnCore
import ConnStore
import ProcNet

/// `connwatch events`: what happened, in the order of time.
struct EventsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "events", abstract: "Openings, state changes, closings, oldest first.",
    usage: "connwatch events [OPTIONS] [FILTER…]",
    discussion: """
      Examples:
        connwatch events --since 10m        the last ten minutes
        connwatch events -f                 go on as the recorder writes them
        connwatch events -l --since today   listeners that came and went
        connwatch events --json --since 1h process nginx

      Events: opened, changed, closed; listening, unlistened (of listeners); gap
      (nothing was watched). A close is known one sample after it happened, and
      then told with its time.
      """)

  @Flag(name: [.customShort("f"), .long], help: "Go on with what comes; begin with the last ten.")
  var follow = false

  @OptionGroup var range: RangeOptions
  @OptionGroup var socketArguments: SocketArguments
  @OptionGroup(title: "Global Options") var globalArguments: GlobalArguments
  @OptionGroup var filterArguments: FilterArguments

  private var sockets: SocketOptions { socketArguments.options }
  private var global: GlobalOptions { globalArguments.options }

  func validate() throws {
    if follow && range.until != nil { throw ValidationError("-f and --until exclude each other") }
  }

  func run() throws {
    let names = Names()
    var query = LifeQuery()
    (query.since, query.until) = try range.range(global)
    query.roles = sockets.listening ? [.listener] : [.connection, .listener, .bound]
    query.order = .oldestFirst
    let filter = try filterArguments.filter(names)
    query.condition = try sockets.condition(filter)
    try global.checkColumns(EventRow.self)
    let history = try global.openHistory()
    let output = StandardOutput.standard()
    var printer = try RowPrinter<EventRow>(options: global.output, to: output)
    // Gaps are of no protocol and no process: a filter is about sockets, and leaves them out.
    let wantsGaps = query.condition == nil && !sockets.listening
    if follow {
      try Follower(history: history, query: query, wantsGaps: wantsGaps).run(
        backlog: range.limit ?? (query.since == nil ? 10 : .max)
      ) { happenings throws in
        try printer.print(happenings.map { EventRow(names: names, happening: $0) })
        try output.flush()
      }
      return
    }
    // A pager may be left open for a night: no state of the database is held while it is written to.
    query.pauses = true
    var rows: [EventRow] = []
    var left = range.limit ?? .max
    try Self.happenings(history, query, wantsGaps: wantsGaps) { happening throws in
      if left == 0 { return false }
      left -= 1
      rows.append(EventRow(names: names, happening: happening))
      if rows.count == 5000 {
        try printer.print(rows)
        rows.removeAll(keepingCapacity: true)
      }
      return true
    }
    try printer.print(rows)
    try output.flush()
    try global.remarkGaps(
      history, since: query.since, until: query.until, protos: sockets.opened(filter))
  }

  /// Hands over the events and gaps of a range in the order of time.
  static func happenings(
    _ history: HistoryReader, _ query: LifeQuery, wantsGaps: Bool,
    _ body: (Recorder.Happening) throws -> Bool
  ) throws {
    var gaps = wantsGaps ? try history.gaps(since: query.since, until: query.until)[...] : []
    var stream = EventStream()
    func give(_ event: Event) throws -> Bool {
      while let gap = gaps.first, gap.since <= event.time {
        gaps = gaps.dropFirst()
        guard try body(.gap(gap)) else { return false }
      }
      if let since = query.since, event.time < since { return true }
      if let until = query.until, event.time > until { return true }
      return try body(.event(event))
    }
    var goesOn = true
    try history.lives(query) { life throws in
      goesOn = try stream.add(life, give)
      return goesOn
    }
    guard goesOn, try stream.finish(give) else { return }
    for gap in gaps {
      guard try body(.gap(gap)) else { return }
    }
  }
}
