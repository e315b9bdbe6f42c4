// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import connwatch

struct ArgumentOrderTests {
  @Test(
    arguments: [
      // No command: the list.
      ([], ["list"]),
      (["-tulpn"], ["list", "-tulpn"]),
      (["--json"], ["list", "--json"]),
      (["-t", "-l", "--db", "X"], ["list", "-t", "-l", "--db=X"]),
      (["--at", "-2h"], ["list", "--at=-2h"]),
      // A filter with no command before it.
      (["state", "established"], ["list", "state", "established"]),
      (["-n", "sport", "=", ":22"], ["list", "-n", "sport", "=", ":22"]),
      (["sport=22"], ["list", "sport=22"]),
      (["not", "user", "root"], ["list", "not", "user", "root"]),
      (["!user", "root"], ["list", "!user", "root"]),
      (["(", "pid", "1", ")"], ["list", "(", "pid", "1", ")"]),
      (["(pid 1 or pid 2)"], ["list", "(pid 1 or pid 2)"]),
      // The command goes first, wherever its options were.
      (["history"], ["history"]),
      (["--json", "history"], ["history", "--json"]),
      (
        ["--json", "history", "-t", "dport", "=", ":443"], ["history", "--json", "-t", "dport", "=", ":443"]
      ),
      (["-q", "--color", "never", "events", "-f"], ["events", "-q", "--color=never", "-f"]),
      (["--db", "list", "history"], ["history", "--db=list"]),
      (["list", "port", "22"], ["list", "port", "22"]),
      (["port", "22"], ["port", "22"]), (["--json", "port", "22/udp"], ["port", "--json", "22/udp"]),
      (["list", "history"], ["list", "history"]),
      // Values that look like options.
      (["history", "--since", "-90m"], ["history", "--since=-90m"]),
      (["--since", "-90m", "history"], ["history", "--since=-90m"]),
      (["history", "--since=-90m"], ["history", "--since=-90m"]),
      (["history", "-S", "-90m", "-U", "-30m"], ["history", "--since=-90m", "--until=-30m"]),
      (["-S", "-90m", "history"], ["history", "--since=-90m"]),
      (["history", "--since"], ["history", "--since"]),
      // Commands of two words, with options before, between and after.
      (["db"], ["db"]),
      (["--db", "X", "db", "info"], ["db", "info", "--db=X"]),
      (["db", "--db", "X", "info"], ["db", "info", "--db=X"]),
      (["db", "info", "--db", "X"], ["db", "info", "--db=X"]),
      (["db", "--json"], ["db", "--json"]),
      (["db", "prune", "--keep", "7d"], ["db", "prune", "--keep=7d"]),
      (["db", "backup", "info"], ["db", "backup", "info"]),
      (["listeners", "--check"], ["listeners", "--check"]),
      (["listeners", "accept", "22", "53/udp"], ["listeners", "accept", "22", "53/udp"]),
      (
        ["-q", "listeners", "--expected", "F", "forget", "22"],
        ["listeners", "forget", "-q", "--expected=F", "22"]
      ),
      // Nothing after -- is an option.
      (["list", "--", "-x"], ["list", "--", "-x"]),
      (["--", "-x"], ["list", "--", "-x"]),
      (["--json", "--", "state", "listen"], ["list", "--json", "--", "state", "listen"]),
      (["history", "--", "--since", "1h"], ["history", "--", "--since", "1h"]),
      // Help and version.
      (["--help"], ["--help"]),
      (["-h"], ["-h"]),
      (["--help", "history"], ["history", "--help"]),
      (["history", "--help"], ["history", "--help"]),
      (["help", "db", "info"], ["help", "db", "info"]),
      (["-V"], ["--version"]),
      (["--version"], ["--version"]),
      (["--json", "--version", "list"], ["--version"]),
    ] as [([String], [String])])
  func `The command comes first`(typed: [String], ordered: [String]) throws {
    #expect(try ArgumentOrder.commandFirst(typed) == ordered)
  }

  @Test
  func `What is in order stays in it`() throws {
    for words in [["history", "--json", "--since=-90m"], ["db", "info", "--db=X"], ["list", "--", "-x"]] {
      #expect(try ArgumentOrder.commandFirst(words) == words)
    }
  }

  @Test(arguments: [
    (["histroy"], "unknown command 'histroy' (did you mean 'history'?)"),
    (["lst", "-t"], "unknown command 'lst' (did you mean 'list'?)"),
    (["--json", "servces"], "unknown command 'servces' (did you mean 'services'?)"),
    (["State", "established"], "unknown command 'State' (did you mean 'state'?)"),
    (["prot", "22"], "unknown command 'prot' (did you mean 'p"),
    (["a\u{1B}[31mb"], #"unknown command 'a\x1b[31mb' (commands: blocked, "#),
    (["-"], "unknown command '-' (commands: blocked, "),
    ([""], "unknown command '' (commands: blocked, "),
  ])
  func `A first word that is neither a command nor a filter is refused`(typed: [String], message: String) {
    let failure = #expect(throws: Failure.self) { try ArgumentOrder.commandFirst(typed) }
    #expect(failure?.description.hasPrefix(message) == true, "\(failure?.description ?? "nothing thrown")")
  }
}
