// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "ckn_netlink.h"

#include "ckn_namespace.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>

struct job {
  int protocol;
  struct ckn_socket made;
};

static int open_socket(void *argument) {
  struct job *job = argument;
  int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, job->protocol);
  job->made = (struct ckn_socket){.descriptor = descriptor, .error = descriptor < 0 ? errno : 0};
  return 0;
}

struct ckn_socket ckn_netlink_socket(int netns, int protocol) {
  struct job job = {.protocol = protocol};
  if (netns < 0) {
    open_socket(&job);
  } else if (ckn_in_network(netns, open_socket, &job) != 0) {
    job.made = (struct ckn_socket){.descriptor = -1, .error = errno, .at_namespace = 1};
  }
  return job.made;
}

int ckn_receive_batch(int descriptor, void *memory, unsigned slot, unsigned count, unsigned *lengths) {
  enum { most = 64 };
  struct mmsghdr messages[most];
  struct iovec parts[most];
  struct sockaddr_nl senders[most];
  if (count > most) count = most;
  for (unsigned index = 0; index < count; index++) {
    parts[index] = (struct iovec){(char *)memory + (size_t)index * slot, slot};
    messages[index].msg_hdr = (struct msghdr){
        .msg_name = &senders[index], .msg_namelen = sizeof senders[index], .msg_iov = &parts[index], .msg_iovlen = 1};
  }
  int got;
  do got = recvmmsg(descriptor, messages, count, MSG_DONTWAIT, NULL);
  while (got < 0 && errno == EINTR);
  if (got < 0) return -errno;
  for (int index = 0; index < got; index++)
    lengths[index] = senders[index].nl_pid == 0 ? messages[index].msg_len : 0;
  return got;
}

long ckn_receive(int descriptor, void *memory, unsigned long size) {
  struct sockaddr_nl sender;
  socklen_t length;
  ssize_t got;
  do {
    length = sizeof sender;
    got = recvfrom(descriptor, memory, size, MSG_TRUNC, (struct sockaddr *)&sender, &length);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return -errno;
  return sender.nl_pid == 0 ? got : 0;
}
