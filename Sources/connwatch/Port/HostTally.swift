// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Connections counted by their remote host, in a bounded room: where there are too many hosts, those with the fewest
/// connections are forgotten one by one, and the sums stay whole.
struct HostTally {
  /// What is known of one host.
  struct Host {
    var address: IPAddress
    /// The name in place of the address, in evidence.
    var name: String?
    var connections = 0
    /// Those that go on, as far as that is known.
    var open = 0
    var first: Timestamp
    var last: Timestamp
    /// Names of the processes at this end, ``HostTally/mostProcesses`` at the most.
    var processes: Set<String> = []
  }

  /// How many names of processes are kept of a host.
  static let mostProcesses = 8

  /// Connections of all hosts.
  private(set) var connections = 0
  private(set) var open = 0
  /// Hosts were forgotten: there were more than ``hosts``, and the counts of those that came back begin anew.
  private(set) var isPartial = false
  private let most: Int
  private var entries: [IPAddress: Host] = [:]

  init(most: Int = 65_536) { self.most = max(2, most) }

  /// How many hosts there are, at least.
  var hosts: Int { entries.count }
  var isEmpty: Bool { connections == 0 }

  mutating func add(_ life: Life) {
    let isOpen = life.closedOffset == nil && life.origin == nil
    connections += 1
    if isOpen { open += 1 }
    var host =
      entries[life.remote.address]
      ?? Host(
        address: life.remote.address, name: life.origin?.remoteName, first: life.firstSeen,
        last: life.lastSeen)
    host.connections += 1
    if isOpen { host.open += 1 }
    host.first = min(host.first, life.firstSeen)
    host.last = max(host.last, life.lastSeen)
    if let name = life.owner.process?.name, host.processes.count < Self.mostProcesses {
      host.processes.insert(name)
    }
    entries[life.remote.address] = host
    if entries.count > most { forget() }
  }

  /// The hosts with the most connections, those seen last first among equals.
  func busiest(_ count: Int) -> [Host] { Array(sorted().prefix(count)) }

  /// Names of the processes at this end, of all hosts that are kept.
  var processes: Set<String> { entries.values.reduce(into: []) { $0.formUnion($1.processes) } }

  private func sorted() -> [Host] {
    entries.values.sorted {
      ($1.connections, $1.last, $0.address) < ($0.connections, $0.last, $1.address)
    }
  }

  private mutating func forget() {
    isPartial = true
    entries = Dictionary(uniqueKeysWithValues: sorted().prefix(most / 2).map { ($0.address, $0) })
  }
}
