// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import CTerminal
@preconcurrency import Glibc

/// Wakes a thread that waits in poll(2); from any other (eventfd(2)).
final class Waker: Sendable {
  /// Readable once it was woken.
  let descriptor: Int32

  /// - Returns: nil where there is no descriptor left.
  init?() {
    descriptor = ctm_wake_open()
    if descriptor < 0 { return nil }
  }

  deinit { close(descriptor) }

  func wake() {
    var one: UInt64 = 1
    // It fails only where it has been woken already.
    _ = write(descriptor, &one, 8)
  }

  /// Takes what woke it.
  func clear() {
    var count: UInt64 = 0
    _ = read(descriptor, &count, 8)
  }
}
