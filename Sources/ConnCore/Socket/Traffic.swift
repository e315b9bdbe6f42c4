// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// What a TCP connection has carried, from the kernel's `tcp_info` (include/uapi/linux/tcp.h, tcp(7)).
@frozen
public struct Traffic: Hashable, Sendable {
  /// Bytes received in order, `tcpi_bytes_received`: the other end's FIN counts as one.
  public var bytesIn: UInt64
  /// Bytes sent without those sent again: `tcpi_bytes_sent` less `tcpi_bytes_retrans`; where the kernel has
  /// neither (before 4.19), `tcpi_bytes_acked`.
  public var bytesOut: UInt64
  /// The smoothed round-trip time in microseconds, `tcpi_rtt`; 0 where none was measured.
  public var roundTrip: UInt32
  /// Segments sent again in the whole life, `tcpi_total_retrans`.
  public var retransmits: UInt32
  /// The congestion window in segments, `tcpi_snd_cwnd`.
  public var congestionWindow: UInt32

  /// Makes a record of what was carried.
  @inlinable
  public init(
    bytesIn: UInt64, bytesOut: UInt64, roundTrip: UInt32 = 0, retransmits: UInt32 = 0,
    congestionWindow: UInt32 = 0
  ) {
    self.bytesIn = bytesIn
    self.bytesOut = bytesOut
    self.roundTrip = roundTrip
    self.retransmits = retransmits
    self.congestionWindow = congestionWindow
  }
}
