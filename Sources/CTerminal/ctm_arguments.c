// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

#include "ctm_arguments.h"

static int count;
static char **words;

// glibc gives main's arguments to constructors too. Swift reads them from /proc/self/cmdline, which need not be there.
__attribute__((constructor)) static void keep(int argc, char **argv) {
  count = argc;
  words = argv;
}

int ctm_argument_count(void) { return count; }

const char *ctm_argument(int index) { return words[index]; }
