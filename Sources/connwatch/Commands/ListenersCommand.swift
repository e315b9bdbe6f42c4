// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConnCore
import ConnStore
@preconcurrency import Glibc
import ProcNet

/// `connwatch listeners`: who listens, and whether they should.
struct ListenersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "listeners", abstract: "Listening ports against the expected set.",
    usage: """
      connwatch listeners [--check] [--expected PATH] [OPTIONS]
      connwatch listeners accept|forget [OPTIONS] PORT…|--all
      """,
    discussion: """
      Examples:
        connwatch listeners                     each listener with its status
        sudo connwatch listeners accept --all   expect what listens now
        sudo connwatch listeners accept 22 53/udp
        connwatch listeners --check             only what should not be there

      --check exits with status 1 where there is any such. The options that every
      command has, such as --json and -q, are listed by connwatch list --help.

      Status:
        expected   a rule allows it
        new        nothing is expected on its port
        changed    another program is expected there
        widened    more can reach it than is expected: any address, not loopback
        gone       expected, and not there (--check does not mind)

      A restart of the same program changes nothing. UDP counts as listening outside
      the ports that the kernel gives to clients.

      A rule is a line of text, protocol scope port program, such as
      tcp any 22 /usr/sbin/sshd. Rules are read from /etc/connwatch/expected, which
      connwatch never writes, and from the file 'expected' beside the database, which
      accept and forget write; --expected PATH names a file instead of both.
      """,
    subcommands: [Show.self, Accept.self, Forget.self], defaultSubcommand: Show.self)

  /// The listeners with their verdicts.
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "Each listener with its status.", shouldDisplay: false)

    @Flag(help: "Only what should not be there; exit status 1 if there is any.")
    var check = false

    @OptionGroup var place: ExpectedPlace
    @OptionGroup(title: "Global Options") var globalArguments: GlobalArguments

    private var global: GlobalOptions { globalArguments.options }

    func run() throws {
      let names = Names()
      try global.checkColumns(ListenerRow.self)
      let set = ExpectedSet(try place.rules(global))
      let memory = try ListenerMemory(global)
      let listeners = try Listener.all(global, names)
      var rows = listeners.map { listener in
        let seen = memory.seen(listener)
        return ListenerRow(
          verdict: set.verdict(listener), listener: listener, expectedProgram: nil,
          service: names.services.name(listener.port, listener.proto.transport), firstSeen: seen?.first,
          lastSeen: seen?.last)
      }
      rows += set.missing(listeners).map { rule in
        ListenerRow(
          verdict: .gone,
          listener: Listener(
            proto: rule.proto, address: rule.scope.representative(rule.proto), port: rule.port,
            owner: .notLookedUp),
          expectedProgram: rule.program, service: names.services.name(rule.port, rule.proto.transport),
          firstSeen: nil, lastSeen: nil)
      }
      let isAmiss = rows.contains { $0.verdict.isFinding }
      if check { rows.removeAll { !$0.verdict.isFinding } }
      let output = StandardOutput.standard()
      if !check || isAmiss || global.json {
        var printer = try RowPrinter<ListenerRow>(options: global.output, to: output)
        try printer.print(rows)
      }
      try output.flush()
      if set.rules.isEmpty, !rows.isEmpty {
        global.remark(
          "no expected set yet, so everything is new (connwatch listeners accept --all begins one)")
      }
      if check && isAmiss { throw ExitCode(1) }
    }
  }

  /// `listeners accept`.
  struct Accept: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "accept", abstract: "Expect what listens now, on these ports or on all.",
      usage: "connwatch listeners accept [OPTIONS] PORT…|--all",
      discussion: """
        Each rule that is added is printed. What was expected on its port before, and
        is not there any more, is not expected then.
        """)

    @OptionGroup var choice: PortChoice
    @OptionGroup var place: ExpectedPlace
    @OptionGroup(title: "Global Options") var globalArguments: GlobalArguments

    private var global: GlobalOptions { globalArguments.options }

    func run() throws {
      let wanted = try choice.words()
      let listeners = try Listener.all(global, Names())
      for word in wanted where !listeners.contains(where: { word.matches($0.proto, $0.port) }) {
        throw Failure("nothing listens on \(word.text) (connwatch listeners shows what does)")
      }
      let chosen = listeners.filter { listener in
        choice.all || wanted.contains { $0.matches(listener.proto, listener.port) }
      }
      let hidden = chosen.count { $0.program == nil }
      let file = try place.file(global)
      var set = ExpectedSet(try file.read())
      let added = set.accept(chosen)
      try file.write(set.rules)
      try ListenersCommand.tell(added, mark: "+", file, global)
      if hidden > 0 {
        global.remark(
          "\(hidden) of them are accepted for any program: their owner cannot be seen (run it as root for more)"
        )
      }
    }
  }

  /// `listeners forget`.
  struct Forget: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "forget", abstract: "Expect these ports no more.",
      usage: "connwatch listeners forget [OPTIONS] PORT…|--all",
      discussion: "Each rule that is taken out is printed.")

    @OptionGroup var choice: PortChoice
    @OptionGroup var place: ExpectedPlace
    @OptionGroup(title: "Global Options") var globalArguments: GlobalArguments

    private var global: GlobalOptions { globalArguments.options }

    func run() throws {
      let wanted = try choice.words()
      let file = try place.file(global)
      var set = ExpectedSet(try file.read())
      for word in wanted where !set.rules.contains(where: { word.matches($0.proto, $0.port) }) {
        throw Failure("nothing is expected on \(word.text) in \(file.path)")
      }
      let removed = set.forget { rule in
        choice.all || wanted.contains { $0.matches(rule.proto, rule.port) }
      }
      try file.write(set.rules)
      try ListenersCommand.tell(removed, mark: "-", file, global)
    }
  }

  private static func tell(
    _ rules: [ExpectedRule], mark: String, _ file: ExpectedFile, _ global: GlobalOptions
  ) throws {
    if global.quiet { return }
    let output = StandardOutput.standard()
    for rule in rules { try output.write("\(mark) \(rule.line)\n") }
    if rules.isEmpty { try output.write("nothing to change in \(HostileText.escaped(file.path))\n") }
    try output.flush()
  }

  /// Which ports are meant: some, or all.
  struct PortChoice: ParsableArguments {
    @Argument(help: ArgumentHelp("Such as 22, which is both tcp and udp, or 53/udp.", valueName: "port"))
    var ports: [String] = []

    @Flag(help: "Every one there is.")
    var all = false

    func validate() throws {
      if all == !ports.isEmpty { throw ValidationError("say which: ports such as 22 or 53/udp, or --all") }
    }

    /// The ports, read.
    func words() throws(Failure) -> [PortWord] {
      var words: [PortWord] = []
      for port in ports { words.append(try PortWord(port)) }
      return words
    }
  }

  /// Where the expected set is.
  struct ExpectedPlace: ParsableArguments {
    @Option(help: ArgumentHelp("The file of rules, instead of the usual two.", valueName: "path"))
    var expected: String?

    /// Every rule that holds.
    func rules(_ global: GlobalOptions) throws -> Set<ExpectedRule> {
      if expected != nil { return try file(global).read() }
      return try ExpectedFile(path: ExpectedFile.system).read().union(try file(global).read())
    }

    /// The file that accept and forget write.
    func file(_ global: GlobalOptions) throws -> ExpectedFile {
      if let expected { return ExpectedFile(path: expected) }
      let facts = DatabasePath.Facts.look(option: global.db)
      let database = try DatabasePath.toRead(facts) ?? DatabasePath.toWrite(facts)
      return ExpectedFile(path: DatabasePath.parent(of: database) + "/expected")
    }
  }
}

