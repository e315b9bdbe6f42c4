// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Why the kernel's trace cannot be had, in words for a person.
public struct TraceError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What went wrong, as far as a caller can act on it.
  public enum Kind: Hashable, Sendable {
    /// It takes root, and this is not root.
    case notRoot
    /// Root is kept from it: by a container, or by the kernel's lockdown (kernel_lockdown(7)).
    case refused
    /// The kernel was built without tracefs.
    case noTracefs
    /// The kernel lacks an event, or a part of one.
    case missing
    /// Anything else.
    case other
  }

  /// What went wrong.
  public var kind: Kind
  /// What it concerns: an event, or a file below tracefs.
  public var what: String
  /// Why, with the system's own words where they help.
  public var why: String
  /// What to do about it.
  public var hint: String?

  /// Makes an error.
  public init(_ kind: Kind, what: String, why: String, hint: String? = nil) {
    self.kind = kind
    self.what = what
    self.why = why
    self.hint = hint
  }

  /// Makes an error of a system call's errno(3).
  init(number: CInt, what: String, isRoot: Bool = geteuid() == 0) {
    self.what = what
    why = String(cString: strerror(number))
    switch number {
    case EPERM, EACCES:
      kind = isRoot ? .refused : .notRoot
      hint =
        isRoot
        ? "a container or the kernel's lockdown forbids tracing, see /sys/kernel/security/lockdown"
        : "tracing takes root"
    case ENODEV, ENOSYS:
      kind = .noTracefs
      hint = "the kernel has no tracefs (CONFIG_FTRACE)"
    default:
      kind = .other
      hint = nil
    }
  }

  /// `what: why (hint)`.
  public var description: String { "\(what): \(why)" + (hint.map { " (\($0))" } ?? "") }
}
