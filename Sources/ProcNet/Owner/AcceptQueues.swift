// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore

/// The listeners of a sample that have connections waiting to be accepted.
public struct AcceptQueues: Sendable {
  private var listeners: [SocketRow]

  /// Gathers TCP listeners whose queue is not empty.
  public init(_ rows: [SocketRow]) {
    listeners = rows.filter { $0.state == .listen && $0.receiveQueue > 0 }
  }

  /// True where one of them could hold this connection: the same port, and the same address or any.
  public func mayHold(_ row: SocketRow) -> Bool {
    listeners.contains { listener in
      listener.local.port == row.local.port
        && (listener.local.address == row.local.address || listener.local.address.isUnspecified)
    }
  }
}
