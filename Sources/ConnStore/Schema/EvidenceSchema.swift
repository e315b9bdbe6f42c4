// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

extension Schema {
  /// Evidence: saved tables of hosts, imported. A row of `evidence` is one file or stream; `covers` is what it has all
  /// of (``EvidenceCover``), `digest` the FNV-1a hash of 128 bits of its bytes, `bytes` by how much the database grew.
  /// `evidence_row` has its sockets as they were read, by the number of the line: `proto` as in `flags`, `state` its
  /// place in `SocketState.named`, or 256 + the number of one that has no name. `evidence_life` is made of them anew
  /// whenever something is added for the host: `duration` is NULL where it is not known to have ended.
  static let version4 = """
    CREATE TABLE host(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE evidence(
      id INTEGER PRIMARY KEY, host INTEGER NOT NULL, at INTEGER NOT NULL, imported INTEGER NOT NULL,
      name TEXT NOT NULL, format TEXT NOT NULL, digest BLOB NOT NULL, covers INTEGER NOT NULL,
      rows INTEGER NOT NULL, unreadable INTEGER NOT NULL, bytes INTEGER NOT NULL,
      UNIQUE(host, at, digest)) STRICT;
    CREATE TABLE evidence_row(
      evidence INTEGER NOT NULL, line INTEGER NOT NULL, proto INTEGER NOT NULL, state INTEGER NOT NULL,
      laddr INTEGER NOT NULL, lport INTEGER NOT NULL, raddr INTEGER NOT NULL, rport INTEGER NOT NULL,
      program INTEGER, pid INTEGER, others INTEGER NOT NULL, inode INTEGER NOT NULL,
      PRIMARY KEY(evidence, line)) STRICT, WITHOUT ROWID;
    CREATE TABLE evidence_life(
      id INTEGER PRIMARY KEY, opened INTEGER NOT NULL, duration INTEGER, seen INTEGER NOT NULL,
      laddr INTEGER NOT NULL, lport INTEGER NOT NULL, raddr INTEGER NOT NULL, rport INTEGER NOT NULL,
      flags INTEGER NOT NULL, path INTEGER NOT NULL, offsets TEXT, program INTEGER, pid INTEGER,
      uncertainty INTEGER, bytes_in INTEGER, bytes_out INTEGER, rtt INTEGER, retransmits INTEGER,
      netns INTEGER, host INTEGER NOT NULL) STRICT;
    CREATE INDEX evidence_life_opened ON evidence_life(opened);
    """
}
