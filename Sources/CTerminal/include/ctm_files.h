// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

#pragma once

/// Opens a descriptor that other threads wake a poll(2) by (eventfd(2)); -1 and errno where there is none.
int ctm_wake_open(void);

/// Opens a descriptor that blocked signals are read from (signalfd(2)); -1 and errno where there is none.
int ctm_signals_open(const int *signals, int count);

/// Reads the next signal; 0 where none waits.
int ctm_signals_next(int descriptor);

/// Opens a file in memory that takes so many bytes and no more (memfd_create(2)); -1 and errno where there is none.
int ctm_memory_file(const char *name, long bytes);
