// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cbench_kernel.h"
#include "cbench_parse.h"
