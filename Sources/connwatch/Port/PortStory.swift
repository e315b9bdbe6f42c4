// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore

/// What is known of a port, told to a person: sentences, and tables where there is much of a kind.
struct PortStory {
  let report: PortReport
  let names: Names
  let global: GlobalOptions
  let options: OutputOptions
  /// How many hosts are told in each direction.
  let peers: Int

  private var port: UInt16 { report.question.port }

  /// Writes all of it.
  func write(to output: StandardOutput) throws {
    try say(identity() + risks(), to: output)
    if let moment = report.moment {
      try output.write("\n")
      try say(MomentStory(report: report, moment: moment, names: names, global: global).sentences, to: output)
      return
    }
    if report.tellsOwn {
      try output.write("\n")
      try say(present(), to: output)
    }
    guard let past = report.past else { return }
    if let own = past.own {
      try writeHolders(past, own, to: output)
      try writeUse(own, of: nil, to: output)
    }
    for (host, use) in past.evidence {
      try writeHolders(use, of: host, to: output)
      try writeUse(use, of: host, to: output)
    }
    if case .named(let host) = report.hosts, past.evidence.isEmpty {
      try output.write("\n")
      try say(["On \(HostileText.escaped(host)) no socket with that port is known."], to: output)
    }
  }

  /// A paragraph of each sentence, and a blank line after them.
  private func say(_ sentences: [String], to output: StandardOutput) throws {
    for sentence in sentences { try output.write(Prose.wrapped(sentence, width: options.width, indent: 2)) }
  }

  // MARK: - What it is

  private func identity() -> [String] {
    var sentences: [String] = []
    var told: [(transports: [Transport], words: String)] = []
    for transport in report.question.transports {
      let words = Self.words(report.known.first { $0.transport == transport })
      if let place = told.firstIndex(where: { $0.words == words }) {
        told[place].transports.append(transport)
      } else {
        told.append(([transport], words))
      }
    }
    for (transports, words) in told {
      let places = Prose.list(transports.map { "\(port)/\($0.name)" })
      sentences.append("\(places): \(words)")
    }
    if report.tellsOwn, report.clientPorts.contains(port) {
      let range = report.clientPorts.ports
      sentences.append(
        "The kernel gives \(range.lowerBound) to \(range.upperBound) to clients, so whoever asks next may have it."
      )
    }
    return sentences
  }

  private static func words(_ known: KnownPort?) -> String {
    guard let known else { return "no name that we know of." }
    let name = HostileText.escaped(known.name)
    let aliases = known.aliases.filter { $0 != known.registeredName }.map(HostileText.escaped)
    var words = name
    if let registered = known.registeredName, registered != known.name {
      words += ", registered as \(registered)"
    } else if known.registeredName == nil {
      words += known.description == nil ? ", by /etc/services" : ", by custom and not registered"
    } else {
      words = "registered as \(name)"
    }
    if !aliases.isEmpty { words += " (also \(Prose.list(aliases)))" }
    return words + (known.description.map { ". \($0)." } ?? ".")
  }

  private func risks() -> [String] {
    var told: [String] = []
    for transport in report.question.transports {
      guard let risk = report.risk(transport) else { continue }
      let isHeld = report.live.contains { $0.isListener && $0.listener.proto.transport == transport }
      told.append("Risk\(isHeld ? "" : ", were it served"): \(risk) (\(transport.name)).")
    }
    return told
      + report.question.transports.flatMap(report.mismatches).map { "Note: \(HostileText.escaped($0))." }
  }

  // MARK: - Now

  private func present() -> [String] {
    var sentences = report.live.map(sentence)
    if sentences.isEmpty {
      let what = report.question.transports.count == 1 ? report.question.text : "\(port)"
      sentences.append("Now: nobody listens on \(what).")
    }
    let shown = report.liveClients.prefix(PortUse.mostClients)
    for row in shown {
      let place = "\(Self.end(row.socket.local)) to \(Self.end(row.socket.remote))"
      sentences.append(
        "Now: \(Self.who(row.owner, user: names.user(row.socket.uid))) has it for a connection from \(place), \(row.socket.state.name)\(since(row.firstSeen))."
      )
    }
    let rest = report.liveClients.count - shown.count
    if rest > 0 { sentences.append("Now: \(Prose.count(rest, "more connection")) of that kind.") }
    return sentences
  }

  private func sentence(_ held: PortReport.LiveHolder) -> String {
    let listener = held.listener
    let address = listener.address.isV4 ? "\(listener.address)" : "[\(listener.address)]"
    var words =
      "Now: \(Self.who(listener.owner, user: names.user(held.uid))) "
      + (held.isListener ? "listens on" : "is bound to") + " \(address):\(port)/\(listener.proto.name)"
    if listener.isV6Only == false { words += " and IPv4 too" }
    if held.sockets > 1 { words += " by \(held.sockets) sockets" }
    switch listener.exposure {
    case .loopback: words += ", reachable from this machine alone"
    case .lan: words += ", reachable from the local network"
    case .any: words += ", reachable from anywhere"
    }
    words += since(held.firstSeen)
    guard let judgement = held.judgement else { return words + "." }
    if held.lacksPolicy { return words + "; policy: none yet." }
    let reason = judgement.reason.map { ": \(HostileText.escaped($0))" } ?? ""
    return words + "; policy: \(judgement.verdict.rawValue)\(reason)."
  }

