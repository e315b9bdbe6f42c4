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
      connwatch listeners [--check] [--learn DURATION] [OPTIONS]
      connwatch listeners accept|forget [OPTIONS] PORT…|--all
      """,
    discussion: """
      Examples:
        connwatch listeners                     each listener with its status
        sudo connwatch listeners accept --all   expect what listens now
        sudo connwatch listeners accept 22 53/udp
        connwatch listeners --check             only what should not be there
        connwatch listeners --check --learn 7d  besides what the first week had

      --check exits with status 1 where there is any such, and prints nothing where
      there is none. The options that every command has, such as --json and -q, are
      listed by connwatch list --help.

      Status:
        expected   a rule allows it
        new        nothing is expected on its port
        changed    another program, or another unit, is expected there
        widened    more can reach it than is expected: any address, not loopback
        gone       expected, and not there (--check does not mind)

      A restart of the same program changes nothing. UDP counts as listening outside
      the ports that the kernel gives to clients.

      A rule is a line of text, protocol scope port [unit=NAME] program, such as
      tcp any 22 unit=ssh.service /usr/sbin/sshd. Scope is any, v6only, loopback or
      an address; program is * for any. What is behind a # is a comment. Rules are
      read from /etc/connwatch/expected and from the file 'expected' beside the
      database; --expected PATH names a file instead of both. accept and forget
      write the second one, unless --file or --expected names another.
      """,
    subcommands: [Show.self, Accept.self, Forget.self], defaultSubcommand: Show.self)

  /// The listeners with their verdicts.
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "Each listener with its status.", shouldDisplay: false)

    @Flag(help: "Only what should not be there; exit status 1 if there is any.")
    var check = false

    @Flag(help: "Hidden sockets: compare /proc, sock_diag and attempts to bind each port.")
    var probe = false

    @OptionGroup var place: ExpectedPlace
    @OptionGroup var learning: LearnOption
    @OptionGroup(title: "Global Options") var globalArguments: GlobalArguments

    private var global: GlobalOptions { globalArguments.options }

    func run() throws {
      if probe { return try ListenerProbe(global: global, check: check).run() }
      let names = Names()
      try global.checkColumns(ListenerRow.self)
      let policy = try ListenerPolicy(global, expected: place.expected, learn: learning.learn)
      let memory = try ListenerMemory(global)
      let listeners = try Listener.all(global, names, tellsHidden: !check)
      var rows = rows(listeners, policy, memory, names)
      let isAmiss = rows.contains { $0.verdict.isFinding }
      if check { rows.removeAll { !$0.verdict.isFinding } }
      let output = StandardOutput.standard()
      if !check || isAmiss || global.json {
        let options = global.output
        var printer = try RowPrinter<ListenerRow>(options: options, to: output)
        try printer.print(rows)
        if options.format == .table, options.header, options.columns == nil {
          try output.write(ListenerRow.notes(rows))
        }
      }
      try output.flush()
      if let until = policy.learnsUntil {
        if !check {
          global.remark("learning until \(global.text(until)): everything that listens is expected")
        }
      } else if policy.set.isEmpty, !rows.isEmpty {
        global.remark(
          "no expected set yet, so everything is new (connwatch listeners accept --all begins one)")
      }
      if check && isAmiss { throw ExitCode(1) }
    }

    private func rows(
      _ listeners: [Listener], _ policy: ListenerPolicy, _ memory: ListenerMemory, _ names: Names
    ) -> [ListenerRow] {
      let present = listeners.map { listener in
        let seen = memory.seen(listener)
        return ListenerRow(
          judgement: policy.judge(listener), listener: listener, expectedProgram: nil,
          service: names.services.name(listener.port, listener.proto.transport), firstSeen: seen?.first,
          lastSeen: seen?.last)
      }
      return present + ListenerRow.missing(policy.set, beside: listeners, names.services)
    }
  }
}
