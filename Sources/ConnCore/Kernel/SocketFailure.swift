// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// An error that a TCP socket was told: the tracepoint sock/inet_sk_error_report (include/trace/events/sock.h).
///
/// It names no socket. What ends an attempt comes from the same CPU right after the socket's step to CLOSE.
public struct SocketFailure: Hashable, Sendable {
  /// The ends of the socket.
  public var ends: SocketEnds
  /// What it means for an attempt to connect; nil for an error that is only kept in mind, which the event does not tell.
  public var outcome: Life.Outcome?

  /// Makes a failure.
  public init(ends: SocketEnds, outcome: Life.Outcome?) {
    self.ends = ends
    self.outcome = outcome
  }
}

/// This machine's own word that a packet cannot be delivered, as a firewall that rejects or a router says it: the tracepoint
/// icmp/icmp_send (include/trace/events/icmp.h).
public struct UnreachableAnswer: Hashable, Sendable {
  /// Where the packet came from.
  public var source: IPAddress
  /// Where it was to go.
  public var destination: IPAddress
  /// What that means for an attempt to connect.
  public var outcome: Life.Outcome

  /// Makes an answer.
  public init(source: IPAddress, destination: IPAddress, outcome: Life.Outcome) {
    self.source = source
    self.destination = destination
    self.outcome = outcome
  }
}
