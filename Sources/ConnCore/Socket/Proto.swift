// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// The table a socket is in: its transport and its own address family.
///
/// An IPv4 peer of a dual-stack socket is in `tcp6` or `udp6`, with v4-mapped addresses.
@frozen
public enum Proto: UInt8, CaseIterable, Hashable, Sendable {
  /// TCP over IPv4: /proc/net/tcp.
  case tcp
  /// TCP over IPv6: /proc/net/tcp6.
  case tcp6
  /// UDP over IPv4: /proc/net/udp.
  case udp
  /// UDP over IPv6: /proc/net/udp6.
  case udp6

  /// The name, which is also that of the table under /proc/net.
  public var name: String {
    switch self {
    case .tcp: "tcp"
    case .tcp6: "tcp6"
    case .udp: "udp"
    case .udp6: "udp6"
    }
  }

  /// The transport, without the family.
  @inlinable
  public var transport: Transport { self == .tcp || self == .tcp6 ? .tcp : .udp }

  /// True for an IPv6 socket, also where its peer is v4-mapped.
  @inlinable
  public var isV6: Bool { self == .tcp6 || self == .udp6 }
}

/// A transport protocol.
@frozen
public enum Transport: UInt8, CaseIterable, Hashable, Sendable {
  /// Connections, with states.
  case tcp
  /// Datagrams.
  case udp

  /// The name as in /etc/services.
  public var name: String { self == .tcp ? "tcp" : "udp" }
}

/// A set of socket tables.
@frozen
public struct ProtoSet: OptionSet, Hashable, Sendable {
  /// One bit a ``Proto``, by its raw value.
  public let rawValue: UInt8

  /// Makes a set of its bits.
  @inlinable
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Makes a set of one table.
  @inlinable
  public init(_ proto: Proto) { rawValue = 1 << proto.rawValue }

  /// Every table.
  public static let all = ProtoSet(rawValue: 15)

  /// True where the set holds `proto`.
  @inlinable
  public func contains(_ proto: Proto) -> Bool { rawValue & (1 << proto.rawValue) != 0 }
}
