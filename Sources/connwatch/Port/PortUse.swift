// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// How one machine used a port, as far as the history has it.
struct PortUse {
  /// How many of the latest connections that had it as a client's port are kept.
  static let mostClients = 20

  /// Who held it.
  var holders = PortHolders()
  /// Who connected to it there, by transport.
  var inbound: [Transport: HostTally] = [:]
  /// Whose service on it was used from there.
  var outbound: [Transport: HostTally] = [:]
  /// Connections whose client's end it was, at either end: how many, and the latest, newest first.
  var clientCount = 0
  var clients: [Life] = []

  /// Adds a connection with the port at either end; they come newest first.
  mutating func add(_ life: Life, _ port: UInt16) {
    let transport = life.proto.transport
    if life.local.port == port, life.direction == .inbound {
      inbound[transport, default: HostTally()].add(life)
    } else if life.remote.port == port, life.direction == .outbound {
      outbound[transport, default: HostTally()].add(life)
    } else if !life.isSeenFromItsClient(port) {
      clientCount += 1
      if clients.count < Self.mostClients { clients.append(life) }
    }
  }

  func tally(_ direction: Direction, _ transport: Transport) -> HostTally? {
    direction == .inbound ? inbound[transport] : outbound[transport]
  }
}
