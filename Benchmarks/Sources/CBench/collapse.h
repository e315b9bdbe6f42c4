// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cbench_parse.h"

/// Collapses rows of one socket among the first `count`, and gives how many stay.
size_t cbench_collapse(cbench_parser *parser, size_t count, bool v6);
