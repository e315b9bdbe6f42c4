// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "ctm_files.h"

int ctm_wake_open(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int ctm_signals_open(const int *signals, int count) {
  sigset_t set;
  sigemptyset(&set);
  for (int i = 0; i < count; i++) sigaddset(&set, signals[i]);
  return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int ctm_signals_next(int descriptor) {
  struct signalfd_siginfo info;
  ssize_t length;
  do {
    length = read(descriptor, &info, sizeof info);
  } while (length < 0 && errno == EINTR);
  return length == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}

int ctm_memory_file(const char *name, long bytes) {
  int descriptor = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (descriptor < 0) return -1;
  // Pages are taken as they are written. What would make it longer fails, so it bounds the memory that is taken.
  if (ftruncate(descriptor, bytes) != 0 || fcntl(descriptor, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) != 0) {
    int error = errno;
    close(descriptor);
    errno = error;
    return -1;
  }
  return descriptor;
}
