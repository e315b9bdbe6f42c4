// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0
//
// As many connections as there is time for, beside others that nothing happens to, in the network namespace it is started in:
//
//   churn PAIRS UDP RATE     PAIRS TCP connections and UDP connected UDP sockets that stay, and others that come and go
//
// The TCP connections that stay are to port 7000, the others to 7001; UDP sockets that stay are connected to 7002, the others
// to 7003. RATE is TCP connections a second, 0 for all that one processor can do; UDP sockets come and go 2,000 times a
// second. Says {"ready": …} when all that stays stands, {"opened": …, "udp": …, "seconds": …} when stdin ends, as it does too
// when the tests are killed: a signal at the death of the parent comes already when the thread ends that began this program.
// Tests compile it.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

// How many of those that come and go are open at any time.
enum { open_at_once = 64, udp_rate = 2000 };

static void fail(const char *what) {
  fprintf(stderr, "churn: %s: %s\n", what, strerror(errno));
  _exit(2);
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

/// 127.0.0.1 to 127.0.0.250: one address would run out of ports.
static struct sockaddr_in address(long number, uint16_t port) {
  struct sockaddr_in it = {.sin_family = AF_INET, .sin_port = htons(port)};
  it.sin_addr.s_addr = htonl(0x7F000001u + (uint32_t)(number % 250));
  return it;
}

static int make(int kind) {
  int descriptor = socket(AF_INET, kind | SOCK_CLOEXEC, 0);
  if (descriptor < 0) fail("socket");
  return descriptor;
}

static int listener(uint16_t port) {
  int descriptor = make(SOCK_STREAM), on = 1;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
  if (bind(descriptor, (struct sockaddr *)&any, sizeof any) != 0 || listen(descriptor, 4096) != 0) fail("listen");
  return descriptor;
}

static void join(int descriptor, long number, uint16_t port) {
  struct sockaddr_in peer = address(number, port);
  if (connect(descriptor, (struct sockaddr *)&peer, sizeof peer) != 0) fail("connect");
}

static void reset(int descriptor) {
  struct linger at_once = {.l_onoff = 1, .l_linger = 0};
  setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(descriptor);
}

int main(int count, char **words) {
  if (count != 4) {
    fputs("usage: churn PAIRS UDP RATE\n", stderr);
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  long pairs = atol(words[1]), datagrams = atol(words[2]), rate = atol(words[3]);
  int staying = listener(7000), passing = listener(7001);
  for (long each = 0; each < pairs; each++) {
    join(make(SOCK_STREAM), each, 7000);
    if (accept4(staying, NULL, NULL, SOCK_CLOEXEC) < 0) fail("accept");
  }
  for (long each = 0; each < datagrams; each++) join(make(SOCK_DGRAM), each, 7002);
  printf("{\"ready\": %ld, \"pid\": %d}\n", pairs * 2 + datagrams, getpid());
  fflush(stdout);

  int ends[open_at_once][2], sockets[open_at_once];
  memset(ends, -1, sizeof ends);
  memset(sockets, -1, sizeof sockets);
  int64_t start = now();
  long opened = 0, udp = 0;
  struct pollfd input = {.fd = 0, .events = POLLIN};
  for (long turn = 0;; turn++) {
    int64_t passed = now() - start;
    if (turn % 64 == 0 && poll(&input, 1, 0) != 0) break;
    while (udp * 1000000 < passed * udp_rate) {
      int *place = &sockets[udp % open_at_once];
      if (*place >= 0) close(*place);
      *place = make(SOCK_DGRAM);
      join(*place, udp++, 7003);
    }
    if (rate != 0 && opened * 1000000 >= passed * rate) {
      usleep(100);
      continue;
    }
    int *place = ends[opened % open_at_once];
    if (place[0] >= 0) {
      // One of eight goes as it should, and stays for a while as TIME_WAIT.
      for (int end = 0; end < 2; end++) opened % 8 == 0 ? (void)close(place[end]) : reset(place[end]);
    }
    place[0] = make(SOCK_STREAM);
    join(place[0], opened++, 7001);
    if ((place[1] = accept4(passing, NULL, NULL, SOCK_CLOEXEC)) < 0) fail("accept");
  }
  printf("{\"opened\": %ld, \"udp\": %ld, \"seconds\": %.3f}\n", opened, udp, (double)(now() - start) / 1e6);
  return 0;
}
