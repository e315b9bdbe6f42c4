/* SPDX-FileCopyrightText: connwatch contributors
   SPDX-License-Identifier: Apache-2.0 */
#ifndef CONNWATCH_CSQLITE_SHIM_H
#define CONNWATCH_CSQLITE_SHIM_H
#include <sqlite3.h>

/* Swift cannot call functions of variable arguments. */
static inline int connwatch_leave_log_on_close(sqlite3 *database) {
  return sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}

#endif
