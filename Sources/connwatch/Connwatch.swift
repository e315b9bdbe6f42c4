// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CTerminal
import ConnCore
import ConnStore
@preconcurrency import Glibc

/// The program: words in, exit status out.
@main
struct Connwatch: ParsableCommand {
  /// The version, as `-V` and the history have it.
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "connwatch",
    abstract: "netstat with a memory: sockets now, and every connection there was.",
    usage: "connwatch [COMMAND] [OPTIONS] [FILTER…]",
    discussion: """
      Without a command it lists the sockets that are open now. To remember, leave
      a recorder running:

        sudo connwatch record &          keep the history of this machine
        sudo connwatch live              watch them come and go, and go back in time
        connwatch -tulpn                 who listens, as with netstat and ss
        connwatch history dport = :443   connections to port 443, newest first
        connwatch services               local ports and the services they used
        connwatch blocked                what never got through, by program
        connwatch list --at 03:14        the table as it stood at 03:14
        connwatch listeners --check      exit status 1 for an unexpected listener

      FILTER is ss's: state established, dst 10.0.0.0/8:443, process curl. The
      grammar is in connwatch list --help, the options in connwatch COMMAND --help,
      everything in man connwatch. connwatch -V prints the version.

      Exit status: 0 fine, 1 --check found something, 2 wrong usage or failure.
      """,
    subcommands: [
      ListCommand.self, LiveCommand.self, RecordCommand.self, HistoryCommand.self, EventsCommand.self,
      ServicesCommand.self,
      BlockedCommand.self, ListenersCommand.self, PortCommand.self, ExplainCommand.self, ImportCommand.self,
      DiffCommand.self, DatabaseCommand.self,
    ],
    defaultSubcommand: ListCommand.self,
    helpNames: [.short, .long])

  static func main() {
    signal(SIGPIPE, SIG_IGN)
    // Nobody's history is everybody's business: what is made is closed to others, whatever the umask was.
    umask(0o027)
    Glibc.exit(run(arguments()))
  }

  /// The words after the program's name. CommandLine would read them from /proc, and have none where that is not mounted.
  private static func arguments() -> [String] {
    let count = ctm_argument_count()
    guard count > 0 else { return Array(CommandLine.arguments.dropFirst()) }
    return (1..<max(1, count)).map { String(cString: ctm_argument($0)) }
  }

  /// Runs one command line and returns the exit status.
  static func run(_ arguments: [String]) -> Int32 {
    do {
      let words = try ArgumentOrder.commandFirst(arguments)
      if words == ["--version"] {
        try say("connwatch \(version)")
        return 0
      }
      if words.first == "list", let listing = Listing(plain: words.dropFirst()) {
        try listing.run()
        return 0
      }
      let packed = FilterBundle.packed(words)
      var command = try direct(packed) ?? parseAsRoot(packed)
      try command.run()
      return 0
    } catch {
      return report(error)
    }
  }

  /// Parses the words of a command by that command alone, which costs half of what the way from the root does;
  /// nil where they are not right or ask for help: the root then says it with the whole command's name.
  private static func direct(_ words: [String]) -> (any ParsableCommand)? {
    let rest = Array(words.dropFirst())
    switch words.first {
    case "list": return try? ListCommand.parse(rest)
    case "live": return try? LiveCommand.parse(rest)
    case "record": return try? RecordCommand.parse(rest)
    case "history": return try? HistoryCommand.parse(rest)
    case "events": return try? EventsCommand.parse(rest)
    case "services": return try? ServicesCommand.parse(rest)
    case "blocked": return try? BlockedCommand.parse(rest)
    case "explain": return try? ExplainCommand.parse(rest)
    default: return nil
    }
  }

  /// Tells what went wrong, on standard error, and gives the exit status for it.
  private static func report(_ error: any Error) -> Int32 {
    switch error {
    case OutputError.brokenPipe: return 0
    case let code as ExitCode: return code.rawValue
    case let error as FilterError:
      complain("\(error)")
      if !error.pointer.isEmpty { fputs(error.pointer + "\n", stderr) }
      return 2
    case is Failure, is StoreError, is OutputError, is ColumnError, is UnreadableText:
      complain("\(error)")
      return 2
    default: break
    }
    if exitCode(for: error) == .success {
      // Help and the like, asked for: data, so it goes to standard output.
      do { try say(fullMessage(for: error)) } catch { return report(error) }
      return 0
    }
    complain(message(for: error))
    fputs("Usage: see connwatch --help, or connwatch COMMAND --help\n", stderr)
    return 2
  }

  /// Writes a text that somebody asked for to standard output.
  private static func say(_ text: String) throws(OutputError) {
    let output = StandardOutput.standard()
    try output.write(text + "\n")
    try output.flush()
  }

  /// Writes `connwatch: what: why (hint)` to standard error.
  static func complain(_ message: String) { fputs("connwatch: \(HostileText.escaped(message))\n", stderr) }
}

/// Why a command could not do what it was asked for.
struct Failure: Error, CustomStringConvertible {
  /// `what: why (hint)`.
  var description: String

  init(_ description: String) { self.description = description }
}