  private func since(_ moment: Timestamp?) -> String {
    moment.map { ", since \(global.text($0))" } ?? ""
  }

  /// `sshd (pid 812, user root, unit ssh.service)`.
  static func who(_ owner: SocketOwner, user: String?) -> String {
    guard let process = owner.process else {
      let why = owner.whyUnknown.map { " (\($0.rawValue))" } ?? ""
      return user.map { "somebody of user \(HostileText.escaped($0))\(why)" } ?? "somebody unknown\(why)"
    }
    var facts = ["pid \(process.pid)"]
    if let user { facts.append("user \(user)") }
    if let unit = process.unit { facts.append("unit \(unit)") }
    if let container = process.container { facts.append("container \(container.prefix(12))") }
    if owner.others > 0 { facts.append(Prose.count(owner.others, "more process", "more processes")) }
    return HostileText.escaped("\(process.name) (\(facts.joined(separator: ", ")))")
  }

  /// An end, with a name where that was all there was of its address.
  static func end(_ end: Endpoint, name: String?) -> String {
    name.map { "\(HostileText.escaped($0)):\(end.port)" } ?? Self.end(end)
  }

  static func end(_ end: Endpoint) -> String {
    end.address.isV4 ? "\(end.address):\(end.port)" : "[\(end.address)]:\(end.port)"
  }

  // MARK: - Before

  private func writeHolders(_ past: PortPast, _ own: PortUse, to output: StandardOutput) throws {
    try output.write("\n")
    guard !own.holders.holders.isEmpty else {
      let range = past.watched.map { " from \(global.text($0.lowerBound)) to \(global.text($0.upperBound))" }
      return try say(["Holders: none was seen to listen on it\(range ?? "")."], to: output)
    }
    try writeHolders(report.holderRows(names), forgotten: own.holders.forgotten, "Holders", to: output)
  }

  private func writeHolders(_ use: PortUse, of host: String, to output: StandardOutput) throws {
    guard !use.holders.holders.isEmpty else { return }
    try output.write("\n")
    try writeHolders(
      report.holderRows(use, of: host, names), forgotten: use.holders.forgotten,
      "Holders on \(HostileText.escaped(host))", to: output)
  }

  private func writeHolders(
    _ rows: [PortRow], forgotten: Int, _ title: String, to output: StandardOutput
  ) throws {
    let sockets = rows.filter { $0.kind == .holder }
    let hidden = forgotten + max(0, rows.count - Self.mostHolders)
    let more = hidden > 0 ? ", the latest of \(Prose.count(rows.count + forgotten, "line"))" : ""
    let programs = Set(sockets.map { $0.owner?.process?.exe ?? $0.owner?.process?.name ?? "?" })
    try say(["\(title): \(Prose.count(programs.count, "program"))\(more)."], to: output)
    try table(PortRow.holders, Array(rows.suffix(Self.mostHolders)), to: output)
  }

  private static let mostHolders = 40

  /// Who used it and as what, here or on another host.
  private func writeUse(_ use: PortUse, of host: String?, to output: StandardOutput) throws {
    try writePeers(use, .inbound, of: host, to: output)
    try writePeers(use, .outbound, of: host, to: output)
    try writeClients(use, of: host, to: output)
  }

  private func writePeers(
    _ use: PortUse, _ direction: Direction, of host: String?, to output: StandardOutput
  ) throws {
    let here = host.map { "on \(HostileText.escaped($0))" }
    for transport in report.question.transports {
      guard let tally = use.tally(direction, transport), !tally.isEmpty else { continue }
      try output.write("\n")
      let hosts = (tally.isPartial ? "more than " : "") + Prose.count(tally.hosts, "host")
      // Nobody knows which of those that were imported go on.
      let counts =
        Prose.count(tally.connections, "connection") + (host == nil ? ", \(tally.open) open" : "")
      let place = "\(port)/\(transport.name)"
      let words =
        direction == .inbound
        ? "Who connected to \(place) \(here ?? "here"): \(counts), from \(hosts)"
        : "Whose \(place) was used \(here ?? "from here"): \(counts), to \(hosts)"
      let more = tally.hosts > peers ? "; the \(peers) with the most" : ""
      try say(["\(words)\(more)."], to: output)
      let rows = report.peerRows(use, direction, peers, of: host).filter { $0.proto == transport.name }
      let columns = PortRow.peers.filter { host == nil || $0.field != .open }
      try table(columns, rows, to: output)
    }
  }

  private func writeClients(_ use: PortUse, of host: String?, to output: StandardOutput) throws {
    guard use.clientCount > 0 else { return }
    try output.write("\n")
    let more = use.clientCount > use.clients.count ? "; the latest \(use.clients.count)" : ""
    let place = host.map { " on \(HostileText.escaped($0))" } ?? ""
    let count = Prose.count(use.clientCount, "connection")
    try say(["As a client's port it was used\(place) by \(count)\(more)."], to: output)
    try table(PortRow.connections, report.clientRows(use, names), to: output)
  }

  private func table(_ columns: [TableColumn<PortRow.Field>], _ rows: [PortRow], to output: StandardOutput)
    throws
  {
    var printer = try RowPrinter<PortRow>(table: columns, options: options, to: output)
    try printer.print(rows)
  }
}
