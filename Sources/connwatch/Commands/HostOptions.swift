// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConnStore

/// Whose sockets: of this machine, or of a host that evidence was imported for.
struct HostOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Only what was imported for this host; self: only this machine's own.", valueName: "name"))
  var host: String?

  var choice: HostChoice { HostChoice(named: host) }
}

extension HostChoice {
  /// All where nothing is said; `self` is this machine.
  init(named name: String?) {
    switch name {
    case nil: self = .all
    case "self": self = .own
    case let name?: self = .named(name)
    }
  }

  /// Refuses a host of which there is no evidence.
  func check(_ history: HistoryReader) throws {
    guard case .named(let name) = self else { return }
    let hosts = try history.evidenceHosts().map(\.name)
    if hosts.contains(name) { return }
    let shown = hosts.isEmpty ? "there is none of any" : "there is of \(hosts.joined(separator: ", "))"
    throw Failure("--host \(name): no evidence of this host in \(history.path) (\(shown))")
  }
}
