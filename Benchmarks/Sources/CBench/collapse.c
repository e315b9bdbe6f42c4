// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0
//
// RowDeduplicator.swift in C: open addressing, the upper half of the hash and the row's number plus one in a slot.

#include "collapse.h"

#include <stdlib.h>
#include <string.h>

enum { tcp_listen = 10, longest_chain = 32 };

/// Fixed, where ours is random: nobody attacks a benchmark.
static const uint64_t seed = 0x5851F42D4C957F2Dull;

static inline uint64_t mix(uint64_t one, uint64_t other) {
  unsigned __int128 product = (unsigned __int128)(one ^ seed) * (other ^ 0x9E3779B97F4A7C15ull);
  return (uint64_t)(product >> 64) ^ (uint64_t)product;
}

static inline uint64_t hash_ends(const cbench_row *row, bool v6) {
  uint64_t ports = (uint64_t)row->local.port << 16 | row->remote.port;
  uint64_t hash = mix(row->local.low ^ ports << 32, row->remote.low);
  if (v6) hash = mix(hash ^ row->local.high, row->remote.high);
  return mix(hash, ports);
}

static inline bool same_end(const cbench_end *one, const cbench_end *other) {
  return one->high == other->high && one->low == other->low && one->port == other->port;
}

static inline bool same_socket(const cbench_row *one, const cbench_row *other) {
  if (one->state == tcp_listen || other->state == tcp_listen)
    return one->inode == other->inode && one->state == other->state;
  return one->inode == other->inode || one->inode == 0 || other->inode == 0;
}

/// The number of the kept row that shows the same socket, or -1 where there is none, and the row is noted as `kept`.
static inline long find(const cbench_row *rows, size_t index, size_t kept, uint64_t *slots, uint64_t mask, bool v6) {
  const cbench_row *row = rows + index;
  bool shares_address = row->state == tcp_listen;
  uint64_t ends = hash_ends(row, v6);
  uint64_t hash = shares_address ? mix(ends, row->inode) : ends;
  int chain = 0;
  uint64_t slot = hash & mask;
  for (;;) {
    uint64_t entry = slots[slot];
    if (entry == 0) {
      slots[slot] = (hash & 0xFFFFFFFF00000000ull) | (kept + 1);
      return -1;
    }
    if ((entry ^ hash) >> 32 == 0) {
      const cbench_row *other = rows + ((entry & 0xFFFFFFFF) - 1);
      if (same_end(&other->local, &row->local) && same_end(&other->remote, &row->remote)) {
        if (same_socket(other, row)) return other - rows;
        if (++chain == longest_chain && !shares_address) {
          hash = mix(ends, row->inode);
          slot = hash & mask;
          continue;
        }
      }
    }
    slot = (slot + 1) & mask;
  }
}

size_t cbench_collapse(cbench_parser *parser, size_t count, bool v6) {
  if (count < 2) return count;
  size_t size = 16;
  while (size < 2 * count) size *= 2;
  if (parser->slot_capacity < size) {
    free(parser->slots);
    parser->slots = calloc(size, sizeof(uint64_t));
    if (!parser->slots) abort();
    parser->slot_capacity = size;
  } else {
    memset(parser->slots, 0, size * sizeof(uint64_t));
  }
  cbench_row *rows = parser->rows;
  size_t kept = 0;
  for (size_t index = 0; index < count; index++) {
    long same = find(rows, index, kept, parser->slots, size - 1, v6);
    if (same >= 0) {
      rows[same] = rows[index];
    } else {
      if (kept != index) rows[kept] = rows[index];
      kept++;
    }
  }
  return kept;
}
