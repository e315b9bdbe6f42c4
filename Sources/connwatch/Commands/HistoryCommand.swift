// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConnCore
import ConnStore

/// `connwatch history`: connections there were.
struct HistoryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "Connections seen, closed ones too, newest first.",
    usage: "connwatch history [OPTIONS] [FILTER…]",
    discussion: """
      Examples:
        connwatch history --since 1h          the last hour
        connwatch history dst 203.0.113.7     everything with that address
        connwatch history sport = 51234 --since yesterday --json
        connwatch history --group-by process,remote_addr --since today
        connwatch history -l                  listeners there were

      A row is one life: opened, its states in order, closed. The times can be off
      by uncertainty_s (--json). --group-by takes proto, state, local_addr,
      local_port, remote_addr, remote_port, service, direction, user, process, unit,
      container, netns and host.
      """)

  @OptionGroup var range: RangeOptions

  @Option(help: ArgumentHelp("Count connections that have these in common.", valueName: "KEY,…"))
  var groupBy: String?

  @Flag(name: .shortAndLong, help: "Bytes, round-trip times and retransmissions too.")
  var info = false

  @OptionGroup var hosts: HostOptions
  @OptionGroup var socketArguments: SocketArguments
  @OptionGroup(title: "Global Options") var globalArguments: GlobalArguments
  @OptionGroup var filterArguments: FilterArguments

  private var sockets: SocketOptions { socketArguments.options }
  private var global: GlobalOptions { globalArguments.options }

  func run() throws {
    let names = Names()
    var query = LifeQuery()
    (query.since, query.until) = try range.range(global)
    let filter = try filterArguments.filter(names)
    query.condition = try sockets.condition(filter)
    if sockets.listening { query.roles = [.listener] }
    if sockets.all { query.roles = [.connection, .listener, .bound] }
    query.hosts = hosts.choice
    let groups = try groupBy.map(Self.groupFields)
    if groups == nil {
      try global.checkColumns(HistoryRow.self)
    } else {
      try global.checkColumns(GroupRow.self)
    }
    // What is wrong with the question is told before what is wrong with the history.
    let history = try global.openHistory()
    try query.hosts.check(history)
    let output = StandardOutput.standard()
    if let groups {
      try printGroups(groups, query, history, names, to: output)
    } else {
      query.limit = range.limit
      try printLives(query, history, names, to: output)
    }
    try output.flush()
    try global.remarkGaps(
      history, since: query.since, until: query.until, protos: sockets.opened(filter), hosts: query.hosts)
  }

  private func printLives(
    _ query: LifeQuery, _ history: HistoryReader, _ names: Names, to output: StandardOutput
  ) throws {
    // A pager may be left open for a night: no state of the database is held while it is written to.
    var query = query
    query.pauses = true
    // More than the first piece is not waited for to find out whether there is a host to show.
    var printer: RowPrinter<HistoryRow>?
    var rows: [HistoryRow] = []
    func print(mayHaveMore: Bool) throws {
      if printer == nil {
        let hasHost =
          try rows.contains { $0.life.origin != nil } || (mayHaveMore && history.hasEvidence(query))
        printer = try RowPrinter(
          table: HistoryRow.table(traffic: info, hosts: hasHost), options: global.output, to: output)
      }
      try printer?.print(rows)
      rows.removeAll(keepingCapacity: true)
    }
    try history.lives(query) { (life: Life) throws in
      rows.append(HistoryRow(names: names, life: life))
      if rows.count == Self.piece { try print(mayHaveMore: true) }
      return true
    }
    try print(mayHaveMore: false)
  }

  /// Rows that are laid out together: what a table of them needs in memory is bounded.
  private static let piece = 10_000

  private func printGroups(
    _ fields: [GroupRow.Field], _ query: LifeQuery, _ history: HistoryReader, _ names: Names,
    to output: StandardOutput
  ) throws {
    var groups: [[GroupRow.Key]: GroupRow] = [:]
    try history.snapshot { () throws in
      try history.lives(query) { (life: Life) throws(Never) in
        let key = fields.map { GroupRow.key($0, of: life, names) }
        var group =
          groups[key]
          ?? GroupRow(
            key: Dictionary(uniqueKeysWithValues: zip(fields, key)), connections: 0, open: 0,
            firstSeen: life.firstSeen, lastSeen: life.lastSeen)
        group.connections += 1
        if life.closedOffset == nil { group.open += 1 }
        group.firstSeen = min(group.firstSeen, life.firstSeen)
        group.lastSeen = max(group.lastSeen, life.lastSeen)
        groups[key] = group
        return true
      }
    }
    var options = global.output
    if options.columns == nil { options.columns = (fields + GroupRow.measures).map(\.rawValue) }
    var printer = try RowPrinter<GroupRow>(options: options, to: output)
    let sorted = groups.values.sorted {
      ($1.connections, $1.lastSeen) < ($0.connections, $0.lastSeen)
    }
    try printer.print(sorted.prefix(range.limit ?? .max))
  }

  private static func groupFields(_ text: String) throws -> [GroupRow.Field] {
    var fields: [GroupRow.Field] = []
    for word in text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
      let accepted = GroupRow.groupable.map(\.rawValue)
      let wanted = String(word.lowercased().map { $0 == "-" ? "_" : $0 })
      guard let place = accepted.firstIndex(of: wanted) else {
        let near = nearest(to: wanted, among: accepted).map { "did you mean '\($0)'? " } ?? ""
        throw Failure(
          "--group-by: no key '\(HostileText.escaped(word))' (\(near)accepted: \(accepted.joined(separator: ", ")))"
        )
      }
      if !fields.contains(GroupRow.groupable[place]) { fields.append(GroupRow.groupable[place]) }
    }
    return fields
  }
}

extension SocketOptions {
  /// The tables in which openings are asked for: none where only listeners are.
  func opened(_ filter: Filter) -> ProtoSet { listening ? [] : protos.intersection(filter.protos) }

  /// The filter and what `-t`, `-u`, `-4` and `-6` leave, as a condition for the history.
  func condition(_ filter: Filter) throws(FilterError) -> Filter.SQL? {
    let whole = protos == .all ? filter : Filter(.all([filter.expression, .test(.proto(protos))]))
    return whole.matchesEverything ? nil : try whole.sql()
  }
}
