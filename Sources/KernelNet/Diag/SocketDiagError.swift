// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore
import Glibc

/// Why sock_diag (sock_diag(7)) does not answer.
public enum SocketDiagError: Error, Hashable, Sendable {
  /// The kernel lacks it for these tables, or this process may not ask: read /proc instead. The errno value says which.
  case unavailable(ProtoSet, code: Int32)
  /// The network namespace cannot be entered, which takes CAP_SYS_ADMIN (setns(2)).
  case namespace(code: Int32)
  /// A system call failed for a reason that may pass, such as too many open files.
  case system(call: String, code: Int32)

  /// True for an errno value that says that asking again is of no use.
  ///
  /// EPROTONOSUPPORT and EAFNOSUPPORT come of socket(2) where the kernel has no sock_diag, ENOENT and EOPNOTSUPP of a
  /// request where it lacks tcp_diag or udp_diag and has no module of it, EPERM, EACCES and ENOSYS of a seccomp(2) or
  /// security policy, ECONNREFUSED of what only looks like Linux.
  static func isLasting(_ code: Int32) -> Bool {
    switch code {
    case EPROTONOSUPPORT, EAFNOSUPPORT, ENOENT, EOPNOTSUPP, EPERM, EACCES, ENOSYS, ECONNREFUSED: true
    default: false
    }
  }
}

extension SocketDiagError: CustomStringConvertible {
  /// What failed, why, and what to do about it, in words.
  public var description: String {
    switch self {
    case .unavailable(let protos, let code):
      let names = Proto.allCases.filter { protos.contains($0) }.map(\.name).joined(separator: ", ")
      switch code {
      case EPERM, EACCES: return "sock_diag: \(Self.words(code)) (a seccomp or security policy may forbid it)"
      default: return "sock_diag: not in this kernel for \(names): \(Self.words(code)) (/proc has them too)"
      }
    case .namespace(let code):
      let hint = code == EPERM ? " (entering a network namespace takes root)" : ""
      return "network namespace: \(Self.words(code))\(hint)"
    case .system(let call, let code):
      let hint = code == EMFILE ? " (raise the limit: ulimit -n)" : ""
      return "sock_diag: \(call): \(Self.words(code))\(hint)"
    }
  }

  static func words(_ code: Int32) -> String { String(cString: strerror(code)) }
}
