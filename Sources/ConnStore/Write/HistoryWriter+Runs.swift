// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore

extension HistoryWriter {
  /// What tells a run from all others.
  struct RunKey: Hashable {
    var id: Int64
    var started: Int64
    var pid: Int64

    /// All runs of a file, oldest first.
    static func all(_ connection: Connection) throws(StoreError) -> [RunKey] {
      let rows = try connection.prepare("SELECT id, started, pid FROM run ORDER BY id")
      var runs: [RunKey] = []
      while try rows.step() {
        runs.append(RunKey(id: rows.integer(0), started: rows.integer(1), pid: rows.integer(2)))
      }
      return runs
    }
  }

  /// The last sample in the file.
  var lastSample: Timestamp? {
    let found = try? connection.integer("SELECT last FROM sample ORDER BY id DESC LIMIT 1")
    return found.flatMap { $0 }.map { Timestamp(microseconds: Statement.bounded($0)) }
  }

  /// Ends the run: says so in the database and moves the log into it.
  public func close(now: Timestamp) throws(StoreError) {
    try connection.transaction { () throws(StoreError) in
      let stop = try connection.prepare("UPDATE run SET stopped = ? WHERE id = ?")
      stop.bind(1, now.microseconds)
      stop.bind(2, runID)
      try stop.run()
    }
    do {
      try connection.run("PRAGMA wal_checkpoint(TRUNCATE)")
    } catch {
      var failure = error
      if !error.isDamage { failure.hint = "nothing is lost: it is in \(path)-wal, a part of the database" }
      throw failure
    }
  }

  /// Moves what was written at the start into the file, so that a new one can be known as ours from then on, even where
  /// it is damaged.
  func settle() {
    if earlierRuns.isEmpty { try? connection.run("PRAGMA wal_checkpoint(PASSIVE)") }
  }
}
