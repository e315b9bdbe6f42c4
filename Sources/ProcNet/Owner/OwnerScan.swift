// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore

/// A socket whose owner is asked for.
public struct WantedSocket: Hashable, Sendable {
  /// Its inode in sockfs; 0 is never looked up.
  public var inode: UInt64
  /// True for a listener, which is often shared: every process is looked at for it.
  public var isListener: Bool

  /// Makes a socket to be looked up.
  @inlinable
  public init(inode: UInt64, isListener: Bool = false) {
    self.inode = inode
    self.isListener = isListener
  }

  /// The socket of a row.
  @inlinable
  public init(_ row: SocketRow) {
    self.init(inode: row.inode, isListener: row.state == .listen)
  }
}

/// How much of the processes could be seen by the latest look-up.
public struct OwnerVisibility: Hashable, Sendable {
  /// Processes listed.
  public var processes = 0
  /// Those whose descriptors may not be read.
  public var refused = 0
  /// Those whose descriptors could not be read for another reason, such as too many open files; one more where
  /// the processes could not be listed.
  public var failed = 0
  /// True where there are processes that are not even listed (`hidepid` of proc(5)).
  public var hidden = false

  /// Makes a visibility of no process.
  public init() {}

  /// True where every process could be looked into.
  public var isComplete: Bool { refused == 0 && failed == 0 && !hidden }
}

/// What the latest look-up read: its cost, as counts.
public struct OwnerScanStatistics: Hashable, Sendable {
  /// Directories of descriptors read, one a process and pass.
  public var directories = 0
  /// Links of descriptors read.
  public var links = 0
  /// Processes whose name, program and cgroup were read.
  public var details = 0
  /// True where every process was looked at.
  public var isWhole = false

  /// Makes statistics of nothing.
  public init() {}
}
