// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// A step from one version of the schema to the next.
struct Migration {
  /// The version after it; `PRAGMA user_version`.
  var version: Int64
  /// What it is for, kept in the database with the time it was done.
  var name: String
  /// The statements.
  var sql: String
}

extension Migration {
  /// Every migration, oldest first. Those that have shipped are never edited.
  static let all = [
    Migration(version: 1, name: "lives, dictionaries, samples and gaps", sql: Schema.version1),
    Migration(version: 2, name: "bytes, namespaces and coverage", sql: Schema.version2),
    Migration(version: 3, name: "digests in place of indexes", sql: Schema.version3),
    Migration(version: 4, name: "evidence of hosts", sql: Schema.version4),
    Migration(version: 5, name: "verdicts of listeners", sql: Schema.version5),
    // Only for the views, which are made anew.
    Migration(version: 6, name: "outcomes in the view of connections", sql: ""),
  ]

  /// The version of a database that is up to date.
  static let latest = all.last?.version ?? 0

  /// `PRAGMA application_id`: "conn" in ASCII, so that file(1) and we can tell the file from others.
  static let applicationID: Int64 = 0x636F_6E6E

  /// Brings a database up to date: each migration and its record in one transaction.
  ///
  /// - Throws: ``StoreError`` of kind `newer` or `foreign`; the file is then as it was.
  static func bringUpToDate(_ connection: Connection, now: Timestamp) throws(StoreError) {
    let version = try check(connection)
    for migration in all where migration.version > version {
      try connection.transaction { () throws(StoreError) in
        if migration.version == 1 {
          try connection.run(
            """
            PRAGMA application_id = \(applicationID);
            CREATE TABLE migration(
              version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied INTEGER NOT NULL) STRICT;
            """)
        }
        // Views of the tables before must not be in the way, and those of the tables after not be too early.
        try connection.run(Schema.dropViews)
        try connection.run(migration.sql)
        if migration.version == latest { try connection.run(Schema.views) }
        let record = try connection.prepare("INSERT INTO migration VALUES(?, ?, ?)")
        record.bind(1, migration.version)
        record.bind(2, migration.name)
        record.bind(3, now.microseconds)
        try record.run()
        try connection.run("PRAGMA user_version = \(migration.version)")
      }
    }
  }

  /// The version of a database, 0 for an empty file.
  ///
  /// - Throws: ``StoreError`` of kind `newer` or `foreign`.
  @discardableResult
  static func check(_ connection: Connection) throws(StoreError) -> Int64 {
    let version = try connection.integer("PRAGMA user_version") ?? 0
    let application = try connection.integer("PRAGMA application_id") ?? 0
    let isEmpty = try connection.integer("SELECT count(*) FROM sqlite_schema") == 0
    guard application == applicationID || (isEmpty && version == 0 && application == 0) else {
      throw StoreError(
        .foreign, path: connection.path, why: "a SQLite database, but not one of connwatch",
        hint: "--db names another file")
    }
    guard version <= latest else {
      throw StoreError(
        .newer, path: connection.path,
        why: "made by a newer connwatch: its schema is \(version), this connwatch knows up to \(latest)",
        hint: "use the newer connwatch, or name another file with --db")
    }
    return version
  }
}
