// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// A set of socket states.
@frozen
public struct StateSet: OptionSet, Hashable, Sendable {
  /// One bit a state in the order of ``SocketState/named``, then one for every state without a name.
  public let rawValue: UInt16

  /// Makes a set of its bits.
  @inlinable
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// Makes a set of one state. States without a name share a place.
  @inlinable
  public init(_ state: SocketState) {
    self.init(rawValue: 1 << UInt16(state.place))
  }

  /// States without a name.
  public static let unnamed = StateSet(.unknown(0))
  /// Every state (`all` in ss(8)).
  public static let all = StateSet(rawValue: 0x1FFF)
  /// Neither listening nor closed (`connected` in ss(8)).
  public static let connected = all.subtracting([StateSet(.listen), StateSet(.close), StateSet(.unconnected)])
  /// Connected, and the other side has answered (`synchronized` in ss(8)).
  public static let synchronized = connected.subtracting(StateSet(.synSent))
  /// Kept by the kernel as small sockets that no process holds (`bucket` in ss(8)).
  public static let bucket: StateSet = [StateSet(.timeWait), StateSet(.synReceived)]

  /// True where the set holds `state`.
  @inlinable
  public func contains(_ state: SocketState) -> Bool { rawValue & StateSet(state).rawValue != 0 }

  /// Reads a state's name or a name ss(8) has for several; upper and lower case, `-` and `_` do not matter. nil for
  /// anything else.
  ///
  /// A name that tables show selects what they show it for. `closed` and `unconnected` are ss's, for the kernel's
  /// number 7, which is CLOSE for TCP and UNCONN for UDP.
  public init?(_ name: some StringProtocol) {
    let plain = name.lowercased().filter { $0 != "-" && $0 != "_" }
    switch plain {
    case "established", "estab": self.init(.established)
    case "synsent": self.init(.synSent)
    case "synrecv", "synrcv", "synreceived", "newsynrecv": self.init(.synReceived)
    case "finwait1": self.init(.finWait1)
    case "finwait2": self.init(.finWait2)
    case "timewait": self.init(.timeWait)
    case "close": self.init(.close)
    case "closewait": self.init(.closeWait)
    case "lastack": self.init(.lastAck)
    case "listen", "listening": self.init(.listen)
    case "closing": self.init(.closing)
    case "unconn": self.init(.unconnected)
    case "closed", "unconnected": self = [StateSet(.close), StateSet(.unconnected)]
    case "unknown": self = .unnamed
    case "all": self = .all
    case "connected": self = .connected
    case "synchronized": self = .synchronized
    case "bucket": self = .bucket
    case "big": self = StateSet.all.subtracting(.bucket)
    default: return nil
    }
  }

  /// The names to offer to somebody who wrote another.
  static let offered = [
    "established", "syn-sent", "syn-recv", "fin-wait-1", "fin-wait-2", "time-wait", "close", "close-wait",
    "last-ack", "listen", "closing", "unconn", "closed", "unconnected", "unknown", "all", "connected",
    "synchronized", "bucket", "big",
  ]
}
