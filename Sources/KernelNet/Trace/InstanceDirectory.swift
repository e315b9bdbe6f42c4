// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A tracing instance of our own, `instances/connwatch.PID`: buffers and switches that nobody else's tracing shares.
///
/// The kernel keeps an instance, and fills it, until it is removed, also when who made it was killed. So a lock on the
/// directory (flock(2)) says that its maker lives: the kernel drops it with the process.
struct InstanceDirectory: ~Copyable {
  private let instances: TraceDirectory
  private let name: String
  /// The instance itself.
  let directory: TraceDirectory

  private static let prefix = "connwatch."

  /// Removes what killed runs left, then makes an instance.
  ///
  /// - Throws: ``TraceError``.
  init(in root: borrowing TraceDirectory) throws(TraceError) {
    let instances = try root.directory("instances")
    Self.removeLeftovers(instances)
    // Another number where the name is taken: a pid namespace of its own has the same pids again.
    for attempt in 0..<100 {
      let name = Self.prefix + "\(getpid())" + (attempt == 0 ? "" : ".\(attempt)")
      if mkdirat(instances.descriptor, name, 0o700) != 0 {
        if errno == EEXIST { continue }
        throw TraceError(number: errno, what: "\(instances.path)/\(name)")
      }
      // Another run that starts just now may take it for a leftover before it is locked.
      if let directory = try? instances.directory(name), Self.lock(directory) {
        self.instances = instances
        self.name = name
        self.directory = directory
        return
      }
    }
    throw TraceError(
      .other, what: "\(instances.path)/\(Self.prefix)\(getpid())", why: "there are too many instances",
      hint: "remove them with rmdir")
  }

  /// Removes the instance; nothing below it may be open.
  deinit { unlinkat(instances.descriptor, name, AT_REMOVEDIR) }

  private static func removeLeftovers(_ instances: borrowing TraceDirectory) {
    for name in instances.names() where name.hasPrefix(prefix) {
      // Busy where somebody looks into it: it stays for the next run.
      if let directory = try? instances.directory(name), lock(directory) {
        unlinkat(instances.descriptor, name, AT_REMOVEDIR)
      }
    }
  }

  private static func lock(_ directory: borrowing TraceDirectory) -> Bool {
    flock(directory.descriptor, LOCK_EX | LOCK_NB) == 0
  }
}
