// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// An address in two numbers of network order, v4-mapped for IPv4, and a port.
typedef struct {
  uint64_t high, low;
  uint16_t port;
} cbench_end;

/// One socket: the fields of ConnCore's SocketRow, in as many bytes.
typedef struct {
  cbench_end local, remote;
  uint64_t inode;
  uint32_t receive_queue, send_queue;
  uint32_t uid;
  uint8_t state;
} cbench_row;

/// What came of a table.
typedef struct {
  /// Rows that were kept, and those that repeated one of them.
  size_t rows, duplicates;
  /// Lines that the kernel would not print so: ProcNet looks at them column by column, this one passes over them.
  size_t odd_lines;
  bool has_header;
} cbench_result;

/// Memory that is kept from one table to the next.
typedef struct {
  cbench_row *rows;
  size_t row_capacity;
  uint64_t *slots;
  size_t slot_capacity;
} cbench_parser;

/// Reads a whole table of /proc/net/tcp (or tcp6) by the algorithm of ProcNet's SocketTableParser: eight digits at a time, each
/// byte checked, rows of one socket collapsed by a hash of their ends. `parser->rows` has the rows afterwards.
cbench_result cbench_parse(cbench_parser *parser, const uint8_t *bytes, size_t count, bool v6);

/// Gives the memory back.
void cbench_free(cbench_parser *parser);
