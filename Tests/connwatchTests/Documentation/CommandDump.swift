// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

@testable import connwatch

/// What the program says of its own command line: `connwatch --experimental-dump-help`.
struct CommandDump: Decodable {
  /// An option, a flag or an argument.
  struct Argument: Decodable {
    struct Name: Decodable {
      var kind: String
      var name: String
      /// As it is typed: `-t`, `--since`.
      var typed: String { (kind == "long" ? "--" : "-") + name }
    }
    var kind: String
    var shouldDisplay: Bool
    var sectionTitle: String?
    var names: [Name]?
    var valueName: String?

    var isOption: Bool { kind != "positional" }
    var takesValue: Bool { kind == "option" }
    var typed: [String] { (names ?? []).map(\.typed) }
  }

  /// A command with its subcommands.
  struct Command: Decodable {
    var commandName: String
    var shouldDisplay: Bool?
    var discussion: String?
    var subcommands: [Command]?
    var arguments: [Argument]?

    /// Subcommands that users are told of.
    var shown: [Command] { (subcommands ?? []).filter { $0.shouldDisplay != false } }
    /// Options that users are told of; a subcommand they are not told of is what the command itself does.
    var options: [Argument] {
      let hidden = (subcommands ?? []).filter { $0.shouldDisplay == false }.flatMap { $0.arguments ?? [] }
      return ((arguments ?? []) + hidden).filter { $0.isOption && $0.shouldDisplay }
    }
  }

  var command: Command

  /// The program's.
  static func load() throws -> Command {
    try JSONDecoder().decode(CommandDump.self, from: Data(Connwatch._dumpHelp().utf8)).command
  }
}
