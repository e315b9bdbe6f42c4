// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConnCore
import ConnStore
@preconcurrency import Glibc
import ProcNet

extension ListenersCommand {
  /// `listeners accept`.
  struct Accept: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "accept", abstract: "Expect what listens now, on these ports or on all.",
      usage: "connwatch listeners accept [OPTIONS] PORT…|--all",
      discussion: """
        Examples:
          sudo connwatch listeners accept 22 53/udp
          sudo connwatch listeners accept --all --file /etc/connwatch/expected
          connwatch listeners accept --all --file -    print the rules
          sudo connwatch listeners accept --learn 7d   keep what was learnt

        Each rule that is added is printed. What was expected on its port before, and
        is not there any more, is not expected then. Other lines of the file stay as
        they are, comments too.
        """)

    @OptionGroup var choice: PortChoice
    @OptionGroup var place: ExpectedPlace
    @OptionGroup var output: FileOption
    @OptionGroup var learning: LearnOption
    @OptionGroup(title: "Global Options") var globalArguments: GlobalArguments

    private var global: GlobalOptions { globalArguments.options }

    func validate() throws {
      try choice.check(learns: learning.learn != nil)
      try output.check(with: place)
    }

    func run() throws {
      let wanted = try choice.words()
      let past = try learning.learn.map { try ListenerPolicy.learning($0, global).listeners } ?? []
      let listeners = choice.all || !wanted.isEmpty ? try Listener.all(global, Names()) : []
      for word in wanted
      where !(listeners + past).contains(where: { word.matches($0.proto, $0.port) }) {
        throw Failure("nothing listens on \(word.text) (connwatch listeners shows what does)")
      }
      func isMeant(_ listener: Listener) -> Bool {
        wanted.isEmpty || wanted.contains { $0.matches(listener.proto, listener.port) }
      }
      let chosen = listeners.filter(isMeant)
      let others = try otherRules()
      // What another file expects needs no rule in this one.
      let other = ExpectedSet(others)
      let needed = chosen.filter { other.verdict($0) != .expected }
      let remembered = past.filter(isMeant)
      func accept(_ rules: inout Set<ExpectedRule>) -> [ExpectedRule] {
        var set = ExpectedSet(rules)
        let added = set.accept(needed)
        var both = ExpectedSet(set.rules.union(others))
        let learnt = both.learn(remembered)
        rules = set.rules.union(learnt)
        return (added + learnt).sorted()
      }
      if output.isStandardOutput {
        var rules: Set<ExpectedRule> = []
        _ = accept(&rules)
        try ListenersCommand.show(rules)
      } else {
        let file = try output.file ?? place.file(global)
        try ListenersCommand.tell(try file.change(accept), mark: "+", file, global)
      }
      let hidden = chosen.count { $0.program == nil }
      if hidden > 0 {
        global.remark(
          "\(hidden) of them are accepted for any program: their owner cannot be seen (run it as root for more)"
        )
      }
    }

    /// The rules that hold besides those of the file that is written.
    private func otherRules() throws(Failure) -> Set<ExpectedRule> {
      if place.expected != nil || output.path != nil { return [] }
      return try ExpectedFile(path: ExpectedFile.system).read()
    }
  }

  /// `listeners forget`.
  struct Forget: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "forget", abstract: "Expect these ports no more.",
      usage: "connwatch listeners forget [OPTIONS] PORT…|--all",
      discussion: "Each rule that is taken out is printed. Other lines stay as they are.")

    @OptionGroup var choice: PortChoice
    @OptionGroup var place: ExpectedPlace
    @OptionGroup var output: FileOption
    @OptionGroup(title: "Global Options") var globalArguments: GlobalArguments

    private var global: GlobalOptions { globalArguments.options }

    func validate() throws {
      try choice.check()
      try output.check(with: place)
      if output.isStandardOutput { throw ValidationError("--file -: rules are forgotten in a file") }
    }

    func run() throws {
      let wanted = try choice.words()
      let file = try output.file ?? place.file(global)
      let removed = try file.change(makesDirectory: false) { rules throws(Failure) in
        var set = ExpectedSet(rules)
        for word in wanted where !rules.contains(where: { word.matches($0.proto, $0.port) }) {
          throw Failure("nothing is expected on \(word.text) in \(file.path)")
        }
        let removed = set.forget { rule in
          choice.all || wanted.contains { $0.matches(rule.proto, rule.port) }
        }
        rules = set.rules
        return removed
      }
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

  /// Prints a file of rules.
  private static func show(_ rules: Set<ExpectedRule>) throws {
    let output = StandardOutput.standard()
    try output.write(ExpectedFile.header)
    for rule in rules.sorted() { try output.write(rule.line + "\n") }
    try output.flush()
  }

  /// Which ports are meant: some, or all.
  struct PortChoice: ParsableArguments {
    @Argument(help: ArgumentHelp("Such as 22, which is both tcp and udp, or 53/udp.", valueName: "port"))
    var ports: [String] = []

    @Flag(help: "Every one there is.")
    var all = false

    /// - Parameter learns: what was learnt is meant, where nothing else is.
    func check(learns: Bool = false) throws {
      if all == !ports.isEmpty, !learns || all {
        throw ValidationError("say which: ports such as 22 or 53/udp, or --all")
      }
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

    /// The file that accept and forget write.
    func file(_ global: GlobalOptions) throws -> ExpectedFile {
      ExpectedFile(path: try expected ?? ListenerPolicy.besideDatabase(global))
    }
  }

  /// Which file is written.
  struct FileOption: ParsableArguments {
    @Option(
      name: .customLong("file"),
      help: ArgumentHelp("The file to write, - for standard output.", valueName: "path"))
    var path: String?

    var isStandardOutput: Bool { path == "-" }
    var file: ExpectedFile? { path.map { ExpectedFile(path: $0) } }

    func check(with place: ExpectedPlace) throws {
      if path != nil, place.expected != nil {
        throw ValidationError("--file and --expected exclude each other")
      }
    }
  }

  /// What is learnt from the history.
  struct LearnOption: ParsableArguments {
    @Option(
      help: ArgumentHelp("What listened so long from the history's start is expected.", valueName: "duration")
    )
    var learn: String?
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
