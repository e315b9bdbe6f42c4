// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Compares what /proc, sock_diag and attempts to bind say of ports: what only one of them knows is suspicious.
///
/// Tables change while they are read, so nothing is believed of one look: a suspicion is what several rounds agree on.
enum HiddenSockets {
  /// A port of a table.
  struct Place: Hashable, Comparable {
    var proto: Proto
    var port: UInt16

    static func < (left: Place, right: Place) -> Bool {
      (left.port, left.proto.rawValue) < (right.port, right.proto.rawValue)
    }
  }

  /// The local ports of one table of sockets.
  struct Ports: Equatable {
    /// Of sockets that listen, or that are bound and have no remote end.
    var holders: Set<Place> = []
    /// Of all sockets.
    var all: Set<Place> = []

    init() {}

    init(_ rows: some Sequence<SocketRow>) {
      for row in rows {
        let place = Place(proto: row.proto, port: row.local.port)
        all.insert(place)
        if row.state == .listen || row.state == .unconnected { holders.insert(place) }
      }
    }
  }

  /// What the tables said at one time.
  struct Look {
    /// /proc/net.
    var proc = Ports()
    /// nil where sock_diag does not answer.
    var diag: Ports?
    /// TCP sockets that are bound and do nothing else, as far as sock_diag tells of them.
    var bound: Set<Place> = []
    /// Tables that may lack rows: nothing is missed in them.
    var incomplete: ProtoSet = []

    fileprivate func isInAny(_ place: Place) -> Bool {
      let other = Place(proto: place.proto.otherFamily, port: place.port)
      // A socket of IPv6 can hold the port for IPv4 too.
      return [place, other].contains {
        proc.all.contains($0) || diag?.all.contains($0) == true || bound.contains($0)
      }
    }
  }

  /// What is wrong with a port.
  enum Suspicion: Hashable {
    /// It cannot be bound, and no table has it.
    case inNoTable
    /// sock_diag has it, /proc has not.
    case notInProc
    /// /proc has it, sock_diag has not.
    case notInDiag
  }

  /// What one round says: the tables before and after the attempts to bind.
  ///
  /// - Parameter held: ports that could not be bound because they are in use.
  static func suspicions(before: Look, held: Set<Place>, after: Look) -> [Place: Suspicion] {
    var found: [Place: Suspicion] = [:]
    for place in held where !before.isInAny(place) && !after.isInAny(place) { found[place] = .inNoTable }
    guard let diagBefore = before.diag, let diagAfter = after.diag else { return found }
    let incomplete = before.incomplete.union(after.incomplete)
    // There all the time by the one, and never by the other.
    for kind in [\Ports.all, \Ports.holders] {
      let steadyDiag = diagBefore[keyPath: kind].intersection(diagAfter[keyPath: kind])
      let steadyProc = before.proc[keyPath: kind].intersection(after.proc[keyPath: kind])
      let anyDiag = diagBefore[keyPath: kind].union(diagAfter[keyPath: kind])
      let anyProc = before.proc[keyPath: kind].union(after.proc[keyPath: kind])
      for place in steadyDiag.subtracting(anyProc) where !incomplete.contains(place.proto) {
        found[place] = .notInProc
      }
      for place in steadyProc.subtracting(anyDiag) where !incomplete.contains(place.proto) {
        found[place] = .notInDiag
      }
    }
    return found
  }

  /// What every round says alike.
  static func agreed(_ rounds: [[Place: Suspicion]]) -> [Place: Suspicion] {
    guard var agreed = rounds.first else { return [:] }
    for round in rounds.dropFirst() { agreed = agreed.filter { round[$0.key] == $0.value } }
    return agreed
  }
}

extension Proto {
  /// The table of the same transport and the other family.
  var otherFamily: Proto {
    switch self {
    case .tcp: .tcp6
    case .tcp6: .tcp
    case .udp: .udp6
    case .udp6: .udp
    }
  }
}
