// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Why attempts to connect came to nothing.
extension LifeTable {
  /// How many failed attempts are kept at least and at the most: their errors follow within microseconds, but other
  /// CPUs' events come between.
  private static let keptFailed = 64...128

  /// Notes that a traced socket went from SYN_SENT to CLOSE, for the error that may follow.
  mutating func noteFailed(_ change: StateChange) {
    let ends = SocketEnds(proto: change.proto, local: change.local, remote: change.remote)
    if failed.count == Self.keptFailed.upperBound {
      failed.removeFirst(failed.count - Self.keptFailed.lowerBound)
    }
    failed.append((change.socket, ends))
  }

  /// Tells the attempt that an error is of how it ended. The error names the ends alone: these may be another
  /// connection's too, so only a socket that has just failed is meant.
  mutating func tell(_ failure: SocketFailure) {
    guard let place = failed.lastIndex(where: { $0.ends == failure.ends }) else { return }
    let socket = failed.remove(at: place).socket
    guard let traced = book[socket], traced.state == .close else { return }
    book[socket]?.outcome = failure.outcome
    guard traced.slot >= 0, slots[traced.slot].socket == socket else { return }
    lives[traced.slot].outcome = failure.outcome
    touch(traced.slot)
  }
}
