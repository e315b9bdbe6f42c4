// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "faults.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

// A sanitizer's own start calls some of these before it is ready to watch anything.
#pragma clang attribute push(__attribute__((no_sanitize("address", "thread", "undefined"))), apply_to = function)

enum kind { OPEN, READ, SKIP, SLOW, WRITE, SYNC, STATFS };

struct rule {
  enum kind kind;
  char pattern[200];
  long number;
  long after;
};

enum { MOST_RULES = 32, MOST_FILES = 1024 };

static struct rule rules[MOST_RULES];
static int rule_count;
static long long realtime_offset, boottime_offset;
static long receive_limit;
static uint64_t known;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

// By descriptor: the path as it was opened, and how much of it was read.
static struct {
  char path[200];
  long given;
} files[MOST_FILES];

// The C library's own function of a name.
#define REAL(name) \
  static __typeof__(name) *real; \
  if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

// The control file, NULL where there is none.
static const char *control(void) {
  static const char *map;
  static atomic_int tried;
  if (atomic_exchange(&tried, 1)) return map;
  const char *path = getenv("CONNWATCH_FAULTS");
  REAL(open);
  int file = path ? real(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return NULL;
  void *made = mmap(NULL, FAULTS_SIZE, PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (made != MAP_FAILED) map = made;
  return map;
}

static void parse(char *text) {
  rule_count = 0;
  realtime_offset = boottime_offset = 0;
  receive_limit = 0;
  char *rest = text;
  for (char *line; (line = strsep(&rest, "\n"));) {
    char verb[16], pattern[200];
    long long number = 0, after = 0;
    if (sscanf(line, "%15s %199s %lld %lld", verb, pattern, &number, &after) < 2) continue;
    if (!strcmp(verb, "clock")) {
      *(strcmp(pattern, "realtime") ? &boottime_offset : &realtime_offset) = number;
      continue;
    }
    if (!strcmp(verb, "receive")) {
      receive_limit = atol(pattern);
      continue;
    }
    static const char *const verbs[] = {"open", "read", "skip", "slow", "write", "sync", "statfs"};
    for (int kind = 0; kind < 7; kind++) {
      if (strcmp(verb, verbs[kind]) || rule_count == MOST_RULES) continue;
      struct rule *rule = &rules[rule_count++];
      rule->kind = (enum kind)kind;
      strcpy(rule->pattern, pattern);
      rule->number = (long)number;
      rule->after = (long)after;
    }
  }
}

// Takes the rules anew where they have changed. Called with the lock held.
static void refresh(void) {
  const char *map = control();
  if (!map) return;
  const _Atomic uint64_t *counter = (const _Atomic uint64_t *)map;
  static char copy[FAULTS_SIZE];
  for (int turn = 0; turn < 1000; turn++) {
    uint64_t before = atomic_load(counter);
    if (before == known) return;
    memcpy(copy, map + 8, FAULTS_SIZE - 8);
    copy[FAULTS_SIZE - 9] = 0;
    if (!(before & 1) && atomic_load(counter) == before) {
      parse(copy);
      known = before;
      return;
    }
    usleep(100);
  }
}

// The first rule of a kind for a path; kind SLOW also waits. 1 where there is one.
static int find(enum kind kind, const char *path, struct rule *found) {
  int saved = errno, is_found = 0;
  pthread_mutex_lock(&lock);
  refresh();
  for (int at = 0; at < rule_count && !is_found; at++) {
    if (rules[at].kind != kind || fnmatch(rules[at].pattern, path, 0)) continue;
    *found = rules[at];
    is_found = 1;
  }
  pthread_mutex_unlock(&lock);
  errno = saved;
  return is_found;
}

static const char *path_of(int file) { return file >= 0 && file < MOST_FILES ? files[file].path : ""; }

static int note(int file, const char *path) {
  if (file >= 0 && file < MOST_FILES) {
    snprintf(files[file].path, sizeof files[file].path, "%s", path);
    files[file].given = 0;
  }
  return file;
}

// 1 where a call is to fail, with errno set.
static int fails(enum kind kind, const char *path) {
  struct rule rule;
  if (!find(kind, path, &rule)) return 0;
  errno = (int)rule.number;
  return 1;
}

static void delay(int file) {
  struct rule rule;
  if (find(SLOW, path_of(file), &rule)) usleep((useconds_t)rule.number * 1000);
}

// MARK: Clocks

static void shift(struct timespec *time, long long offset) {
  long long nanoseconds = time->tv_nsec + offset % 1000000000;
  time->tv_sec += offset / 1000000000;
  if (nanoseconds < 0) nanoseconds += 1000000000, time->tv_sec--;
  if (nanoseconds >= 1000000000) nanoseconds -= 1000000000, time->tv_sec++;
  time->tv_nsec = nanoseconds;
}

static long long offset_of(clockid_t clock) {
  pthread_mutex_lock(&lock);
  refresh();
  long long offset = 0;
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) offset = realtime_offset;
  if (clock == CLOCK_BOOTTIME) offset = boottime_offset;
  pthread_mutex_unlock(&lock);
  return offset;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
  REAL(clock_gettime);
  int result = real(clock, time);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_BOOTTIME)) {
    shift(time, offset_of(clock));
  }
  return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
  (void)zone;
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now)) return -1;
  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *result) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (result) *result = now.tv_sec;
  return now.tv_sec;
}

