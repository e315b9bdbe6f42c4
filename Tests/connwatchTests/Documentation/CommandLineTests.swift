// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import connwatch

/// Holds what puts a command line in order to the command line that there is, and help texts to a terminal.
struct CommandLineTests {
  private static func all(_ command: CommandDump.Command) -> [CommandDump.Command] {
    [command] + (command.subcommands ?? []).flatMap(all)
  }

  @Test
  func `Options with a value are known as such before they are parsed`() throws {
    let options = try Self.all(CommandDump.load()).flatMap { $0.arguments ?? [] }.filter(\.takesValue)
    #expect(Set(ArgumentOrder.valueOptions) == Set(options.flatMap(\.typed)))
  }

  @Test
  func `Commands are known as such before they are parsed`() throws {
    let commands = try CommandDump.load().shown
    let names = commands.map { ($0.commandName, Set($0.shown.map(\.commandName))) }
    var known = Dictionary(uniqueKeysWithValues: ArgumentOrder.commands.map { ($0.name, Set($0.seconds)) })
    // The parser library's own; what follows it are words that help is wanted for.
    #expect(known.removeValue(forKey: "help") == [])
    #expect(known == Dictionary(uniqueKeysWithValues: names.filter { $0.0 != "help" }))
  }

  @Test
  func `What history is grouped by is in its help`() throws {
    let history = try #require(CommandDump.load().shown.first { $0.commandName == "history" })
    for key in GroupRow.groupable { #expect(history.discussion?.contains(key.rawValue) == true, "\(key)") }
  }

  @Test
  func `Help texts fit a terminal of 80 columns`() throws {
    for command in try Self.all(CommandDump.load()) where command.commandName != "help" {
      for line in (command.discussion ?? "").split(separator: "\n") {
        #expect(line.count < 80, "\(command.commandName): \(line)")
      }
    }
  }
}
