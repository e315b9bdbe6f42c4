// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConnCore
import ConnStore
import ProcNet

/// `connwatch list`: the sockets that are open.
struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Sockets open now, or at a moment of the past.",
    usage: "connwatch list [OPTIONS] [FILTER…]",
    discussion: """
      Examples:
        connwatch -tulpn                         who listens
        connwatch list state established         connections
        connwatch list dst 10.0.0.0/8:443 and not process curl
        connwatch list -i dport = :443           bytes and round-trip times
        sudo connwatch list --netns all -l       who listens, in every container too
        connwatch list --at 03:14 direction in   who was connected to us at 03:14
        connwatch list --json | jq .process.name

      Without -l or -a everything is shown. Where the owner of a socket cannot be
      told, the reason is shown in parentheses.


      """ + Filter.grammar)

  @OptionGroup var sockets: SocketOptions
  @OptionGroup(title: "Global Options") var global: GlobalOptions
  @OptionGroup var filterArguments: FilterArguments

  @Option(
    help: ArgumentHelp(
      "The table as it stood then, from history: 03:14, -2h, 2026-01-01T10:00:00Z.", valueName: "time"))
  var at: String?

  @Option(help: ArgumentHelp("Where sockets are read from: auto, proc or netlink.", valueName: "source"))
  var source = Source.auto

  @Option(
    help: ArgumentHelp(
      "The network namespace: self, all, a name (as ip netns has it), or a process in it.", valueName: "name")
  )
  var netns = "self"

  @Flag(name: [.short, .long], help: "What connections carried: bytes, round-trip times, retransmissions.")
  var info = false

  @Flag(help: "No owners and no history: the quickest.")
  var noOwners = false

  @Flag(name: [.customShort("s"), .long], help: "A summary of how many there are of each.")
  var summary = false

  func validate() throws {
    if source == .trace {
      throw ValidationError("--source trace: that is for record (list takes auto, proc or netlink)")
    }
  }

  func run() throws {
    let names = Names()
    let filter = try filterArguments.filter(names)
    if !summary { try global.checkColumns(ListRow.self) }
    var table: [ListRow]
    let selection = NetworkNamespaces.Selection(netns)
    if let at {
      table = try PastTable(global: global, names: names).rows(at: at, in: selection)
      let protos = sockets.protos
      table.removeAll { !protos.contains($0.socket.proto) || !isAsked($0) }
      if !filter.matchesEverything {
        table.removeAll {
          !filter.matches(
            FilterSubject($0.socket, role: $0.role, direction: $0.direction, owner: $0.owner))
        }
      }
    } else {
      let wantsMemory = !noOwners && !summary
      var live = LiveTable(global: global, names: names)
      live.looksUpOwners = !noOwners && !summary || filter.usesOwners
      live.looksUpHistory = wantsMemory
      live.source = source
      live.netns = selection
      if sockets.listening { live.states = LiveSource.listening }
      live.wantsTraffic = !summary && asksForTraffic
      table = try live.rows(sockets.protos, filter: filter, isAsked: isAsked)
    }
    let output = StandardOutput.standard()
    if summary {
      try Summary(table.map(\.socket)).print(global.output, to: output)
    } else {
      var options = global.output
      if global.resolve, options.format == .table {
        options.names = NameResolver().resolve(
          table.lazy.flatMap { [$0.socket.local.address, $0.socket.remote.address] })
      }
      var printer = try RowPrinter<ListRow>(
        table: ListRow.table(traffic: info, namespaces: selection == .all), options: options, to: output)
      try printer.print(table)
    }
    try output.flush()
  }

  private var asksForTraffic: Bool {
    info || global.output.columns?.contains { key in ListRow.traffic.contains { $0.rawValue == key } } == true
  }

  private func isAsked(_ row: ListRow) -> Bool { !sockets.listening || row.role == .listener }
}
