// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

@preconcurrency import Glibc

/// Waits that a request to stop ends: SIGINT, SIGTERM and SIGHUP are blocked and taken when they are waited for.
///
/// Nothing runs in a signal handler, so there is nothing that must be safe in one (signal-safety(7)). Made before
/// the first thread, since threads inherit what is blocked.
final class SignalWait {
  private var signals = sigset_t()
  private var earlier = sigset_t()
  /// The signal that asked to stop.
  private(set) var received: Int32?

  init() {
    sigemptyset(&signals)
    for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, signal) }
    pthread_sigmask(SIG_BLOCK, &signals, &earlier)
  }

  deinit { pthread_sigmask(SIG_SETMASK, &earlier, nil) }

  /// Waits until CLOCK_MONOTONIC reaches `deadline`, in microseconds.
  ///
  /// - Returns: false where a signal asked to stop.
  func wait(until deadline: Int64) -> Bool {
    while received == nil {
      let left = deadline - Self.monotonic()
      var timeout = timespec(
        tv_sec: Int(max(0, left) / 1_000_000), tv_nsec: Int(max(0, left) % 1_000_000) * 1000)
      let signal = sigtimedwait(&signals, nil, &timeout)
      if signal > 0 {
        received = signal
      } else if errno == EAGAIN {
        return true
      }
    }
    return false
  }

  /// CLOCK_MONOTONIC in microseconds.
  static func monotonic() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
  }
}
