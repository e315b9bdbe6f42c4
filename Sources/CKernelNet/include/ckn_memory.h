// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

#pragma once

/// Makes malloc(3) take blocks of so many bytes and more from the system one by one, and give each back when it is freed.
void ckn_map_blocks_from(int bytes);
