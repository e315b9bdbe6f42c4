/* SPDX-FileCopyrightText: connwatch contributors
   SPDX-License-Identifier: Apache-2.0 */
#ifndef CONNWATCH_CSQLITE_SHIM_H
#define CONNWATCH_CSQLITE_SHIM_H
#include <sqlite3.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/vfs.h>

/* Of <fcntl.h>, behind _GNU_SOURCE, which Swift's view of the C library is without. */
extern int fallocate(int, int, off_t, off_t);

/* Takes room on the disk for the first bytes of a file, whose size stays as it is (FALLOC_FL_KEEP_SIZE). */
static inline int csqlite_take_room(int file, off_t bytes) { return fallocate(file, 1, 0, bytes); }

/* Swift cannot call functions of variable arguments. */
static inline int connwatch_leave_log_on_close(sqlite3 *database) {
  return sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}

/* The type of the file system of a path by statfs(2), which Swift does not import; 0 where it cannot be told. */
static inline uint32_t csqlite_file_system_type(const char *path) {
  struct statfs status;
  return statfs(path, &status) == 0 ? (uint32_t)status.f_type : 0;
}
#endif
