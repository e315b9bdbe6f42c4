// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

// What a full-screen view needs and Swift cannot import or must not do: descriptors that Linux has, and what runs in a
// signal handler, where nothing may allocate, lock or be initialised late.

#ifndef CTERMINAL_H
#define CTERMINAL_H

#include "ctm_arguments.h"
#include "ctm_crash.h"
#include "ctm_files.h"

#endif
