// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// A process that holds a socket.
///
/// One object serves every socket of the process; it never changes after it is made.
public final class OwningProcess: Hashable, Sendable {
  /// The process id, as seen from where it was read.
  public let pid: Int32
  /// When it started, in clock ticks after boot (proc_pid_stat(5), field 22): with the pid, an identity.
  public let startTime: UInt64
  /// The command name: at most 15 bytes, chosen by the process, any bytes at all.
  public let name: String
  /// The program's path, nil where it could not be read or is a kernel thread.
  public let exe: String?
  /// The innermost systemd unit of its cgroup, such as `sshd.service`.
  public let unit: String?
  /// The container's id or name from its cgroup.
  public let container: String?

  /// Makes a process.
  public init(
    pid: Int32, startTime: UInt64, name: String, exe: String? = nil, unit: String? = nil,
    container: String? = nil
  ) {
    self.pid = pid
    self.startTime = startTime
    self.name = name
    self.exe = exe
    self.unit = unit
    self.container = container
  }

  /// Two are equal when everything known of them is.
  public static func == (left: OwningProcess, right: OwningProcess) -> Bool {
    left === right
      || (left.pid == right.pid && left.startTime == right.startTime && left.name == right.name
        && left.exe == right.exe && left.unit == right.unit && left.container == right.container)
  }

  /// Hashes pid and start time, which tell processes apart.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(pid)
    hasher.combine(startTime)
  }
}

/// Who holds a socket, or why that is not known.
public struct SocketOwner: Hashable, Sendable {
  /// Why no process can be named.
  public enum WhyUnknown: String, CaseIterable, Hashable, Sendable {
    /// No process holds the socket any more.
    case exited = "exited"
    /// Some processes may not be looked into.
    case noPermission = "no permission"
    /// The holder is in a pid namespace that is not seen from here.
    case otherNamespace = "other namespace"
    /// The kernel itself holds it (NFS, a tunnel).
    case kernel = "kernel"
    /// It waits in its listener's queue.
    case notYetAccepted = "not yet accepted"
  }

  /// The oldest holder.
  public var process: OwningProcess?
  /// How many more processes share the socket.
  public var others: Int
  /// Why there is no process; nil where there is one, or where nobody has looked.
  public var whyUnknown: WhyUnknown?
  /// Not every process has been looked at yet: where the socket is still there later, ask again. Of an answer only, it is
  /// no part of a life.
  public var isSearchedFor = false

  /// Makes an owner that is known.
  public init(process: OwningProcess, others: Int = 0) {
    self.process = process
    self.others = others
    whyUnknown = nil
  }

  /// Makes an owner that is not known.
  public init(unknown why: WhyUnknown) {
    process = nil
    others = 0
    whyUnknown = why
  }

  private init() {
    process = nil
    others = 0
    whyUnknown = nil
  }

  /// Nobody has looked.
  public static let notLookedUp = SocketOwner()
}
