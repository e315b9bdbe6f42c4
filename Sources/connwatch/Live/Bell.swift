// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

@preconcurrency import Glibc

/// Wakes a thread that waits in poll(2); rung by any.
final class Bell: Sendable {
  /// Readable once it was rung.
  let descriptor: Int32
  private let end: Int32

  /// - Throws: ``Failure`` where no more files can be opened.
  init() throws(Failure) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw Failure("a pipe: \(String(cString: strerror(errno)))") }
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    (descriptor, end) = (ends[0], ends[1])
  }

  deinit {
    close(descriptor)
    close(end)
  }

  /// Wakes whoever waits. One that has been rung and not heard is full enough.
  func ring() {
    var byte: UInt8 = 1
    _ = write(end, &byte, 1)
  }

  /// Takes what was rung.
  func silence() {
    var bytes = [UInt8](repeating: 0, count: 64)
    while read(descriptor, &bytes, bytes.count) > 0 {}
  }
}
