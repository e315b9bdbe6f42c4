// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0
//
// ProcNet's parser in C, step for step: KernelRow.swift, TableLines.swift, Digits.swift. The same checks in the same order, so
// that what differs is the language.

#include "cbench_parse.h"

#include <stdlib.h>
#include <string.h>

#include "collapse.h"

#define ONES 0x0101010101010101ull
#define SPACES 0x2020202020202020ull

static inline uint64_t word(const uint8_t *at) {
  uint64_t bytes;
  memcpy(&bytes, at, 8);
  return bytes;
}

static inline uint64_t half(const uint8_t *at) {
  uint32_t bytes;
  memcpy(&bytes, at, 4);
  return bytes;
}

static inline uint64_t pair(const uint8_t *at) {
  uint16_t bytes;
  memcpy(&bytes, at, 2);
  return bytes;
}

/// How many of the lowest bytes are 0 where `mark` has none of their bits: 8 for none.
static inline int leading(uint64_t mark) { return mark ? __builtin_ctzll(mark) >> 3 : 8; }

/// The high bit of each byte that is no hexadecimal digit.
static inline uint64_t hex_invalid(uint64_t digits) {
  uint64_t plain = digits & (0x7F * ONES);
  uint64_t lower = plain | (0x20 * ONES);
  uint64_t digit = (plain + 0x50 * ONES) & ~(plain + 0x46 * ONES);
  uint64_t letter = (lower + 0x1F * ONES) & ~(lower + 0x19 * ONES);
  return (digits | ~(digit | letter)) & (0x80 * ONES);
}

/// The four bytes that eight digits spell, the first digits' byte lowest.
static inline uint32_t hex_bytes(uint64_t digits) {
  uint64_t nibbles = (digits & 0x0F0F0F0F0F0F0F0Full) + ((digits >> 6) & ONES) * 9;
  uint64_t spelled = ((nibbles << 4) | (nibbles >> 8)) & 0x00FF00FF00FF00FFull;
  spelled = (spelled | (spelled >> 8)) & 0x0000FFFF0000FFFFull;
  return (uint32_t)(spelled | (spelled >> 16));
}

static inline uint32_t hex_number(uint64_t digits) { return __builtin_bswap32(hex_bytes(digits)); }

/// How many of the first bytes are 0–9.
static inline int decimal_count(uint64_t bytes) {
  uint64_t shifted = bytes ^ 0x3030303030303030ull;
  return leading((((shifted & 0x7F7F7F7F7F7F7F7Full) + 0x7676767676767676ull) | shifted) & 0x8080808080808080ull);
}

/// The number that the first `count` bytes spell, 1 to 8.
static inline uint64_t decimal_number(uint64_t bytes, int count) {
  uint64_t sum = ((bytes ^ 0x3030303030303030ull) << (64 - 8 * count)) & 0x0F0F0F0F0F0F0F0Full;
  sum = sum * 10 + (sum >> 8);
  uint64_t high = (sum & 0x000000FF000000FFull) * 0x000F424000000064ull;
  uint64_t low = ((sum >> 16) & 0x000000FF000000FFull) * 0x0000271000000001ull;
  return (high + low) >> 32;
}

static inline int leading_blanks(uint64_t bytes) { return leading(bytes ^ SPACES); }

/// Reads blanks, at most 15 digits and one blank from `*offset` on, and moves it behind them.
static inline bool decimal(const uint8_t *line, size_t *offset, uint64_t *number) {
  int blanks = leading_blanks(word(line + *offset));
  if (blanks >= 8) return false;
  size_t position = *offset + (size_t)blanks;
  uint64_t first = word(line + position);
  int count = decimal_count(first);
  if (count == 0) return false;
  *number = decimal_number(first, count);
  position += (size_t)count;
  if (count == 8) {
    uint64_t second = word(line + position);
    count = decimal_count(second);
    if (count >= 8) return false;
    if (count > 0) {
      for (int each = 0; each < count; each++) *number *= 10;
      *number += decimal_number(second, count);
      position += (size_t)count;
    }
  }
  if (line[position] != ' ') return false;
  *offset = position + 1;
  return true;
}

static inline uint64_t address_word(uint64_t digits, uint64_t *invalid) {
  *invalid |= hex_invalid(digits);
  return hex_bytes(digits);
}

static inline cbench_end address(const uint8_t *text, bool v6, uint64_t *invalid) {
  cbench_end end = {0};
  if (v6) {
    end.high = address_word(word(text), invalid) << 32 | address_word(word(text + 8), invalid);
    end.low = address_word(word(text + 16), invalid) << 32 | address_word(word(text + 24), invalid);
  } else {
    end.low = 0xFFFF00000000ull | address_word(word(text), invalid);
  }
  return end;
}

