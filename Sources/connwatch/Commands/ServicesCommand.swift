// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConnCore
import ConnStore

/// `connwatch services`: which local ports talked to which remote services.
struct ServicesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "services", abstract: "Which local ports talked to which remote services.",
    usage: "connwatch services [OPTIONS] [FILTER…]",
    discussion: """
      Examples:
        connwatch services                 what this machine uses, busiest first
        connwatch services --since today process curl
        connwatch services direction in    what others use here

      A service is a transport, a port and a direction. Without 'direction' in the
      filter it is what was opened from here, so a connection over loopback counts
      once.
      """)

  @OptionGroup var range: RangeOptions
  @OptionGroup var hosts: HostOptions
  @OptionGroup(title: "Global Options") var globalArguments: GlobalArguments
  @OptionGroup var filterArguments: FilterArguments

  private var global: GlobalOptions { globalArguments.options }

  func run() throws {
    let names = Names()
    let filter = try filterArguments.filter(names)
    var query = LifeQuery()
    (query.since, query.until) = try range.range(global)
    query.condition = filter.matchesEverything ? nil : try filter.sql()
    query.hosts = hosts.choice
    let directions: Set<Direction> =
      filter.expression.mentionsDirection ? [.inbound, .outbound] : [.outbound]
    try global.checkColumns(ServiceRow.self)
    let history = try global.openHistory()
    try query.hosts.check(history)
    let uses = try history.snapshot { () throws(StoreError) in
      try history.services(query, directions: directions)
    }
    let output = StandardOutput.standard()
    var printer = try RowPrinter<ServiceRow>(options: global.output, to: output)
    let isTable = global.output.format == .table
    try printer.print(
      uses.prefix(range.limit ?? .max).map {
        ServiceRow(use: $0, name: names.services.name($0.port, $0.transport), isTable: isTable)
      })
    try output.flush()
    try global.remarkGaps(
      history, since: query.since, until: query.until, protos: filter.protos, hosts: query.hosts)
  }
}

extension FilterExpression {
  /// True where some part of it is about the direction.
  var mentionsDirection: Bool {
    switch self {
    case .all(let terms), .any(let terms): terms.contains { $0.mentionsDirection }
    case .test(.direction), .not(.direction): true
    case .test, .not: false
    }
  }
}
