// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore

/// What is known of a socket for which no process was found.
///
/// Reading another user's descriptors needs both CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH.
public struct UnknownOwnerFacts: Hashable, Sendable {
  /// The socket's state.
  public var state: SocketState
  /// Its inode, 0 where the kernel ties it to no file.
  public var inode: UInt64
  /// Its user id, nil where the kernel gives none.
  public var uid: UInt32?
  /// Our own effective user id.
  public var effectiveUID: UInt32
  /// A listener that could have taken this connection has some waiting.
  public var listenerHasQueue = false
  /// The descriptors of some process were refused.
  public var someRefused = false
  /// One of the refused is our own user's, such as one that is not dumpable.
  public var ownRefused = false
  /// Some processes may not even be seen (`hidepid`).
  public var pidsHidden = false
  /// Some process could not be read for a reason other than permission.
  public var someFailed = false
  /// We see every process of the machine that there is.
  public var inInitialPIDNamespace = true

  /// Makes facts in which nothing was refused or hidden.
  public init(state: SocketState, inode: UInt64, uid: UInt32?, effectiveUID: UInt32) {
    self.state = state
    self.inode = inode
    self.uid = uid
    self.effectiveUID = effectiveUID
  }

  /// Why there is no process, nil where that cannot be said because reading failed.
  ///
  /// - Parameter stillThere: the socket was there, with the same inode, when looked at again after the search.
  public func whyUnknown(stillThere: Bool) -> SocketOwner.WhyUnknown? {
    if inode == 0 {
      switch state {
      case .synReceived: return .notYetAccepted
      case .established, .closeWait: return listenerHasQueue ? .notYetAccepted : .exited
      default: return .exited
      }
    }
    if someRefused || pidsHidden {
      // Our own sockets are with our own processes, as a rule: one that has gone has ended. One that stays was
      // passed to somebody else.
      if uid != effectiveUID || ownRefused || stillThere { return .noPermission }
    }
    if someFailed { return nil }
    if !inInitialPIDNamespace { return .otherNamespace }
    return stillThere ? .kernel : .exited
  }

  /// True where only a second look at the socket can tell.
  public var needsSecondLook: Bool { whyUnknown(stillThere: true) != whyUnknown(stillThere: false) }
}
