// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// The tables, version by version, and the views people may rely on.
///
/// One row is one socket's life. `life` holds the finished ones, numbered in opening order, so that "newest
/// first" and "opened between" are walks along the table itself; `open_life` holds the others and is small.
/// Addresses, programs and sequences of states repeat without end, so they are numbers into dictionaries.
/// Times after the opening are microseconds from it.
enum Schema {
  /// Bits of `flags`: 0–1 proto, 2–3 direction (0 unknown, 1 in, 2 out), 4–5 role (0 connection, 1 listener,
  /// 2 bound), 6–8 why the owner is unknown (0 known or not looked up, else 1 + its place in
  /// `SocketOwner.WhyUnknown.allCases`), 9–12 sources, 13–20 how many more processes share the socket, 21–23 how an
  /// attempt to connect ended that came to nothing (0 unknown, else `Life.Outcome`), 24 imported.
  static let version1 = """
    CREATE TABLE run(
      id INTEGER PRIMARY KEY, started INTEGER NOT NULL, stopped INTEGER, boot_id TEXT NOT NULL,
      pid INTEGER NOT NULL, version TEXT NOT NULL, source TEXT NOT NULL, interval INTEGER NOT NULL,
      ignored TEXT) STRICT;
    CREATE TABLE address(
      id INTEGER PRIMARY KEY, bytes BLOB NOT NULL UNIQUE, text TEXT NOT NULL) STRICT;
    CREATE TABLE program(
      id INTEGER PRIMARY KEY, name TEXT, exe TEXT, unit TEXT, container TEXT, uid INTEGER) STRICT;
    CREATE TABLE path(
      id INTEGER PRIMARY KEY, states TEXT NOT NULL UNIQUE, last TEXT NOT NULL) STRICT;
    CREATE TABLE service(
      port INTEGER NOT NULL, transport TEXT NOT NULL, name TEXT NOT NULL,
      PRIMARY KEY(port, transport)) STRICT, WITHOUT ROWID;
    CREATE TABLE account(uid INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
    CREATE TABLE life(
      id INTEGER PRIMARY KEY, opened INTEGER NOT NULL, duration INTEGER NOT NULL, seen INTEGER NOT NULL,
      laddr INTEGER NOT NULL, lport INTEGER NOT NULL, raddr INTEGER NOT NULL, rport INTEGER NOT NULL,
      flags INTEGER NOT NULL, path INTEGER NOT NULL, offsets TEXT, program INTEGER, pid INTEGER,
      uncertainty INTEGER) STRICT;
    CREATE INDEX life_raddr ON life(raddr);
    CREATE INDEX life_lport ON life(lport);
    CREATE INDEX life_program ON life(program);
    CREATE INDEX life_long ON life(opened, duration) WHERE duration > 600000000;
    CREATE TABLE open_life(
      id INTEGER PRIMARY KEY, opened INTEGER NOT NULL, duration INTEGER, seen INTEGER NOT NULL,
      laddr INTEGER NOT NULL, lport INTEGER NOT NULL, raddr INTEGER NOT NULL, rport INTEGER NOT NULL,
      flags INTEGER NOT NULL, path INTEGER NOT NULL, offsets TEXT, program INTEGER, pid INTEGER,
      uncertainty INTEGER, opened_boot INTEGER NOT NULL, inode INTEGER NOT NULL,
      process_start INTEGER) STRICT;
    CREATE TABLE sample(
      id INTEGER PRIMARY KEY, run INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
      samples INTEGER NOT NULL, next_life INTEGER NOT NULL, sockets INTEGER NOT NULL,
      sockets_max INTEGER NOT NULL, opened INTEGER NOT NULL, closed INTEGER NOT NULL,
      skipped INTEGER NOT NULL, duplicates INTEGER NOT NULL, incomplete INTEGER NOT NULL,
      boot INTEGER NOT NULL) STRICT;
    CREATE TABLE gap(
      id INTEGER PRIMARY KEY, since INTEGER NOT NULL, until INTEGER NOT NULL, cause TEXT NOT NULL,
      samples INTEGER NOT NULL, detail TEXT) STRICT;
    """

  /// What only the kernel's own sources tell. `rtt` is in microseconds; `netns` is a number into the table of that
  /// name, NULL for the recorder's own namespace, which in `coverage` is 0. A row of `coverage` belongs to a row of
  /// `sample` and counts what was opened between its samples.
  static let version2 =
    ["life", "open_life"].flatMap { table in
      ["bytes_in", "bytes_out", "rtt", "retransmits", "netns"].map {
        "ALTER TABLE \(table) ADD COLUMN \($0) INTEGER;\n"
      }
    }.joined() + """
      ALTER TABLE open_life ADD COLUMN cookie INTEGER;
      CREATE TABLE netns(id INTEGER PRIMARY KEY, label TEXT NOT NULL UNIQUE) STRICT;
      CREATE TABLE coverage(
        sample INTEGER NOT NULL, netns INTEGER NOT NULL, active_opens INTEGER NOT NULL,
        passive_opens INTEGER NOT NULL, attempt_fails INTEGER NOT NULL, recorded INTEGER NOT NULL,
        PRIMARY KEY(sample, netns)) STRICT, WITHOUT ROWID;
      """

  /// Digests of blocks of lives in place of indexes, each of which cost as much again as a third of the table's pages
  /// to keep: see ``Digest`` and ``Rollup``. `late` has the lives that ended after they were digested.
  static let version3 = """
    DROP INDEX life_raddr;
    DROP INDEX life_lport;
    DROP INDEX life_program;
    CREATE TABLE digest(block INTEGER PRIMARY KEY, traits BLOB NOT NULL, profiles BLOB NOT NULL) STRICT;
    CREATE TABLE digest_life(block INTEGER PRIMARY KEY, ports BLOB NOT NULL, numbers BLOB NOT NULL) STRICT;
    CREATE TABLE rollup(
      id INTEGER PRIMARY KEY, opened_first INTEGER NOT NULL, opened_last INTEGER NOT NULL,
      profiles BLOB NOT NULL, sums BLOB NOT NULL) STRICT;
    CREATE TABLE late(
      id INTEGER PRIMARY KEY, last INTEGER NOT NULL, path INTEGER NOT NULL, pid INTEGER,
      flags INTEGER NOT NULL, laddr INTEGER NOT NULL, lport INTEGER NOT NULL, raddr INTEGER NOT NULL,
      rport INTEGER NOT NULL, program INTEGER, netns INTEGER) STRICT;
    """
}
