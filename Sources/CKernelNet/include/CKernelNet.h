// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

// What Swift cannot import of the kernel's headers and of glibc.

#ifndef CKERNELNET_H
#define CKERNELNET_H

#include "ckn_memory.h"
#include "ckn_namespace.h"
#include "ckn_netlink.h"
#include "ckn_trace.h"

#endif
