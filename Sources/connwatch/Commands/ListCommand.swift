// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConnCore

/// `connwatch list`: the sockets that are open.
struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Sockets open now, or at a moment of the past.",
    usage: "connwatch list [OPTIONS] [FILTER…]",
    discussion: """
      Examples:
        connwatch -tulpn                         who listens
        connwatch list state established         connections
        connwatch list dst 10.0.0.0/8:443 and not process curl
        connwatch list -i dport = :443           bytes and round-trip times
        sudo connwatch list --netns all -l       who listens, in every container too
        connwatch list --at 03:14 direction in   who was connected to us at 03:14
        connwatch list --json | jq .process.name

      Without -l or -a everything is shown. Where the owner of a socket cannot be
      told, the reason is shown in parentheses.


      """ + Filter.grammar)

  @OptionGroup var sockets: SocketArguments
  @OptionGroup(title: "Global Options") var global: GlobalArguments
  @OptionGroup var filterArguments: FilterArguments

  @Option(
    help: ArgumentHelp(
      "The table as it stood then, from history: 03:14, -2h, 2026-01-01T10:00:00Z.", valueName: "time"))
  var at: String?

  @OptionGroup var hosts: HostOptions

  @Option(help: ArgumentHelp("Where sockets are read from: auto, proc or netlink.", valueName: "source"))
  var source = Listing().source

  @Option(
    help: ArgumentHelp(
      "The network namespace: self, all, a name (as ip netns has it), or a process in it.", valueName: "name")
  )
  var netns = Listing().netns

  @Flag(name: [.short, .long], help: "What connections carried: bytes, round-trip times, retransmissions.")
  var info = false

  @Flag(help: "No owners and no history: the quickest.")
  var noOwners = false

  @Flag(name: [.customShort("s"), .long], help: "A summary of how many there are of each.")
  var summary = false

  func validate() throws {
    if let conflict = listing.conflict { throw ValidationError(conflict) }
  }

  func run() throws { try listing.run() }

  /// What the words say.
  var listing: Listing {
    Listing(
      sockets: sockets.options, global: global.options, words: filterArguments.words, at: at,
      host: hosts.host, source: source, netns: netns, info: info, noOwners: noOwners, summary: summary)
  }
}
