// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

#pragma once

/// How many words the command line has, the program's name among them; 0 where the C library does not tell.
int ctm_argument_count(void);

/// One of them, as the kernel gave it.
const char *ctm_argument(int index);
