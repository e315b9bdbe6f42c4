// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// The order of the bytes in a word of the machine a socket table comes from.
///
/// The kernel prints each 32-bit word of an address as a number in its own order (net/ipv4/tcp_ipv4.c,
/// get_tcp4_sock), so 192.168.1.1 is `0101A8C0` on a little-endian machine and `C0A80101` on a big-endian one.
/// Nothing in the table tells which; ports are the same on both.
@frozen
public enum ByteOrder: Hashable, Sendable {
  /// x86, arm64, riscv64, ppc64le.
  case little
  /// s390x, and the older mips, ppc and sparc.
  case big

  /// The order of the machine this runs on.
  @inlinable
  public static var host: ByteOrder { UInt32(1).littleEndian == 1 ? .little : .big }
}
