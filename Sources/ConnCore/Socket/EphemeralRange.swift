// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// The ports the kernel picks from for clients: /proc/sys/net/ipv4/ip_local_port_range, ip(7).
@frozen
public struct EphemeralRange: Hashable, Sendable {
  /// The lowest and the highest port of the range.
  public var ports: ClosedRange<UInt16>

  /// Makes a range; the default is the kernel's own.
  public init(_ ports: ClosedRange<UInt16> = 32768...60999) { self.ports = ports }

  /// True for a port the kernel may pick for a client.
  @inlinable
  public func contains(_ port: UInt16) -> Bool { ports.contains(port) }
}
