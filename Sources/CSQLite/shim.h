/* SPDX-FileCopyrightText: connwatch contributors
   SPDX-License-Identifier: Apache-2.0 */
#ifndef CONNWATCH_CSQLITE_SHIM_H
#define CONNWATCH_CSQLITE_SHIM_H
#include <sqlite3.h>
#endif
