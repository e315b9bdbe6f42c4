// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConnCore
import ConnStore

/// `connwatch blocked`: attempts that never became connections.
struct BlockedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "blocked", abstract: "Attempts that never became connections, and why.",
    usage: "connwatch blocked [OPTIONS] [FILTER…]",
    discussion: """
      Examples:
        connwatch blocked --since 1h       what did not get through in the last hour
        connwatch blocked dport = :23      telnet: filtered, or refused?
        connwatch blocked process curl     what curl could not reach
        connwatch blocked direction in     handshakes that nobody completed here

      A row is a verdict, a process and a remote service, with the number of
      attempts; one connect is one attempt, however often its SYN was sent.
        filtered     no answer for a second or more, or until it was given up
        refused      an answer: nobody listens there
        unreachable  an answer: no way to that host, network or service
        unanswered   our answer to somebody's SYN was never answered
      Refused and unreachable attempts are over within milliseconds: only the
      kernel's trace sees them (sudo connwatch record). A SYN that comes to a port
      on which nobody listens makes no socket, so a scan of closed ports leaves
      nothing here.
      """)

  @OptionGroup var range: RangeOptions
  @OptionGroup(title: "Global Options") var globalArguments: GlobalArguments
  @OptionGroup var filterArguments: FilterArguments

  private var global: GlobalOptions { globalArguments.options }

  func run() throws {
    let names = Names()
    let filter = try filterArguments.filter(names)
    var query = LifeQuery()
    (query.since, query.until) = try range.range(global)
    query.condition = filter.matchesEverything ? nil : try filter.sql()
    query.attemptsOnly = true
    try global.checkColumns(BlockedRow.self)
    let history = try global.openHistory()
    var tally = BlockedTally()
    try history.snapshot { () throws in
      try history.lives(query) { (life: Life) throws(Never) in
        tally.add(life)
        return true
      }
    }
    let uses = tally.uses
    let output = StandardOutput.standard()
    var printer = try RowPrinter<BlockedRow>(options: global.output, to: output)
    try printer.print(uses.prefix(range.limit ?? .max).map { BlockedRow(names: names, use: $0) })
    try output.flush()
    try remarkUnseen(history, uses, query)
    try global.remarkGaps(history, since: query.since, until: query.until, protos: filter.protos)
  }

  /// Says what can be missing from the answer that no gap tells of.
  private func remarkUnseen(_ history: HistoryReader, _ uses: [BlockedUse], _ query: LifeQuery) throws {
    guard !global.quiet, try history.sampled() != nil else { return }
    if try history.isUntraced(since: query.since, until: query.until) {
      global.remark(
        "recorded without the kernel's trace: refused and unreachable attempts were not seen (sudo connwatch record sees them)"
      )
    }
    if !uses.contains(where: { $0.direction == .inbound }) {
      global.remark(
        "a SYN to a port on which nobody listens makes no socket: a scan of closed ports is not seen")
    }
  }
}
