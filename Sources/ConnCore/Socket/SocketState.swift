// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// The state of a socket, with the kernel's numbers (include/net/tcp_states.h).
@frozen
public enum SocketState: Hashable, Sendable {
  case established
  case synSent
  case synReceived
  case finWait1
  case finWait2
  case timeWait
  /// TCP only: a TCP socket that is closed. A UDP socket in the same number is ``unconnected``.
  case close
  case closeWait
  case lastAck
  case listen
  case closing
  /// UDP in kernel state 07: bound to a local port, with no remote end (`UNCONN` in ss).
  case unconnected
  /// A number that this version does not know, kept as it is.
  case unknown(UInt8)

  /// Maps the kernel's number, which means something else for UDP in one case (07).
  @inlinable
  public init(kernel number: UInt8, transport: Transport) {
    switch number {
    case 1: self = .established
    case 2: self = .synSent
    case 3, 12: self = .synReceived
    case 4: self = .finWait1
    case 5: self = .finWait2
    case 6: self = .timeWait
    case 7: self = transport == .tcp ? .close : .unconnected
    case 8: self = .closeWait
    case 9: self = .lastAck
    case 10: self = .listen
    case 11: self = .closing
    default: self = .unknown(number)
    }
  }

  /// The kernel's name without `TCP_`; `UNCONN` for UDP; `UNKNOWN_1F` for a number with no name.
  public var name: String {
    switch self {
    case .established: "ESTABLISHED"
    case .synSent: "SYN_SENT"
    case .synReceived: "SYN_RECV"
    case .finWait1: "FIN_WAIT1"
    case .finWait2: "FIN_WAIT2"
    case .timeWait: "TIME_WAIT"
    case .close: "CLOSE"
    case .closeWait: "CLOSE_WAIT"
    case .lastAck: "LAST_ACK"
    case .listen: "LISTEN"
    case .closing: "CLOSING"
    case .unconnected: "UNCONN"
    case .unknown(let number):
      "UNKNOWN_" + (number < 16 ? "0" : "") + String(number, radix: 16, uppercase: true)
    }
  }

  /// Every state that has a name, in the kernel's order.
  public static let named: [SocketState] = [
    .established, .synSent, .synReceived, .finWait1, .finWait2, .timeWait, .close, .closeWait, .lastAck,
    .listen, .closing, .unconnected,
  ]

  /// Its place in ``named``; states without a name share the one after them.
  @inlinable
  public var place: Int {
    switch self {
    case .established: 0
    case .synSent: 1
    case .synReceived: 2
    case .finWait1: 3
    case .finWait2: 4
    case .timeWait: 5
    case .close: 6
    case .closeWait: 7
    case .lastAck: 8
    case .listen: 9
    case .closing: 10
    case .unconnected: 11
    case .unknown: 12
    }
  }

  /// Reads back what ``name`` writes, exactly; nil for anything else.
  public init?(name: String) {
    if let state = Self.named.first(where: { $0.name == name }) {
      self = state
    } else if name.hasPrefix("UNKNOWN_"), let number = UInt8(name.dropFirst(8), radix: 16) {
      self = .unknown(number)
    } else {
      return nil
    }
  }
}
