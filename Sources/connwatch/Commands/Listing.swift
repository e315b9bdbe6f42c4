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
  /// As given with `--host`.
  var host: String?
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
    if let host, host != "self", at == nil {
      throw Failure("--host \(host): what was imported is of the past (--at says when; self is this machine)")
    }
    let names = Names()
    let filter = try Filter(words, names)
    if !summary { try global.checkColumns(ListRow.self) }
    let selection = NetworkNamespaces.Selection(netns)
    if let at {
      let rows = try past(at, selection, filter, names)
      return try show(rows, selection, hosts: rows.contains { $0.origin != nil })
    }
    let live = live(selection, filter, names)
    if live.looksUpOwners || live.looksUpHistory {
      try show(live.rows(sockets.protos, filter: filter), selection)
    } else {
      let namespaces = try live.read(sockets.protos, filter)
      if namespaces.count == 1 {
        try show(namespaces[0], selection)
      } else {
        try show(namespaces.joined(), selection)
      }
    }
  }

  private func show(
    _ rows: some Sequence<ListRow>, _ selection: NetworkNamespaces.Selection, hosts: Bool = false
  ) throws {
    let output = StandardOutput.standard()
    var options = global.output
    if summary {
      try Summary(rows).print(options, to: output)
    } else {
      if global.resolve, options.format == .table {
        options.names = NameResolver().resolve(
          rows.lazy.flatMap { [$0.socket.local.address, $0.socket.remote.address] }
            .filter { !$0.mayStandForName })
      }
      var printer = try RowPrinter<ListRow>(
        table: ListRow.table(traffic: info, namespaces: selection == .all, hosts: hosts), options: options,
        to: output)
      try printer.print(rows)
    }
    try output.flush()
  }

  /// The rows of a moment of the past.
  private func past(
    _ at: String, _ selection: NetworkNamespaces.Selection, _ filter: Filter, _ names: Names
  ) throws -> [ListRow] {
    var table = try PastTable(global: global, names: names).rows(
      at: at, in: selection, of: HostChoice(named: host)
    ).rows
    let protos = sockets.protos
    table.removeAll {
      !protos.contains($0.socket.proto) || (sockets.listening && $0.role != .listener)
    }
    if !filter.matchesEverything {
      table.removeAll {
        !filter.matches(FilterSubject($0.socket, role: $0.role, direction: $0.direction, owner: $0.owner))
      }
    }
    return table
  }

  /// What reads the rows of this moment.
  private func live(
    _ selection: NetworkNamespaces.Selection, _ filter: Filter, _ names: Names
  ) -> LiveTable {
    var live = LiveTable(global: global, names: names)
    live.looksUpOwners = !noOwners && !summary || filter.usesOwners
    live.looksUpHistory = !noOwners && !summary
    live.source = source
    live.netns = selection
    live.onlyListeners = sockets.listening
    live.wantsTraffic = !summary && asksForTraffic
    let showsLabel = global.json || global.csv || global.columns != nil
    live.wantsOwnLabel = live.looksUpHistory || (!summary && showsLabel)
    return live
  }

  private var asksForTraffic: Bool {
    info || global.columnKeys?.contains { key in ListRow.traffic.contains { $0.rawValue == key } } == true
  }
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
    case "host": host = value
    case "netns": netns = value
    case "source":
      guard let choice = Source(rawValue: value) else { return false }
      source = choice
    default: return global.set(option, to: value)
    }
    return true
  }
}
