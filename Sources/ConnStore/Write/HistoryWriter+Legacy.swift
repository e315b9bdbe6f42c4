// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Glibc

/// Which file a path leads to.
struct FileIdentity: Equatable {
  private var device: UInt
  private var inode: UInt

  /// nil where there is no file.
  init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    device = UInt(status.st_dev)
    inode = UInt(status.st_ino)
  }
}

extension HistoryWriter {
  /// What a writer whose file is no longer at its path leaves to the next one.
  struct Legacy {
    var path: String
    var run: Run
    /// All lives that were open.
    var open: [Life]
    var lastSample: Timestamp?
  }

  /// What is left where the file was moved, removed or replaced; nil where it is in its place. Let go of the writer then.
  func legacyIfReplaced() throws(StoreError) -> Legacy? {
    guard isReplaced else { return nil }
    let rows = try connection.prepare(
      LifeColumns.select(from: "open_life l", extra: true) + " ORDER BY l.id")
    let columns = LifeColumns(hasExtra: true)
    var open: [Life] = []
    while try rows.step() {
      if let life = columns.life(rows, lastSampleBoot: nil) { open.append(life) }
    }
    let last = try connection.integer("SELECT max(last) FROM sample")
    // The log is moved into the file that it belongs to; what is at its path next has nothing to do with it.
    try? connection.run("PRAGMA wal_checkpoint(TRUNCATE)")
    return Legacy(
      path: path, run: run, open: open, lastSample: last.map { Timestamp(microseconds: $0) })
  }
}

extension HistoryWriter.Legacy {
  /// Opens what is at the path now: a new file, or an older copy put back.
  ///
  /// - Returns: the writer, and the batch with everything that is open and the gap.
  /// - Throws: ``StoreError``, also where another history is there, whose numbers of lives would be used twice.
  func successor(for batch: Batch) throws(StoreError) -> (HistoryWriter, Batch) {
    if FileIdentity(path) != nil { try checkIsOurs(batch) }
    let writer = try HistoryWriter(path: path, run: run, now: batch.last)
    let resumption = writer.resumption
    writer.forgetResumption()
    var whole = Batch(time: batch.first, boot: batch.boot, nextLife: batch.nextLife, sockets: 0)
    whole.samples = 0
    whole.current = open
    let since = min(resumption.lastSample ?? lastSample ?? batch.first, batch.first)
    whole.gaps = [Gap(since: since, until: batch.first, cause: "database replaced", samples: 0)]
    whole.merge(batch)
    // What an older copy has open and we do not ended after its last sample.
    let known = Set(open.map(\.id)).union(batch.finished.map(\.id))
    for var life in resumption.open where !known.contains(life.id) {
      life.closedOffset = life.closedOffset ?? life.lastSeenOffset
      whole.finished.append(life)
    }
    return (writer, whole)
  }

  private func checkIsOurs(_ batch: Batch) throws(StoreError) {
    let reader = try HistoryReader(path: path)
    let next = try reader.connection.integer(HistoryWriter.nextLifeSQL) ?? 1
    let theirs = try reader.openLives()
    let opened = Dictionary(theirs.map { ($0.id, $0.firstSeen) }, uniquingKeysWith: { first, _ in first })
    let isOurs = open.allSatisfy { $0.id >= next || opened[$0.id] == $0.firstSeen }
    if !isOurs || next > batch.nextLife {
      throw StoreError(
        .other, path: path, why: "another history was put in the place of the one that was recorded to",
        hint: "restart the recorder to go on in it")
    }
  }
}
