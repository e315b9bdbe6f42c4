// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// The kernel's word that a socket is gone: a message of the sock_diag destroy groups (sock_diag(7)).
///
/// It comes when the socket itself ends, which for the end that closed first is when TIME_WAIT begins.
public struct SocketEnd: Hashable, Sendable {
  /// The table it was in.
  public var proto: Proto
  /// The local end.
  public var local: Endpoint
  /// The remote end; port 0 where the kernel had forgotten it (refused, reset, or failed to connect).
  public var remote: Endpoint
  /// The kernel's number of the socket, never used twice in one boot.
  public var cookie: UInt64
  /// When the message was received, on CLOCK_BOOTTIME in microseconds.
  public var boot: Int64
  /// What it carried; nil for UDP, and where the kernel had nothing to say of it.
  public var traffic: Traffic?

  /// Makes an end.
  public init(
    proto: Proto, local: Endpoint, remote: Endpoint, cookie: UInt64, boot: Int64, traffic: Traffic? = nil
  ) {
    self.proto = proto
    self.local = local
    self.remote = remote
    self.cookie = cookie
    self.boot = boot
    self.traffic = traffic
  }
}
