// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <netinet/in.h>
#include <stdint.h>

/// Where a socket of the load is bound or connects to.
struct sockaddr_in load_address(uint32_t host, uint16_t port);

/// A new TCP socket, or the end of this process with the reason.
int load_socket(void);

/// A listener, or the end of this process with the reason.
int load_listen(uint32_t host, uint16_t port);

/// Ends this process, saying what failed and why.
_Noreturn void load_fail(const char *what);

/// Microseconds of CLOCK_MONOTONIC.
int64_t load_now(void);

/// A child of its own, which is gone as soon as this process is: returns 0 in it.
int load_fork(void);

/// Ends the children and waits until they, and with them their sockets, are gone.
void load_end_children(void);

/// `count` sockets that do nothing, ends of connections and listeners together, until stdin ends.
int load_steady(long count);

/// `rate` connections a second for `seconds`, each closed by the client after `lifetime` microseconds. Begins when a line
/// comes on stdin.
int load_churn(double rate, double seconds, int64_t lifetime);
