// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"

// Services as a busy machine has them. Those below 1024 take a namespace of one's own, or root.
static const uint16_t ports[] = {443, 80, 5432, 6379, 3306, 8080};
enum { port_count = sizeof ports / sizeof *ports };

/// How many sockets one process may hold: open files are limited, often to 20,000, for root too.
static long share_limit(void) {
  struct rlimit limit = {0};
  getrlimit(RLIMIT_NOFILE, &limit);
  long most = limit.rlim_cur > 15100 ? 15000 : (long)limit.rlim_cur - 100;
  return most < 8 ? 8 : most;
}

/// Closed without a word when the process ends, so that no TIME_WAIT is left for the next measurement.
static void close_at_once(int descriptor) {
  struct linger now = {.l_onoff = 1, .l_linger = 0};
  setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

/// In a child: opens exactly `count` sockets at an address of its own, which has the whole range of client ports.
static void hold(long count, uint32_t host) {
  long listeners = count / 8 < 1 ? 1 : count / 8;
  if (listeners > port_count) listeners = port_count;
  int listening[port_count];
  for (long each = 0; each < listeners; each++) listening[each] = load_listen(host, ports[each]);
  // An odd one out is one more listener.
  if ((count - listeners) % 2) load_listen(host, 9000);
  for (long each = 0; each < (count - listeners) / 2; each++) {
    struct sockaddr_in server = load_address(host, ports[each % listeners]);
    int client = load_socket();
    close_at_once(client);
    if (connect(client, (struct sockaddr *)&server, sizeof server) != 0) load_fail("connect");
    int accepted = accept(listening[each % listeners], NULL, NULL);
    if (accepted < 0) load_fail("accept");
    close_at_once(accepted);
  }
}

int load_steady(long count) {
  if (count < 3 || count > 2000000) {
    errno = EINVAL;
    load_fail("COUNT (3 to 2,000,000)");
  }
  long most = share_limit();
  long processes = (count + most - 1) / most;
  int standing[2];
  if (pipe(standing) != 0) load_fail("pipe");
  long left = count;
  for (long index = 0; index < processes; index++) {
    long share = left / (processes - index);
    left -= share;
    if (load_fork() == 0) {
      // 127.N.M.1, from 127.1.1.1 on.
      hold(share, 0x7F010101u + (uint32_t)(index / 250 << 16) + (uint32_t)(index % 250 << 8));
      if (write(standing[1], "!", 1) != 1) _exit(2);
      for (;;) pause();
    }
  }
  close(standing[1]);
  char byte;
  for (long index = 0; index < processes; index++) {
    if (read(standing[0], &byte, 1) != 1) return 2;
  }
  printf("{\"ready\": %ld, \"processes\": %ld}\n", count, processes);
  fflush(stdout);
  while (read(0, &byte, 1) > 0) {}
  load_end_children();
  return 0;
}
