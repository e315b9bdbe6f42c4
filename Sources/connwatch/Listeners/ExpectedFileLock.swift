// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

@preconcurrency import Glibc

/// A lock on the directory of a file of rules, from reading the file to its replacement: flock(2). It is the directory
/// because the file itself is another one after each change.
struct ExpectedFileLock {
  /// How often, and for how many microseconds each, another one is waited for: ten seconds.
  private static let patience = 1000
  private static let pause: UInt32 = 10_000

  private let descriptor: Int32

  /// Waits for the lock. Where the directory cannot be opened or its file system has no locks there is none: what is
  /// wrong with it, reading and writing will tell.
  ///
  /// - Throws: ``Failure`` where another process has kept it for ten seconds.
  init(_ path: String) throws(Failure) {
    descriptor = open(DatabasePath.parent(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    for _ in 0..<Self.patience {
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
      if errno != EWOULDBLOCK && errno != EINTR { return }
      usleep(Self.pause)
    }
    close(descriptor)
    throw Failure("\(path): another process keeps its directory locked (try again)")
  }

  /// Lets others in.
  func release() {
    if descriptor >= 0 { close(descriptor) }
  }
}
