// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConnCore
import ConnStore
import ProcNet

/// `connwatch port`: one port's biography.
struct PortCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "port", abstract: "One port: what it is for, who has it, and everyone who ever had it.",
    usage: """
      connwatch port PORT [--at TIME] [OPTIONS]
      connwatch port --all [WORD] [OPTIONS]
      """,
    discussion: """
      Examples:
        connwatch port 22                       both transports of it
        connwatch port 53/udp --since yesterday
        connwatch port ssh                      by its name
        connwatch port 51234 --at '2026-01-01 10:00:03'
                                                whose client's port it was then
        connwatch port 1372 --host mirage       by what was imported for a host
        connwatch port --all --csv              every port that has a name
        connwatch port --all mail               those whose line has the word

      It tells what the port is registered for, what is to be minded of it, who holds
      it now and what the policy says, every holder there was with the gaps between
      them, and who used it. With --at it tells which sockets had it at that moment:
      several connections can have had one port, one after the other.
      What was imported for other hosts is told after that, host by host.
      The history is needed for all but the first of these. --limit is the number of
      hosts in each direction, 20 unless given.
      """)

  @Argument(help: ArgumentHelp("Such as 22, 53/udp or ssh.", valueName: "port"))
  var word: String?

  @Flag(help: "Every port that has a name, or those with a word in their line.")
  var all = false

  @Option(help: ArgumentHelp("Who had it at that moment.", valueName: "time"))
  var at: String?

  @OptionGroup var range: RangeOptions
  @OptionGroup var hosts: HostOptions
  @OptionGroup var place: ListenersCommand.ExpectedPlace
  @OptionGroup(title: "Global Options") var globalArguments: GlobalArguments

  private var global: GlobalOptions { globalArguments.options }

  func validate() throws {
    if !all, word == nil {
      throw ValidationError("port: which one? (connwatch port 22; --all for every one that has a name)")
    }
    if all, at != nil || range.since != nil || range.until != nil {
      throw ValidationError("--all is a list of names, which no time changes")
    }
    if all, hosts.host != nil {
      throw ValidationError("--all is a list of names, which no host changes: not with --host")
    }
    if place.expected != nil, all || at != nil {
      throw ValidationError("--expected is for what holds the port now: not with --all or --at")
    }
    if at != nil, range.since != nil || range.until != nil {
      throw ValidationError("--at is one moment, --since and --until are a range: not both")
    }
  }

  func run() throws {
    let names = Names()
    if all { return try printKnown(names) }
    let question = try PortQuestion(word ?? "", names.services)
    try global.checkColumns(PortRow.self)
    let now = SystemClock().now().wall
    let moment = try at.map { try global.time($0, now: now) }
    if let moment, moment > now { throw Failure("--at \(at ?? ""): that is in the future") }
    let (since, until) = try range.range(global)
    let hosts = hosts.choice
    var report = PortReport(question, of: hosts, names, EphemeralRange(reading: global.root), now: now)
    let needsNoHistory = moment == nil && hosts.includesOwn
    let history = needsNoHistory ? try global.openHistoryIfAny() : try global.openHistory()
    if let history { try hosts.check(history) }
    if needsNoHistory { try report.look(global, names, expected: place.expected) }
    if let history {
      try history.snapshot { () throws in
        if let moment {
          report.moment = try PortMoment(moment, question, zone: global.zone, of: hosts, history)
        } else {
          report.past = try PortPast(question, since: since, until: until, of: hosts, history)
        }
      }
    }
    try print(report, names)
    if let history, moment == nil {
      try global.remarkGaps(history, since: since, until: until, protos: question.protos, hosts: hosts)
    } else if history == nil {
      global.remark("no history yet: only this moment is known (connwatch record begins one)")
    }
  }

  private static let peers = 20

  private func print(_ report: PortReport, _ names: Names) throws {
    let output = StandardOutput.standard()
    let options = global.output
    let peers = range.limit ?? Self.peers
    if options.format == .table, options.columns == nil {
      let story = PortStory(report: report, names: names, global: global, options: options, peers: peers)
      try story.write(to: output)
    } else {
      var printer = try RowPrinter<PortRow>(options: options, to: output)
      try printer.print(report.rows(names, peers: peers))
    }
    try output.flush()
  }

  private func printKnown(_ names: Names) throws {
    try global.checkColumns(KnownPortRow.self)
    var ports = names.services.knownPorts
    if let word = word?.lowercased(), !word.isEmpty {
      ports.removeAll { known in
        let line = [known.name, known.registeredName, known.description].compactMap { $0 } + known.aliases
        return String(known.port) != word && !line.contains { $0.lowercased().contains(word) }
      }
    }
    let output = StandardOutput.standard()
    var printer = try RowPrinter<KnownPortRow>(options: global.output, to: output)
    try printer.print(ports.prefix(range.limit ?? .max).lazy.map(KnownPortRow.init))
    try output.flush()
  }
}
