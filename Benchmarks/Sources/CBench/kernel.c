// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "cbench_kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

long cbench_read_file(const char *path, void *buffer, size_t size) {
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return -1;
  long total = 0;
  ssize_t got;
  // procfs gives at most a page a read; a short one is the last, and asking again would walk the table once more.
  do {
    got = read(descriptor, buffer, size);
    if (got > 0) total += got;
  } while (got >= 4096 - 512 || (got < 0 && errno == EINTR));
  int cause = errno;
  close(descriptor);
  errno = cause;
  return got < 0 ? -1 : total;
}

int cbench_diag_open(void) {
  int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (descriptor < 0) return -1;
  struct sockaddr_nl self = {.nl_family = AF_NETLINK};
  if (bind(descriptor, (struct sockaddr *)&self, sizeof self) == 0) return descriptor;
  close(descriptor);
  return -1;
}

long cbench_diag_read(int descriptor, void *buffer, size_t size) {
  struct {
    struct nlmsghdr header;
    struct inet_diag_req request;
  } message = {
      .header = {.nlmsg_len = sizeof message, .nlmsg_type = TCPDIAG_GETSOCK, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP, .nlmsg_seq = 1},
      .request = {.idiag_states = 0x1FFE},
  };
  if (send(descriptor, &message, sizeof message, 0) != sizeof message) return -1;
  long total = 0;
  for (;;) {
    ssize_t got = recv(descriptor, buffer, size, 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      return -1;
    }
    total += got;
    // The end of a dump is a message by itself or the last one of its datagram; a refusal is the first and only one.
    const struct nlmsghdr *first = buffer;
    const struct nlmsghdr *last = (const void *)((const char *)buffer + got - NLMSG_LENGTH(sizeof(int)));
    if (got < (ssize_t)NLMSG_LENGTH(sizeof(int)) || first->nlmsg_type == NLMSG_ERROR) return -1;
    if (last->nlmsg_type == NLMSG_DONE && last->nlmsg_len == NLMSG_LENGTH(sizeof(int))) return total;
  }
}

void cbench_split(double *user, double *system) {
  struct rusage usage;
  getrusage(RUSAGE_THREAD, &usage);
  *user = (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6;
  *system = (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6;
}

__attribute__((noinline)) void cbench_measured(void (*work)(void)) {
  work();
  // Not a tail call: the end of this function is where counting ends.
  __asm__ volatile("");
}
