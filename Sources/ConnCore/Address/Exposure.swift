// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// From where a listener can be reached, by the address that it is bound to. Firewalls are not looked at.
public enum Exposure: String, CaseIterable, Hashable, Sendable {
  /// From this machine.
  case loopback
  /// From networks that are not routed on the Internet.
  case lan
  /// From anywhere: bound to all addresses, or to one that is routed.
  case any

  /// That of a socket bound to `address`.
  public init(_ address: IPAddress) {
    self =
      address.isUnspecified
      ? .any : address.isLoopback ? .loopback : address.isPrivate || Self.staysLocal(address) ? .lan : .any
  }

  /// True for groups and broadcasts that routers do not let out: 224.0.0.0/24 (RFC 5771), 239.0.0.0/8 (RFC 2365),
  /// 255.255.255.255 (RFC 919), and multicast of IPv6 with a scope below the global one (RFC 4291 section 2.7).
  private static func staysLocal(_ address: IPAddress) -> Bool {
    if let v4 = address.v4 { return v4 >> 8 == 0xE0_0000 || v4 >> 24 == 239 || v4 == .max }
    return address.high >> 56 == 0xFF && address.high >> 48 & 15 < 0xE
  }
}
