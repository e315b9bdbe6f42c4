// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stddef.h>
#include <stdint.h>

/// Reads a file of /proc to its end and throws it away: what it costs the kernel to make it.
///
/// Returns the bytes, or -1 with errno set.
long cbench_read_file(const char *path, void *buffer, size_t size);

/// An open socket for asking sock_diag, or -1 with errno set.
int cbench_diag_open(void);

/// Asks for all TCP sockets of both families, as KernelNet does, and throws the answer away.
///
/// Returns the bytes, or -1 with errno set.
long cbench_diag_read(int descriptor, void *buffer, size_t size);

/// CPU seconds of the calling thread, as getrusage(2) splits them.
void cbench_split(double *user, double *system);

/// Calls `work`: a function with a name of its own, by which callgrind knows when to count.
void cbench_measured(void (*work)(void));
