// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Why attempts to connect came to nothing.
extension LifeTable {
  /// The latest of something that is asked for within microseconds, but with other CPUs' events between.
  struct Lately<Element: Sendable>: Sendable {
    private(set) var elements: [Element] = []

    /// How many are kept at least and at the most.
    private static var kept: ClosedRange<Int> { 64...128 }

    mutating func add(_ element: Element) {
      if elements.count == Self.kept.upperBound {
        elements.removeFirst(elements.count - Self.kept.lowerBound)
      }
      elements.append(element)
    }

    /// The latest that fits.
    func last(where fits: (Element) -> Bool) -> Element? { elements.last(where: fits) }

    /// Takes out the latest that fits.
    mutating func take(where fits: (Element) -> Bool) -> Element? {
      elements.lastIndex(where: fits).map { elements.remove(at: $0) }
    }

    mutating func removeAll() { elements.removeAll() }
  }

  /// How long an answer of our own is on its way, in microseconds.
  private static let ownAnswerTakes: Int64 = 1000

  /// A traced socket goes from SYN_SENT to CLOSE, and the error may follow.
  ///
  /// One that came while the process was still about to send the SYN, since it is of this machine, has ended nothing: the
  /// kernel keeps it in mind, and a process that does not wait for a second SYN hears of it and closes the socket.
  mutating func noteFailed(_ change: StateChange) {
    let ends = SocketEnds(proto: change.proto, local: change.local, remote: change.remote)
    failed.add((change.socket, ends))
    guard let opened = book[change.socket]?.openedBoot,
      let warning = warned.take(where: { $0.failure.ends == ends && $0.boot >= opened })
    else { return }
    book[change.socket]?.outcome = warning.failure.outcome
  }

  /// Tells the attempt that an error is of how it ended. The error names the ends alone: these may be another
  /// connection's too, so only a socket that has just failed is meant.
  mutating func tell(_ failure: SocketFailure, _ boot: Int64) {
    guard let outcome = failure.outcome else {
      let (local, remote) = (failure.ends.local.address, failure.ends.remote.address)
      let own = answers.last {
        $0.answer.source == local && $0.answer.destination == remote && boot - $0.boot < Self.ownAnswerTakes
      }
      // Firewalls say "port unreachable" unless they are told otherwise.
      warned.add((SocketFailure(ends: failure.ends, outcome: own?.answer.outcome ?? .refused), boot))
      return
    }
    guard let socket = failed.take(where: { $0.ends == failure.ends })?.socket,
      let traced = book[socket], traced.state == .close
    else { return }
    book[socket]?.outcome = outcome
    guard traced.slot >= 0, slots[traced.slot].socket == socket else { return }
    lives[traced.slot].outcome = outcome
    touch(traced.slot)
  }

  /// Forgets what may have lost its other half.
  mutating func forgetFailures() {
    failed.removeAll()
    warned.removeAll()
    answers.removeAll()
  }
}
