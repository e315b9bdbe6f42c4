// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Asks whoever samples for everything that is open: a new file does not have it.
public final class EverythingWanted: Sendable {
  private let flag = Atomic(false)

  init() {}

  /// True while nobody has taken the question.
  var isAsked: Bool { flag.load(ordering: .acquiring) }

  func ask() { flag.store(true, ordering: .releasing) }

  /// True where it was asked since the last time. Whoever takes it hands over a batch that is ``Batch/isEverything``.
  public func take() -> Bool { flag.exchange(false, ordering: .acquiringAndReleasing) }
}
