// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

@preconcurrency import Glibc

/// Writes to a terminal without waiting for it: nobody may be reading at its other end (a line that hangs, a window that
/// was stopped), and keys and signals are to be heard all the same.
final class TerminalOutput {
  /// Where it is written.
  let descriptor: Int32
  private let isOwn: Bool
  /// What the terminal has not taken yet.
  private var pending: ArraySlice<UInt8> = []

  /// - Parameter given: a descriptor of the terminal. Others have it too and may rely on its waiting, so one that does not
  ///   wait is opened beside it; where that must not be (another user's terminal), this one is used as it is.
  init(_ given: Int32) {
    let own = Self.reopen(given)
    isOwn = own >= 0
    descriptor = isOwn ? own : given
  }

  deinit { if isOwn { close(descriptor) } }

  /// Opens what a descriptor stands for once more, to be written to without waiting; -1 where it cannot be.
  static func reopen(_ descriptor: Int32) -> Int32 {
    open("/proc/self/fd/\(descriptor)", O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
  }

  /// True where something waits to be written.
  var isPending: Bool { !pending.isEmpty }

  /// Adds bytes to what is to be written.
  func add(_ bytes: some Sequence<UInt8>) { pending += bytes }

  /// Forgets what was not written.
  func drop() { pending = [] }

  /// Writes what the terminal takes now.
  ///
  /// - Returns: false where it has gone.
  func flush() -> Bool {
    while !pending.isEmpty {
      let written = pending.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if written > 0 {
        pending = pending.dropFirst(written)
      } else if written == 0 || errno == EAGAIN {
        return true
      } else if errno != EINTR {
        return false
      }
    }
    pending = []
    return true
  }

  /// Writes what is pending, and waits for the terminal meanwhile, until CLOCK_MONOTONIC reaches `deadline`.
  ///
  /// - Returns: true where all of it was written.
  func drain(until deadline: Int64) -> Bool {
    while flush() {
      if pending.isEmpty { return true }
      let left = deadline - SignalWait.monotonic()
      if left <= 0 { return false }
      var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      poll(&room, 1, Int32(left / 1000 + 1))
    }
    return false
  }
}
