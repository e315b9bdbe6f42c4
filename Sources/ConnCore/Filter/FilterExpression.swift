// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// One question about one socket, the leaf of a ``FilterExpression``.
///
/// Every answer is yes or no: what is not known matches nothing, and matches the negation.
public enum FilterTest: Hashable, Sendable {
  /// Which end of a socket is asked about.
  public enum End: Hashable, Sendable {
    /// The local end: `src` and `sport`.
    case local
    /// The remote end: `dst` and `dport`.
    case remote
    /// Either end: `host`, `net` and `port`.
    case either
  }

  /// The state, which in history is the last one.
  case state(StateSet)
  /// The address.
  case address(End, AddressBlock)
  /// The port.
  case port(End, ClosedRange<UInt16>)
  /// The port of the end that is the service.
  case service(ServicePorts)
  /// The command name, or the last part of the program's path; its whole path where the pattern has a slash.
  case process(NamePattern)
  /// The process id.
  case pid(Int32)
  /// The user id.
  case user(UInt32)
  /// The systemd unit, with or without `.service`.
  case unit(NamePattern)
  /// The beginning of the container's id or name.
  case container(NamePattern)
  /// Which end is the service; nil where that is not known, and for listeners.
  case direction(Direction?)
  /// The socket table.
  case proto(ProtoSet)

  /// True for a question about the process that holds the socket.
  public var usesOwner: Bool {
    switch self {
    case .process, .pid, .unit, .container: true
    case .state, .address, .port, .service, .user, .direction, .proto: false
    }
  }
}

/// A filter as a tree, with `not` only at its leaves. Its depth is bounded by the parser.
public indirect enum FilterExpression: Hashable, Sendable {
  /// Every one of these is true; also where there are none.
  case all([FilterExpression])
  /// At least one of these is true; never where there are none.
  case any([FilterExpression])
  /// The answer is yes.
  case test(FilterTest)
  /// The answer is not yes.
  case not(FilterTest)

  /// The expression that is true exactly where this one is not.
  func negated() -> FilterExpression {
    switch self {
    case .all(let terms): .any(terms.map { $0.negated() })
    case .any(let terms): .all(terms.map { $0.negated() })
    case .test(let test): .not(test)
    case .not(let test): .test(test)
    }
  }

  /// Joins terms into one expression, without a level of its own for a term that is joined in the same way.
  static func joined(_ terms: [FilterExpression], all: Bool) -> FilterExpression {
    if terms.count == 1 { return terms[0] }
    var flat: [FilterExpression] = []
    for term in terms {
      switch term {
      case .all(let inner) where all: flat.isEmpty ? flat = inner : flat.append(contentsOf: inner)
      case .any(let inner) where !all: flat.isEmpty ? flat = inner : flat.append(contentsOf: inner)
      default: flat.append(term)
      }
    }
    return all ? .all(flat) : .any(flat)
  }

  /// How many levels of `all` and `any` there are.
  public var depth: Int {
    switch self {
    case .all(let terms), .any(let terms): 1 + (terms.map(\.depth).max() ?? 0)
    case .test, .not: 0
    }
  }

  var usesOwners: Bool {
    switch self {
    case .all(let terms), .any(let terms): terms.contains { $0.usesOwners }
    case .test(let test), .not(let test): test.usesOwner
    }
  }

  /// The tables in which a socket can be that this is true for; more than those only where that is not plain.
  var protos: ProtoSet {
    switch self {
    case .all(let terms): terms.reduce(.all) { $0.intersection($1.protos) }
    case .any(let terms): terms.reduce([]) { $0.union($1.protos) }
    case .test(.proto(let set)): set
    case .not(.proto(let set)): ProtoSet.all.subtracting(set)
    case .test(.service(let ports)):
      (ports.tcp.isEmpty ? [] : ProtoSet.tcpTables).union(ports.udp.isEmpty ? [] : ProtoSet.udpTables)
    // Sockets of IPv4 have no IPv6 address, but those of IPv6 have v4-mapped ones.
    case .test(.address(_, let block)) where !block.isV4: ProtoSet.v6Tables
    case .test, .not: .all
    }
  }
}

extension ProtoSet {
  /// The tables of TCP.
  public static let tcpTables: ProtoSet = [ProtoSet(.tcp), ProtoSet(.tcp6)]
  /// The tables of UDP.
  public static let udpTables: ProtoSet = [ProtoSet(.udp), ProtoSet(.udp6)]
  /// The tables of IPv6.
  public static let v6Tables: ProtoSet = [ProtoSet(.tcp6), ProtoSet(.udp6)]
}
