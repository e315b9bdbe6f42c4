// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// What look-ups may spend on processes in which the wanted sockets are not likely to be: so much each time, and what was
/// not spent is saved up to a limit.
///
/// The unit is a system call of one or two microseconds. A machine with a few thousand descriptors is searched whole
/// each time that a socket is new; on one with a hundred thousand, where a socket is gone before it is looked for, that
/// would be all that a recorder does.
struct SearchCredit {
  /// What is saved at the most.
  let most: Int
  /// What each look-up adds.
  let first: Int
  /// What one adds that looks again for a socket which is still there: it has a holder that can be found.
  let again: Int

  private(set) var left: Int

  /// Makes one that is full: enough to look at a thousand processes, or at ten thousand descriptors.
  init(most: Int = 10_000, first: Int = 500, again: Int = 2000) {
    self.most = most
    self.first = first
    self.again = again
    left = most
  }

  /// Begins a look-up.
  mutating func begin(isAgain: Bool) { left = min(most, left + (isAgain ? again : first)) }

  /// True where work may be begun that is likely to take so much. What takes more than can ever be saved may be begun
  /// when all is there.
  func allows(_ work: Int) -> Bool { left >= min(work, most) }

  /// Takes off what was spent.
  mutating func spend(_ work: Int) { left -= work }
}
