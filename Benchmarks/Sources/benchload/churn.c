// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

enum { service_port = 8000, addresses = 64 };

/// Addresses 127.200.0.1 to 127.200.0.64: the client's end of a closed connection keeps its tuple for a minute, and one
/// address would run out of ports.
static uint32_t service_host(long number) { return 0x7FC80001u + (uint32_t)(number % addresses); }

/// In a child: accepts, reads what there is, and closes when the client has.
static void serve(int listener) {
  fcntl(listener, F_SETFL, O_NONBLOCK);
  int poll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event wanted = {.events = EPOLLIN, .data.fd = listener};
  if (poll < 0 || epoll_ctl(poll, EPOLL_CTL_ADD, listener, &wanted) != 0) load_fail("epoll");
  struct epoll_event events[256];
  for (;;) {
    int count = epoll_wait(poll, events, 256, -1);
    for (int each = 0; each < count; each++) {
      int descriptor = events[each].data.fd;
      if (descriptor == listener) {
        int client;
        while ((client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
          struct epoll_event event = {.events = EPOLLIN, .data.fd = client};
          epoll_ctl(poll, EPOLL_CTL_ADD, client, &event);
        }
      } else {
        char bytes[64];
        ssize_t got = read(descriptor, bytes, sizeof bytes);
        if (got == 0 || (got < 0 && errno != EAGAIN)) close(descriptor);
      }
    }
  }
}

/// An open connection and when it is to be closed.
struct open_one {
  int descriptor;
  int64_t due;
};

static void sleep_until(int64_t due) {
  struct timespec moment = {.tv_sec = due / 1000000, .tv_nsec = due % 1000000 * 1000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &moment, NULL) == EINTR) {}
}

int load_churn(double rate, double seconds, int64_t lifetime) {
  long total = (long)(rate * seconds + 0.5);
  if (rate <= 0 || total < 1 || lifetime < 0) {
    errno = EINVAL;
    load_fail("RATE SECONDS LIFETIME_MS");
  }
  int listener = load_listen(INADDR_ANY, service_port);
  if (load_fork() == 0) {
    serve(listener);
    _exit(0);
  }
  close(listener);
  struct open_one *line = calloc((size_t)total, sizeof *line);
  if (!line) load_fail("calloc");
  printf("{\"ready\": %ld}\n", total);
  fflush(stdout);
  char byte;
  if (read(0, &byte, 1) != 1) return 0;

  long done = 0, failed = 0, opened = 0, closed = 0;
  int64_t start = load_now(), latest = 0;
  while (done < total || closed < opened) {
    int64_t now = load_now();
    while (closed < opened && line[closed].due <= now) close(line[closed++].descriptor);
    int64_t next = closed < opened ? line[closed].due : INT64_MAX;
    if (done < total) {
      int64_t due = start + (int64_t)((double)done * 1e6 / rate);
      if (due <= now) {
        if (now - due > latest) latest = now - due;
        int descriptor = load_socket();
        struct sockaddr_in server = load_address(service_host(done), service_port);
        done++;
        if (connect(descriptor, (struct sockaddr *)&server, sizeof server) == 0 && write(descriptor, "x", 1) == 1) {
          line[opened++] = (struct open_one){descriptor, load_now() + lifetime};
        } else {
          failed++;
          close(descriptor);
        }
        continue;
      }
      if (due < next) next = due;
    }
    if (next != INT64_MAX && next > now) sleep_until(next);
  }
  printf("{\"opened\": %ld, \"failed\": %ld, \"seconds\": %.6f, \"late_ms\": %.3f}\n", opened, failed,
         (double)(load_now() - start) / 1e6, (double)latest / 1e3);
  fflush(stdout);
  // The namespace's listener stays until we are told.
  while (read(0, &byte, 1) > 0) {}
  load_end_children();
  return 0;
}
