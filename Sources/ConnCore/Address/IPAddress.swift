// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// An IPv4 or IPv6 address, 16 bytes, compared and hashed as two integers.
///
/// IPv4 is kept in its v4-mapped form (`::ffff:a.b.c.d`, RFC 4291 section 2.5.5.2), so one type serves both
/// families and an IPv4 peer of a dual-stack socket equals the same peer of an IPv4 socket. Which family a
/// socket belongs to is told by its ``Proto``, never by its addresses.
@frozen
public struct IPAddress: Hashable, Sendable {
  /// The first eight bytes, network order, as a number.
  public var high: UInt64
  /// The last eight bytes, network order, as a number.
  public var low: UInt64

  /// Makes an address of its two halves, each a number in network order.
  @inlinable
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Makes an IPv4 address of its number: `0xC0A80101` is 192.168.1.1.
  @inlinable
  public init(v4 number: UInt32) {
    self.init(high: 0, low: 0xFFFF_0000_0000 | UInt64(number))
  }

  /// `0.0.0.0`, any IPv4 address.
  public static let anyV4 = IPAddress(v4: 0)
  /// `::`, any address.
  public static let anyV6 = IPAddress(high: 0, low: 0)

  /// True for IPv4, plain or v4-mapped: both are written `a.b.c.d`.
  @inlinable
  public var isV4: Bool { high == 0 && low >> 32 == 0xFFFF }

  /// The IPv4 number, or nil for an IPv6 address.
  @inlinable
  public var v4: UInt32? { isV4 ? UInt32(truncatingIfNeeded: low) : nil }

  /// True for `0.0.0.0` and `::`.
  @inlinable
  public var isUnspecified: Bool { high == 0 && (low == 0 || low == 0xFFFF_0000_0000) }

  /// True for 127.0.0.0/8 and `::1` (RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3).
  public var isLoopback: Bool {
    if let v4 { return v4 >> 24 == 127 }
    return high == 0 && low == 1
  }

  /// True for addresses that are not routed on the Internet: RFC 1918, link-local (RFC 3927, RFC 4291),
  /// shared address space (RFC 6598) and unique local IPv6 (RFC 4193). Loopback is not among them.
  public var isPrivate: Bool {
    if let v4 {
      return v4 >> 24 == 10 || v4 >> 20 == 0xAC1 || v4 >> 16 == 0xC0A8 || v4 >> 16 == 0xA9FE
        || v4 >> 22 == 0x191
    }
    return high >> 57 == 0x7E || high >> 54 == 0x3FA
  }
}

extension IPAddress: Comparable {
  /// Orders by the 16 bytes, so every IPv4 address sorts together.
  @inlinable
  public static func < (left: IPAddress, right: IPAddress) -> Bool {
    left.high == right.high ? left.low < right.low : left.high < right.high
  }
}