/// Reads the row that starts at `line`; false where it is not laid out as the kernel does. `*length` are the bytes up to the
/// end of its tenth column.
static inline bool parse_row(const uint8_t *line, bool v6, cbench_row *row, size_t *length) {
  int blanks = leading_blanks(word(line));
  if (blanks >= 8) return false;
  int digits = decimal_count(word(line + blanks));
  if (digits == 0 || digits >= 8) return false;
  size_t colon = (size_t)(blanks + digits);
  if (pair(line + colon) != 0x203A) return false;

  const uint8_t *fixed = line + colon + 2;
  size_t width = v6 ? 32 : 8;
  uint8_t wrong = (fixed[width] ^ ':') | (fixed[width + 5] ^ ' ') | (fixed[2 * width + 6] ^ ':');
  wrong |= (fixed[2 * width + 11] ^ ' ') | (fixed[2 * width + 14] ^ ' ');
  wrong |= (fixed[2 * width + 23] ^ ':') | (fixed[2 * width + 32] ^ ' ');
  wrong |= (fixed[2 * width + 35] ^ ':') | (fixed[2 * width + 44] ^ ' ');
  wrong |= fixed[2 * width + 53] ^ ' ';
  uint64_t ports = half(fixed + width + 1) | half(fixed + 2 * width + 7) << 32;
  uint64_t small = pair(fixed + 2 * width + 12) | pair(fixed + 2 * width + 33) << 16 | 0x3030303000000000ull;
  uint64_t send_queue = word(fixed + 2 * width + 15);
  uint64_t receive_queue = word(fixed + 2 * width + 24);
  uint64_t invalid = hex_invalid(ports) | hex_invalid(small);
  invalid |= hex_invalid(send_queue) | hex_invalid(receive_queue);
  invalid |= hex_invalid(word(fixed + 2 * width + 36)) | hex_invalid(word(fixed + 2 * width + 45));
  row->local = address(fixed, v6, &invalid);
  row->remote = address(fixed + width + 6, v6, &invalid);
  if (wrong != 0 || invalid != 0) return false;

  size_t end = colon + 2 + 2 * width + 54;
  uint64_t uid, timeout, inode;
  if (!decimal(line, &end, &uid) || uid > UINT32_MAX || !decimal(line, &end, &timeout) || !decimal(line, &end, &inode))
    return false;
  *length = end - 1;

  uint32_t port_numbers = hex_number(ports);
  row->local.port = (uint16_t)(port_numbers >> 16);
  row->remote.port = (uint16_t)port_numbers;
  row->state = (uint8_t)hex_bytes(small);
  row->inode = inode;
  // The kernel keeps no user for a connection in its timewait form.
  row->uid = row->state == 6 || (row->state == 5 && inode == 0) ? UINT32_MAX : (uint32_t)uid;
  row->receive_queue = hex_number(receive_queue);
  row->send_queue = hex_number(send_queue);
  return true;
}

/// The offset of the line end from `at` on, `count` where there is none; `*odd` where there are bytes outside printable ASCII.
static inline size_t line_end(const uint8_t *bytes, size_t count, size_t at, bool *odd) {
  *odd = false;
  while (at + 8 <= count) {
    uint64_t next = word(bytes + at);
    uint64_t special = ((next - SPACES) | next) & (0x80 * ONES);
    if (special == 0) {
      at += 8;
      continue;
    }
    at += (size_t)(__builtin_ctzll(special) >> 3);
    if (bytes[at] == '\n') return at;
    *odd = true;
    at++;
  }
  for (; at < count; at++) {
    if (bytes[at] == '\n') return at;
    if (bytes[at] < 0x20 || bytes[at] > 0x7F) *odd = true;
  }
  return count;
}

static void *grown(void *memory, size_t size) {
  void *larger = realloc(memory, size);
  if (!larger) abort();
  return larger;
}

cbench_result cbench_parse(cbench_parser *parser, const uint8_t *bytes, size_t count, bool v6) {
  cbench_result result = {0};
  const uint8_t *newline = memchr(bytes, '\n', count);
  result.has_header = newline && count > 20 && memcmp(bytes, "  sl  local_address", 19) == 0;
  if (!result.has_header) return result;
  size_t at = (size_t)(newline - bytes) + 1;

  size_t expected = (count - at) / 160 + 1;
  if (!v6) expected = (count - at) / 150 + 1;
  if (parser->row_capacity < expected) {
    parser->rows = grown(parser->rows, expected * sizeof(cbench_row));
    parser->row_capacity = expected;
  }
  size_t rows = 0;
  uint8_t last[256];
  size_t reach = 16 + 54 + (v6 ? 64 : 16) + 72 + 8;
  while (at < count) {
    cbench_row row;
    size_t length;
    bool odd;
    const uint8_t *line = bytes + at;
    if (at + reach > count) {
      // Nothing may be read behind the table: its last line is looked at where there is room.
      memset(last, 0, sizeof last);
      memcpy(last, line, count - at);
      line = last;
    }
    if (parse_row(line, v6, &row, &length) && row.state != 7) {
      size_t end = line_end(bytes, count, at + length, &odd);
      if (end < count && !odd && end - at <= 4096) {
        if (rows == parser->row_capacity) {
          parser->row_capacity *= 2;
          parser->rows = grown(parser->rows, parser->row_capacity * sizeof(cbench_row));
        }
        parser->rows[rows++] = row;
        at = end + 1;
        continue;
      }
    }
    result.odd_lines++;
    at = line_end(bytes, count, at, &odd) + 1;
  }
  result.rows = cbench_collapse(parser, rows, v6);
  result.duplicates = rows - result.rows;
  return result;
}

void cbench_free(cbench_parser *parser) {
  free(parser->rows);
  free(parser->slots);
  memset(parser, 0, sizeof *parser);
}
