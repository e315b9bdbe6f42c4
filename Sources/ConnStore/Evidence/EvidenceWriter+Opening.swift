// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Glibc

extension EvidenceWriter {
  /// How long it waits for tables that have a place for evidence, seconds.
  private static let patience = 5

  /// The database, with the lock or with tables that have a place for evidence.
  ///
  /// Another import may have the lock, and make the tables or bring them up to date just now: that is waited for.
  static func open(
    _ path: String
  ) throws(StoreError) -> (lock: RecorderLock?, connection: Connection, version: Int64) {
    for turn in 0...patience * 20 {
      if turn > 0 { usleep(50_000) }
      let lock = try lock(path)
      let isNew = access(path, F_OK) != 0
      if lock == nil, isNew { continue }
      let connection = try Connection(path: path, mode: .write)
      try connection.run("PRAGMA busy_timeout = 60000")
      let version = try Migration.check(connection)
      if lock != nil || version == Migration.latest { return (lock, connection, version) }
    }
    throw StoreError(
      .other, path: path,
      why: "an older connwatch is recording to it, with tables that have no place for this",
      hint: "restart the recorder with this connwatch first")
  }

  /// The lock, or nil where a recorder or another import has it.
  private static func lock(_ path: String) throws(StoreError) -> RecorderLock? {
    do {
      return try RecorderLock(database: path)
    } catch {
      if case .recording = error.kind { return nil }
      throw error
    }
  }
}
