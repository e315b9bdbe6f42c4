// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Writes what is said of listeners. A verdict is written once, with the life or after it, and goes with it.
final class VerdictWriter {
  private let add: Statement
  private let remove: Statement

  init(_ connection: Connection) throws(StoreError) {
    add = try connection.prepare("INSERT OR REPLACE INTO verdict VALUES(?, ?)")
    remove = try connection.prepare("DELETE FROM verdict WHERE life = ?")
  }

  /// Writes the verdict of a life, where there is one.
  func write(_ life: Life) throws(StoreError) {
    guard let verdict = life.verdict else { return }
    add.bind(1, life.id)
    add.bind(2, verdict.rawValue)
    try add.run()
  }

  /// Takes out that of a life that was given up.
  func drop(_ life: Int64) throws(StoreError) {
    remove.bind(1, life)
    try remove.run()
  }
}

extension Connection {
  /// Takes out the verdicts of lives between two numbers that are there no more.
  func removeVerdicts(from first: Int64, through last: Int64) throws(StoreError) {
    try run(
      """
      DELETE FROM verdict WHERE life BETWEEN \(first) AND \(last)
        AND life NOT IN (SELECT id FROM life WHERE id BETWEEN \(first) AND \(last))
        AND life NOT IN (SELECT id FROM open_life)
      """)
  }
}
