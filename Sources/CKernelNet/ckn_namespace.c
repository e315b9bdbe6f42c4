// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

// setns(2) is in <sched.h> for those who ask for GNU's extensions only.
#define _GNU_SOURCE

#include "ckn_namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>

struct visit {
  int net_namespace;
  int (*work)(void *);
  void *argument;
  int result;
  int error;
};

static void *visit(void *argument) {
  struct visit *visit = argument;
  errno = 0;
  visit->result = setns(visit->net_namespace, CLONE_NEWNET) == 0 ? visit->work(visit->argument) : -1;
  visit->error = errno;
  return NULL;
}

int ckn_in_network(int net_namespace, int (*work)(void *), void *argument) {
  struct visit data = {net_namespace, work, argument, -1, 0};
  // Signals are for the program's own threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  int error = pthread_create(&thread, NULL, visit, &data);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (error == 0) {
    pthread_join(thread, NULL);
    error = data.error;
  }
  errno = error;
  return data.result;
}

static int open_path(void *path) { return open(path, O_RDONLY | O_CLOEXEC); }

int ckn_open_in_network(int net_namespace, const char *path) {
  return ckn_in_network(net_namespace, open_path, (void *)path);
}