// MARK: Opening

#define OPEN_FUNCTION(function) \
  int function(const char *path, int flags, ...) { \
    va_list more; \
    va_start(more, flags); \
    int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, int) : 0; \
    va_end(more); \
    REAL(function); \
    return fails(OPEN, path) ? -1 : note(real(path, flags, mode), path); \
  }

#define OPENAT_FUNCTION(function) \
  int function(int directory, const char *path, int flags, ...) { \
    va_list more; \
    va_start(more, flags); \
    int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, int) : 0; \
    va_end(more); \
    REAL(function); \
    return fails(OPEN, path) ? -1 : note(real(directory, path, flags, mode), path); \
  }

OPEN_FUNCTION(open)
OPEN_FUNCTION(open64)
OPENAT_FUNCTION(openat)
OPENAT_FUNCTION(openat64)

DIR *opendir(const char *path) {
  REAL(opendir);
  return fails(OPEN, path) ? NULL : real(path);
}

int close(int file) {
  REAL(close);
  if (file >= 0 && file < MOST_FILES) files[file].path[0] = 0;
  return real(file);
}

// MARK: Reading

ssize_t read(int file, void *memory, size_t size) {
  REAL(read);
  const char *path = path_of(file);
  if (!*path) return real(file, memory, size);
  delay(file);
  struct rule rule;
  int is_limited = find(READ, path, &rule);
  if (is_limited) {
    long left = rule.after - files[file].given;
    if (left <= 0) {
      errno = (int)rule.number;
      return rule.number ? -1 : 0;
    }
    if ((size_t)left < size) size = (size_t)left;
  }
  ssize_t got = real(file, memory, size);
  if (got > 0 && files[file].given == 0 && find(SKIP, path, &rule) && rule.number < got) {
    memmove(memory, (char *)memory + rule.number, (size_t)(got - rule.number));
    files[file].given = rule.number;
    got -= rule.number;
  }
  if (got > 0) files[file].given += got;
  // The kernel dates what it traces itself: a page of it begins with the time (ring_buffer.c, struct buffer_data_page).
  if (got >= 16 && strstr(path, "trace_pipe_raw")) *(uint64_t *)memory += (uint64_t)offset_of(CLOCK_BOOTTIME);
  return got;
}

#define SEEK_FUNCTION(function, type) \
  type function(int file, type offset, int from) { \
    REAL(function); \
    type place = real(file, offset, from); \
    if (place >= 0 && file >= 0 && file < MOST_FILES) files[file].given = (long)place; \
    return place; \
  }

SEEK_FUNCTION(lseek, off_t)
SEEK_FUNCTION(lseek64, off64_t)

// MARK: Writing

ssize_t write(int file, const void *memory, size_t size) {
  REAL(write);
  if (!*path_of(file)) return real(file, memory, size);
  delay(file);
  return fails(WRITE, path_of(file)) ? -1 : real(file, memory, size);
}

#define WRITE_FUNCTION(function, type) \
  ssize_t function(int file, const void *memory, size_t size, type offset) { \
    REAL(function); \
    delay(file); \
    return fails(WRITE, path_of(file)) ? -1 : real(file, memory, size, offset); \
  }

WRITE_FUNCTION(pwrite, off_t)
WRITE_FUNCTION(pwrite64, off64_t)

#define TRUNCATE_FUNCTION(function, type) \
  int function(int file, type size) { \
    REAL(function); \
    return fails(WRITE, path_of(file)) ? -1 : real(file, size); \
  }

TRUNCATE_FUNCTION(ftruncate, off_t)
TRUNCATE_FUNCTION(ftruncate64, off64_t)

int fsync(int file) {
  REAL(fsync);
  return fails(SYNC, path_of(file)) ? -1 : real(file);
}

int fdatasync(int file) {
  REAL(fdatasync);
  return fails(SYNC, path_of(file)) ? -1 : real(file);
}

// MARK: File systems and sockets

int statfs(const char *path, struct statfs *status) {
  REAL(statfs);
  struct rule rule;
  int result = real(path, status);
  if (result == 0 && find(STATFS, path, &rule)) status->f_type = (__fsword_t)rule.number;
  return result;
}

int fstatfs(int file, struct statfs *status) {
  REAL(fstatfs);
  struct rule rule;
  int result = real(file, status);
  if (result == 0 && find(STATFS, path_of(file), &rule)) status->f_type = (__fsword_t)rule.number;
  return result;
}

int setsockopt(int file, int level, int option, const void *value, socklen_t size) {
  REAL(setsockopt);
  int limit = 0;
  if (level == SOL_SOCKET && (option == SO_RCVBUF || option == SO_RCVBUFFORCE) && size == sizeof limit) {
    pthread_mutex_lock(&lock);
    refresh();
    limit = (int)receive_limit;
    pthread_mutex_unlock(&lock);
    if (limit > 0 && limit < *(const int *)value) value = &limit;
  }
  return real(file, level, option, value, size);
}

#pragma clang attribute pop
