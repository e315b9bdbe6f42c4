// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
import ProcNet

/// What `list` is asked for, and the way from there to rows.
struct Listing: PlainOptions, Equatable {
  var sockets = SocketOptions()
  var global = GlobalOptions()
  /// The filter.
  var words: [String] = []
  var at: String?
  var source = Source.auto
  var netns = "self"
  var info = false
  var noOwners = false
  var summary = false

  var conflict: String? {
    if source == .trace { return "--source trace: that is for record (list takes auto, proc or netlink)" }
    return sockets.conflict ?? global.conflict
  }

  func run() throws {
    let names = Names()
    let filter = try Filter(words, names)
    if !summary { try global.checkColumns(ListRow.self) }
    let selection = NetworkNamespaces.Selection(netns)
    let table = try at.map { try past($0, selection, filter, names) } ?? live(selection, filter, names)
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

  /// The rows of a moment of the past.
  private func past(
    _ at: String, _ selection: NetworkNamespaces.Selection, _ filter: Filter, _ names: Names
  ) throws -> [ListRow] {
    var table = try PastTable(global: global, names: names).rows(at: at, in: selection)
    let protos = sockets.protos
    table.removeAll { !protos.contains($0.socket.proto) || !isAsked($0) }
    if !filter.matchesEverything {
      table.removeAll {
        !filter.matches(FilterSubject($0.socket, role: $0.role, direction: $0.direction, owner: $0.owner))
      }
    }
    return table
  }

  /// The rows of this moment.
  private func live(
    _ selection: NetworkNamespaces.Selection, _ filter: Filter, _ names: Names
  ) throws -> [ListRow] {
    var live = LiveTable(global: global, names: names)
    live.looksUpOwners = !noOwners && !summary || filter.usesOwners
    live.looksUpHistory = !noOwners && !summary
    live.source = source
    live.netns = selection
    if sockets.listening { live.states = LiveSource.listening }
    live.wantsTraffic = !summary && asksForTraffic
    return try live.rows(sockets.protos, filter: filter, isAsked: isAsked)
  }

  private var asksForTraffic: Bool {
    info || global.columnKeys?.contains { key in ListRow.traffic.contains { $0.rawValue == key } } == true
  }

  private func isAsked(_ row: ListRow) -> Bool { !sockets.listening || row.role == .listener }
}

extension Listing {
  mutating func set(_ flag: String) -> Bool {
    switch flag {
    case "i", "info": info = true
    case "no-owners": noOwners = true
    case "s", "summary": summary = true
    default: return sockets.set(flag) || global.set(flag)
    }
    return true
  }

  mutating func set(_ option: String, to value: String) -> Bool {
    switch option {
    case "at": at = value
    case "netns": netns = value
    case "source":
      guard let choice = Source(rawValue: value) else { return false }
      source = choice
    default: return global.set(option, to: value)
    }
    return true
  }
}