/// A port as it is named on the command line: `22`, `53/udp`.
struct PortWord {
  let text: String
  private let port: UInt16
  private let transport: Transport?

  init(_ text: String) throws(Failure) {
    self.text = HostileText.escaped(text)
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    transport = parts.count > 1 ? Transport.allCases.first { $0.name == parts[1] } : nil
    guard let port = UInt16(parts[0]), port > 0, parts.count == 1 || transport != nil else {
      throw Failure("\"\(self.text)\" is not a port (22, 53/udp)")
    }
    self.port = port
  }

  func matches(_ proto: Proto, _ port: UInt16) -> Bool {
    port == self.port && (transport == nil || proto.transport == transport)
  }
}

extension ExpectedRule.Scope {
  /// An address that stands for the scope.
  func representative(_ proto: Proto) -> IPAddress {
    switch self {
    case .any: proto.isV6 ? .anyV6 : .anyV4
    case .loopback: proto.isV6 ? IPAddress(high: 0, low: 1) : IPAddress(v4: 0x7F00_0001)
    case .address(let address): address
    }
  }
}

extension Listener {
  /// The listeners of this moment, those of one program at one address as one.
  static func all(_ global: GlobalOptions, _ names: Names) throws -> [Listener] {
    var live = LiveTable(global: global, names: names)
    live.looksUpHistory = false
    live.onlyListeners = true
    let rows = try live.rows(.all, filter: .everything)
    var seen: Set<ExpectedRule> = []
    var listeners: [Listener] = []
    for row in rows {
      let listener = Listener(
        proto: row.socket.proto, address: row.socket.local.address, port: row.socket.local.port,
        owner: row.owner)
      var key = ExpectedRule(listener)
      key.scope = .address(listener.address)
      if seen.insert(key).inserted { listeners.append(listener) }
    }
    return listeners.sorted {
      ($0.port, $0.proto.rawValue, $0.address) < ($1.port, $1.proto.rawValue, $1.address)
    }
  }
}

/// Since when listeners have been seen, from the history where there is one.
private struct ListenerMemory {
  private struct Key: Hashable {
    var proto: Proto
    var local: Endpoint
    var program: String?
  }

  private var spans: [Key: (first: Timestamp, last: Timestamp)] = [:]

  init(_ global: GlobalOptions) throws {
    guard let history = try global.openHistoryIfAny() else { return }
    var query = LifeQuery()
    query.roles = [.listener]
    for life in try history.lives(query) as [Life] {
      let process = life.owner.process
      let key = Key(proto: life.proto, local: life.local, program: process.map { $0.exe ?? $0.name })
      let span = spans[key]
      spans[key] = (
        first: min(span?.first ?? life.firstSeen, life.firstSeen),
        last: max(span?.last ?? life.lastSeen, life.lastSeen)
      )
    }
  }

  func seen(_ listener: Listener) -> (first: Timestamp, last: Timestamp)? {
    spans[
      Key(
        proto: listener.proto, local: Endpoint(listener.address, listener.port), program: listener.program)]
  }
}
