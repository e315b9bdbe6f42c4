// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// One socket as the kernel showed it at one moment: fixed size, nothing allocated.
@frozen
public struct SocketRow: Hashable, Sendable {
  /// The local end.
  public var local: Endpoint
  /// The remote end; unspecified with port 0 where there is none.
  public var remote: Endpoint
  /// The socket's inode in sockfs, 0 where no process holds it (TIME_WAIT, orphans, not yet accepted).
  public var inode: UInt64
  /// Bytes received and not read; for a listener, connections not yet accepted.
  public var receiveQueue: UInt32
  /// Bytes written and not acknowledged.
  public var sendQueue: UInt32
  /// The owner's user id as the kernel gave it, or ``noUID``. Use ``uid``.
  public var rawUID: UInt32
  /// The table the socket is in.
  public var proto: Proto
  /// The state.
  public var state: SocketState

  /// The number that no user can have (`(uid_t)-1`): the kernel gave no user id.
  public static let noUID = UInt32.max

  /// Makes a row; `rawUID` is ``noUID`` unless given.
  @inlinable
  public init(
    proto: Proto, state: SocketState, local: Endpoint, remote: Endpoint, inode: UInt64 = 0,
    rawUID: UInt32 = SocketRow.noUID, receiveQueue: UInt32 = 0, sendQueue: UInt32 = 0
  ) {
    self.local = local
    self.remote = remote
    self.inode = inode
    self.receiveQueue = receiveQueue
    self.sendQueue = sendQueue
    self.rawUID = rawUID
    self.proto = proto
    self.state = state
  }

  /// The owner's user id, nil where the kernel gives none (TIME_WAIT, and FIN_WAIT2 without an inode).
  @inlinable
  public var uid: UInt32? { rawUID == Self.noUID ? nil : rawUID }
}
