// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0
//
// Load for the benchmark, in the network namespace it is started in:
//
//   benchload steady COUNT                      COUNT sockets that do nothing, until stdin ends
//   benchload churn RATE SECONDS LIFETIME_MS    RATE connections a second, evenly, when a line comes on stdin
//
// Says {"ready": COUNT} when everything stands, and after a churn how many connections there really were.

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

struct sockaddr_in load_address(uint32_t host, uint16_t port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(host)};
  return address;
}

void load_fail(const char *what) {
  fprintf(stderr, "benchload: %s: %s\n", what, strerror(errno));
  _exit(2);
}

int load_socket(void) {
  int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) load_fail("socket");
  return descriptor;
}

int load_listen(uint32_t host, uint16_t port) {
  int descriptor = load_socket();
  int on = 1;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = load_address(host, port);
  if (bind(descriptor, (struct sockaddr *)&address, sizeof address) != 0) load_fail("bind");
  if (listen(descriptor, 4096) != 0) load_fail("listen");
  return descriptor;
}

int64_t load_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static pid_t children[1024];
static int child_count = 0;

int load_fork(void) {
  if (child_count == sizeof children / sizeof *children) {
    errno = EAGAIN;
    load_fail("fork");
  }
  pid_t parent = getpid();
  int child = fork();
  if (child < 0) load_fail("fork");
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // It may have gone before that was said.
    if (getppid() != parent) _exit(0);
    return 0;
  }
  children[child_count++] = child;
  return child;
}

void load_end_children(void) {
  for (int each = 0; each < child_count; each++) kill(children[each], SIGKILL);
  for (int each = 0; each < child_count; each++) waitpid(children[each], NULL, 0);
}

int main(int count, char **words) {
  // An interrupt from the terminal is for the driver, which ends us.
  signal(SIGINT, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  if (count == 3 && strcmp(words[1], "steady") == 0) return load_steady(atol(words[2]));
  if (count == 5 && strcmp(words[1], "churn") == 0)
    return load_churn(atof(words[2]), atof(words[3]), (int64_t)(atof(words[4]) * 1000));
  fputs("usage: benchload steady COUNT | churn RATE SECONDS LIFETIME_MS\n", stderr);
  return 2;
}
