// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// A column that a table can be sorted by.
protocol SortChoice: CaseIterable, Equatable, Sendable where AllCases == [Self] {
  /// The column's header.
  var header: String { get }
}

extension SortChoice {
  /// The column after this one, the first after the last.
  var next: Self { step(1) }
  /// The column before this one, the last before the first.
  var previous: Self { step(-1) }

  private func step(_ distance: Int) -> Self {
    let all = Self.allCases
    let place = all.firstIndex(of: self) ?? 0
    return all[(place + distance + all.count) % all.count]
  }
}

/// What sockets are sorted by: the least first, but the newest and what carried most.
enum SortColumn: String, SortChoice {
  case state, proto, local, remote, service, direction, age, pid, process, bytesIn, bytesOut

  var header: String {
    switch self {
    case .direction: "DIR"
    case .bytesIn: "IN"
    case .bytesOut: "OUT"
    default: rawValue.uppercased()
    }
  }

  /// True for what is counted anew at each refresh, also where the socket has not changed.
  var isTraffic: Bool { self == .bytesIn || self == .bytesOut }
}

/// What services are sorted by: names, ports and the first seen upwards, numbers and the last seen downwards.
enum ServiceSortColumn: String, SortChoice {
  case service, port, proto, direction, connections, open, hosts, localPorts, firstSeen, lastSeen, processes

  var header: String {
    switch self {
    case .direction: "DIR"
    case .connections: "CONNS"
    case .localPorts: "LOCAL PORTS"
    case .firstSeen: "FIRST SEEN"
    case .lastSeen: "LAST SEEN"
    default: rawValue.uppercased()
    }
  }
}

/// What listeners are sorted by: the least first, but findings before all other and the newest.
enum ListenerSortColumn: String, SortChoice {
  case status, proto, local, port, service, exposure, firstSeen, pid, process

  var header: String {
    self == .firstSeen ? "FIRST SEEN" : rawValue.uppercased()
  }
}
