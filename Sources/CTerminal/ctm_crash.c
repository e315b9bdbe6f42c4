// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "ctm_crash.h"

/// Faults: each is restored for, whoever handles it otherwise.
static bool is_fault(int signal) {
  switch (signal) {
    case SIGSEGV: case SIGBUS: case SIGILL: case SIGFPE: case SIGABRT: case SIGTRAP: case SIGSYS: case SIGQUIT:
      return true;
    default: return false;
  }
}

/// The others that end a process which does not handle them, but for those that a screen waits for.
static bool ends(int signal) {
  switch (signal) {
    case SIGUSR1: case SIGUSR2: case SIGPIPE: case SIGALRM: case SIGVTALRM: case SIGPROF: case SIGXCPU: case SIGIO:
    case SIGPWR:
#ifdef SIGSTKFLT
    case SIGSTKFLT:
#endif
      return true;
    default: return signal >= SIGRTMIN && signal <= SIGRTMAX;
  }
}

/// Sixteen pages: room for a handler that was installed before and runs after ours.
enum { stack_bytes = 65536 };

static struct ctm_restoration armed_restoration;
static struct termios armed_modes;
static struct sigaction earlier[NSIG];
static bool installed[NSIG];
enum { idle, armed, restoring };
/// Of two threads that crash one restores, and the other waits for it before the process ends.
static atomic_int phase;
static atomic_int taken;

/// Writes all. A terminal that must not be waited for (O_NONBLOCK) and takes nothing for so many milliseconds is left as
/// it is: false.
static bool write_all(int descriptor, const char *bytes, size_t length, int patience) {
  while (length > 0) {
    ssize_t written = write(descriptor, bytes, length);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) {
      struct pollfd room = {.fd = descriptor, .events = POLLOUT};
      if (patience == 0 || poll(&room, 1, patience) <= 0) return false;
      continue;
    }
    if (written <= 0) return false;
    bytes += written;
    length -= (size_t)written;
  }
  return true;
}

void ctm_copy_kept(int kept, int target, int patience) {
  // The descriptors that write to it share its offset: that is how much was written.
  off_t end = lseek(kept, 0, SEEK_CUR);
  char block[1024];
  for (off_t at = 0; at < end;) {
    size_t most = end - at < (off_t)sizeof block ? (size_t)(end - at) : sizeof block;
    ssize_t length = pread(kept, block, most, at);
    if (length < 0 && errno == EINTR) continue;
    if (length <= 0 || !write_all(target, block, (size_t)length, patience)) return;
    at += length;
  }
}

/// Only what signal-safety(7) allows.
static void restore(void) {
  int found = armed;
  if (!atomic_compare_exchange_strong(&phase, &found, restoring)) {
    const struct timespec moment = {.tv_nsec = 1000000};
    for (int i = 0; i < 5000 && atomic_load(&phase) == restoring; i++) nanosleep(&moment, NULL);
    return;
  }
  const struct ctm_restoration *screen = &armed_restoration;
  bool is_read = write_all(screen->output, screen->sequences, (size_t)screen->length, 1000);
  // Not TCSADRAIN: a process that dies waits for no terminal.
  while (tcsetattr(screen->terminal, TCSANOW, &armed_modes) != 0 && errno == EINTR) {
  }
  if (screen->errors_kept >= 0 && is_read) {
    dup2(screen->errors_before, screen->errors);
    ctm_copy_kept(screen->errors_kept, screen->errors_outlet, 1000);
  } else if (screen->errors_kept >= 0 && isatty(STDOUT_FILENO)) {
    // Nobody reads: standard error stays in its file, and standard output joins it, since whoever tells of the crash (the
    // runtime, with its backtrace) would wait there.
    dup2(screen->errors_kept, STDOUT_FILENO);
  }
  atomic_store(&phase, idle);
}

static void crash(int signal, siginfo_t *info, void *context) {
  (void)context;
  int error = errno;
  restore();
  struct sigaction action = earlier[signal];
  if (info->si_code <= 0) {
    // Sent by somebody, it does not come again by itself as a fault does: a handler that tells of it and returns (the
    // runtime's, with its backtrace) would let the process go on without its screen.
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
  }
  sigaction(signal, &action, NULL);
  // The signal is blocked until this returns, and comes again where it came, with all that it told: the earlier handler,
  // a core dump and whoever waits for the process see the fault and not us.
  if (syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid), signal, info) != 0) raise(signal);
  errno = error;
}

/// exit(3) without leaving the screen first.
static void at_exit(void) {
  sigset_t stop, before;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTTOU);
  pthread_sigmask(SIG_BLOCK, &stop, &before);
  restore();
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

bool ctm_crash_arm(const struct ctm_restoration *restoration) {
  static atomic_int registered;
  if (atomic_exchange(&taken, 1) != 0) return false;
  if (atomic_exchange(&registered, 1) == 0) atexit(at_exit);
  armed_restoration = *restoration;
  memcpy(&armed_modes, restoration->modes, sizeof armed_modes);
  atomic_store(&phase, armed);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = crash;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (int i = 1; i < NSIG; i++) {
    if (is_fault(i) || ends(i)) sigaddset(&action.sa_mask, i);
  }
  // In the background tcsetattr(3) would stop the process.
  sigaddset(&action.sa_mask, SIGTTOU);
  struct sigaction ignore;
  memset(&ignore, 0, sizeof ignore);
  ignore.sa_handler = SIG_IGN;
  for (int i = 1; i < NSIG; i++) {
    if (!is_fault(i) && !ends(i) && i != SIGXFSZ) continue;
    if (sigaction(i, NULL, &earlier[i]) != 0 || earlier[i].sa_handler == SIG_IGN) continue;
    // Whoever handles one that is no fault goes on after it.
    if (!is_fault(i) && earlier[i].sa_handler != SIG_DFL) continue;
    // A file that may grow no more is told by write(2).
    installed[i] = sigaction(i, i == SIGXFSZ ? &ignore : &action, NULL) == 0;
  }
  return true;
}

void ctm_crash_disarm(void) {
  if (atomic_load(&taken) == 0) return;
  for (int i = 1; i < NSIG; i++) {
    if (installed[i]) sigaction(i, &earlier[i], NULL);
    installed[i] = false;
  }
  atomic_store(&phase, idle);
  atomic_store(&taken, 0);
}

bool ctm_alternate_stack(void) {
  stack_t stack;
  memset(&stack, 0, sizeof stack);
  if (sigaltstack(NULL, &stack) == 0 && !(stack.ss_flags & SS_DISABLE)) return true;
  void *place = mmap(NULL, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (place == MAP_FAILED) return false;
  memset(&stack, 0, sizeof stack);
  stack.ss_sp = place;
  stack.ss_size = stack_bytes;
  if (sigaltstack(&stack, NULL) == 0) return true;
  munmap(place, stack_bytes);
  return false;
}
