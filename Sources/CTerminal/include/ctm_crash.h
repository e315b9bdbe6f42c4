// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

#pragma once

// No header of the system's beside this one: Swift would take its types for this module's.
#include <stdbool.h>

/// How a terminal is to be left by a process that dies.
struct ctm_restoration {
  /// The terminal, and how it was: a struct termios, which is copied.
  int terminal;
  const void *modes;
  /// Where its output goes, and the sequences that restore it, which stay where they are.
  int output;
  const char *sequences;
  int length;
  /// Standard error's number, where it went before, and the file that it goes to now; -1 where it was left alone.
  int errors;
  int errors_before;
  int errors_kept;
};

/// From now on a signal that ends the process by a fault restores the terminal first; so does exit(3). Only one can be
/// armed: false where one is.
bool ctm_crash_arm(const struct ctm_restoration *restoration);

/// The earlier handlers again.
void ctm_crash_disarm(void);

/// Gives the calling thread a stack for handlers, so that one that has used up its own can still restore the terminal.
/// It stays until the process ends; one that has one keeps it.
bool ctm_alternate_stack(void);

/// Copies what standard error was given while it was kept (errors_kept) to where it went before.
void ctm_copy_kept(int kept, int target);
