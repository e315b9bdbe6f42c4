// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore

/// Everything that is known of one service: who talked to it, from which local ports, by which programs.
public struct ServiceUse: Sendable {
  /// The transport.
  public var transport: Transport
  /// The service's port: the remote one of what we opened, the local one of what was opened to us.
  public var port: UInt16
  /// Who opened.
  public var direction: Direction
  /// How many different remote addresses.
  public var remoteHosts: Int
  /// How many connections.
  public var connections: Int
  /// How many of them are going on.
  public var open: Int
  /// The local ports, ascending.
  public var localPorts: [UInt16]
  /// Names of the programs, ascending; those whose name is not known are not among them.
  public var processes: [String]
  /// When the first of them was first seen.
  public var firstSeen: Timestamp
  /// When the last of them was last seen.
  public var lastSeen: Timestamp

  /// Makes one of what was summed up.
  public init(
    transport: Transport, port: UInt16, direction: Direction, remoteHosts: Int, connections: Int, open: Int,
    localPorts: [UInt16], processes: [String], firstSeen: Timestamp, lastSeen: Timestamp
  ) {
    self.transport = transport
    self.port = port
    self.direction = direction
    self.remoteHosts = remoteHosts
    self.connections = connections
    self.open = open
    self.localPorts = localPorts
    self.processes = processes
    self.firstSeen = firstSeen
    self.lastSeen = lastSeen
  }
}

extension [ServiceUse] {
  /// Puts the data connections of FTP right after its control connections, where there are both.
  public mutating func putFTPDataAfterControl() {
    for direction in [Direction.outbound, .inbound] {
      func place(_ port: UInt16) -> Int? {
        firstIndex { $0.transport == .tcp && $0.port == port && $0.direction == direction }
      }
      guard place(FTPControls.port) != nil, let data = place(FTPControls.dataPort) else { continue }
      let use = remove(at: data)
      insert(use, at: place(FTPControls.port).map { $0 + 1 } ?? data)
    }
  }
}
