// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// One end of a socket: an address and a port.
@frozen
public struct Endpoint: Hashable, Sendable {
  /// The address; v4-mapped for IPv4.
  public var address: IPAddress
  /// The port as a number, 0 where there is none.
  public var port: UInt16

  /// Makes an end of its address and port.
  @inlinable
  public init(_ address: IPAddress, _ port: UInt16) {
    self.address = address
    self.port = port
  }
}
