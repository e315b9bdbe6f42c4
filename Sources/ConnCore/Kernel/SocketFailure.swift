// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// An error that a TCP socket was told: the tracepoint sock/inet_sk_error_report (include/trace/events/sock.h).
///
/// It names no socket. What ends an attempt comes from the same CPU right after the socket's step to CLOSE.
public struct SocketFailure: Hashable, Sendable {
  /// The ends of the socket.
  public var ends: SocketEnds
  /// What it means for an attempt to connect.
  public var outcome: Life.Outcome

  /// Makes a failure.
  public init(ends: SocketEnds, outcome: Life.Outcome) {
    self.ends = ends
    self.outcome = outcome
  }
}
