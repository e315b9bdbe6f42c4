// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Which end of a connection is the service.
@frozen
public enum Direction: UInt8, Hashable, Sendable {
  /// The local end is the service: somebody connected to us.
  case inbound = 1
  /// The remote end is the service: we connected to it.
  case outbound = 2

  /// `in` or `out`, as in JSON and tables.
  public var name: String { self == .inbound ? "in" : "out" }
}

extension Direction {
  /// Tells which end of a socket is the service, or nil where the evidence does not reach.
  ///
  /// - Parameters:
  ///   - listeners: who listens now, or did at the time.
  ///   - sawOpening: the connection was not there in a whole table read before this one, so its listener,
  ///     were it ours, would have been seen.
  public static func infer(
    _ row: SocketRow, listeners: ListenerSet, ephemeral: EphemeralRange, sawOpening: Bool
  ) -> Direction? {
    switch row.state {
    case .listen, .unconnected: return nil
    case .synSent: return .outbound
    case .synReceived: return .inbound
    default: break
    }
    if listeners.serves(row.proto, row.local) { return .inbound }
    let remoteIsHere = row.remote.address.isLoopback || row.remote.address == row.local.address
    // Both ends are ours: what does not listen here is no service, and the listener may have gone already.
    if remoteIsHere { return listeners.servesAnyFamily(row.proto.transport, row.remote) ? .outbound : nil }
    let localIsClient = ephemeral.contains(row.local.port)
    let remoteIsClient = ephemeral.contains(row.remote.port)
    // Two UDP programs on ports that anyone is given: either may have begun.
    if row.proto.transport == .udp, localIsClient, remoteIsClient { return nil }
    if sawOpening {
      // A port nobody is given by chance, talking to one that is: a service whose listener was gone too soon
      // to be seen. Saying "outbound" here would be a guess.
      return !localIsClient && remoteIsClient ? nil : .outbound
    }
    return localIsClient && !remoteIsClient ? .outbound : nil
  }
}
