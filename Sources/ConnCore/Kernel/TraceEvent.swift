// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Something a trace of the kernel told, with its moment on CLOCK_BOOTTIME in microseconds.
public struct TraceEvent: Sendable {
  /// What happened.
  public enum Kind: Sendable {
    /// A TCP socket went from one state to another.
    case state(StateChange)
    /// A TCP socket was taken apart; its address may be used for another one now.
    case destroyed(socket: UInt64, cookie: UInt64)
    /// A TCP socket received a reset.
    case reset(socket: UInt64)
    /// A TCP socket was told an error.
    case failed(SocketFailure)
    /// This machine answered a packet by saying that its destination cannot be reached.
    case unreachable(UnreachableAnswer)
    /// A process or thread began, ran another program, or was renamed.
    case task(TaskEvent)
  }

  /// When, on CLOCK_BOOTTIME, in microseconds.
  public var boot: Int64
  /// What happened.
  public var kind: Kind

  /// Makes an event.
  public init(boot: Int64, _ kind: Kind) {
    self.boot = boot
    self.kind = kind
  }
}

/// A TCP socket's step from one state to another: the tracepoint sock/inet_sock_set_state
/// (include/trace/events/sock.h).
public struct StateChange: Sendable {
  /// The kernel's address of the socket: an identity until it is destroyed.
  public var socket: UInt64
  /// The table the socket is in.
  public var proto: Proto
  /// The state before.
  public var from: SocketState
  /// The state after.
  public var to: SocketState
  /// The local end; its port is 0 before the kernel has chosen one.
  public var local: Endpoint
  /// The remote end; its port is 0 where it is not known yet.
  public var remote: Endpoint
  /// The thread on whose behalf it happened; 0 where it happened in an interrupt, on nobody's behalf.
  public var thread: Int32
  /// Who that was, found out when the event was read; nobody has looked where there is no thread.
  public var owner: SocketOwner
  /// The inode of that process's network namespace, 0 where not known.
  public var namespace: UInt64

  /// Makes a change; who it was is filled in later.
  public init(
    socket: UInt64, proto: Proto, from: SocketState, to: SocketState, local: Endpoint, remote: Endpoint,
    thread: Int32 = 0, owner: SocketOwner = .notLookedUp, namespace: UInt64 = 0
  ) {
    self.socket = socket
    self.proto = proto
    self.from = from
    self.to = to
    self.local = local
    self.remote = remote
    self.thread = thread
    self.owner = owner
    self.namespace = namespace
  }
}

/// What a trace tells of processes, so that one that is gone when its event is read still has a name.
public enum TaskEvent: Hashable, Sendable {
  /// `parent` made `thread`, which is a thread of the same process where `sharesProcess`, else a process
  /// (task/task_newtask).
  case created(thread: Int32, parent: Int32, name: String, sharesProcess: Bool)
  /// A process runs another program; `oldThread` is the thread that asked for it, `thread` the process
  /// (sched/sched_process_exec).
  case executed(thread: Int32, oldThread: Int32, path: String)
  /// A thread has another name (task/task_rename).
  case renamed(thread: Int32, name: String)
}
