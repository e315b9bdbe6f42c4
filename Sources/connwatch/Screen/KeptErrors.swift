// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import CTerminal
@preconcurrency import Glibc

/// Standard error while a screen is shown: what libraries and the Swift runtime write to the terminal would lie across it,
/// so it goes to a file in memory, and from there to the terminal when the screen is left.
struct KeptErrors {
  /// The most that is kept, in bytes; more is lost.
  private static let limit = 1 << 20

  /// What is redirected, where it went, and the file.
  private let errors: Int32
  let before: Int32
  /// The same as ``before``, to be written to without waiting for it; -1 where that cannot be had.
  private let own: Int32
  let file: Int32

  /// - Returns: nil where it is no terminal, or cannot be kept: it then stays as it is.
  init?(_ errors: Int32) {
    guard isatty(errors) == 1 else { return nil }
    let file = ctm_memory_file("standard error", Self.limit)
    guard file >= 0 else { return nil }
    let before = fcntl(errors, F_DUPFD_CLOEXEC, 3)
    guard before >= 0, dup2(file, errors) >= 0 else {
      if before >= 0 { close(before) }
      close(file)
      return nil
    }
    self.errors = errors
    self.before = before
    own = TerminalOutput.reopen(before)
    self.file = file
  }

  /// What is written to when all is over.
  var outlet: Int32 { own >= 0 ? own : before }

  /// Redirects it back, and tells what was written.
  ///
  /// - Parameter patience: how long it is waited for, in milliseconds.
  func release(patience: Int32) {
    dup2(before, errors)
    ctm_copy_kept(file, outlet, patience)
    close(before)
    if own >= 0 { close(own) }
    close(file)
  }
}
