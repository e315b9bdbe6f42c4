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
  /// Where its output goes, at best without waiting (O_NONBLOCK), and the sequences that restore it, which stay where they are.
  int output;
  const char *sequences;
  int length;
  /// Standard error's number, where it went before, the same to be written to without waiting, and the file that it goes
  /// to now; -1 where it was left alone.
  int errors;
  int errors_before;
  int errors_outlet;
  int errors_kept;
};

/// From now on a signal that ends the process restores the terminal first, but for SIGINT, SIGTERM and SIGHUP, which a
/// screen waits for; so does exit(3). SIGXFSZ is ignored meanwhile. Only one can be armed: false where one is.
bool ctm_crash_arm(const struct ctm_restoration *restoration);

/// The earlier handlers again.
void ctm_crash_disarm(void);

/// Gives the calling thread a stack for handlers, so that one that has used up its own can still restore the terminal.
/// It stays until the process ends; one that has one keeps it.
bool ctm_alternate_stack(void);

/// Copies what standard error was given while it was kept (errors_kept) to where it went before, as long as that takes
/// something within so many milliseconds.
void ctm_copy_kept(int kept, int target, int patience);
