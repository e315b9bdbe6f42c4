// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Glibc

extension HistoryKeeper {
  func begin(after lost: Lost, _ batch: inout Batch) throws(StoreError) {
    var lost = lost
    makeDirectory()
    // The lock's file may have gone with the directory.
    try lock?.renew()
    // What has come to the path since is somebody's own.
    if lost.isInTheWay, FileIdentity(path) == stamp?.file { lost.putAside = try putAside(batch) }
    lost.isInTheWay = false
    self.lost = lost
    let next: HistoryWriter
    do {
      next = try HistoryWriter(path: path, run: run, now: batch.last)
    } catch {
      guard error.isDamage, DamagedHistory.isOurs(path) else { throw error }
      lost.loss = .damaged(error.why)
      lost.putAside = try putAside(batch)
      self.lost = lost
      next = try HistoryWriter(path: path, run: run, now: batch.last)
    }
    let isAnother = takeUp(next)
    if let unverified {
      var whole = unverified
      whole.merge(batch)
      batch = whole
    }
    unverified = nil
    let last = [next.resumption.lastSample, lastWritten].compactMap { $0 }.min() ?? batch.first
    var gap = Gap(since: min(last, batch.first), until: batch.first, cause: lost.loss.cause, samples: 0)
    gap.detail = lost.detail(isAnother ? offset : nil)
    batch.gaps.insert(gap, at: 0)
    next.forgetResumption()
    writer = next
    self.lost = nil
    next.settle()
    stamp = FileStamp(path, place: next.connection.place)
    wanted.ask()
    if !next.earlierRuns.isEmpty { beginCheck(.pages) }
    say(lost.notice(path, isAnother ? offset : nil))
  }

  /// Puts what is at the path aside; where that happens again and again, less and less often: a disk that spoils all that
  /// is written to it would else be filled with them.
  private func putAside(_ batch: Batch) throws(StoreError) -> String {
    if let lastPutAside {
      let since = batch.boot - lastPutAside
      if since > 600_000_000 { hasty = 0 }
      guard since >= min(3600, 1 << Int64(hasty)) * 1_000_000 - 1_000_000 else {
        throw StoreError(
          .damaged, path: path, why: "the database is damaged again and again",
          hint: "look at the disk; a new one is tried now and then")
      }
    }
    let name = try DamagedHistory.putAside(path, now: batch.last)
    hasty = min(hasty + 1, 12)
    lastPutAside = batch.boot
    return name
  }

  /// Finds out which numbers lives have in a file.
  ///
  /// - Returns: true where it is another history, so that they have others than before.
  private func takeUp(_ next: HistoryWriter) -> Bool {
    let before = offset
    if let last = next.earlierRuns.last {
      offset = offsets[last] ?? next.resumption.nextLife - 1
    } else if next.resumption.nextLife > 1 {
      offset = next.resumption.nextLife - 1
    }
    for run in next.earlierRuns where offsets[run] == nil { offsets[run] = offset }
    offsets[next.runKey] = offset
    orphans = [:]
    for life in next.resumption.open {
      var life = life
      life.id -= offset
      orphans[life.id] = life
    }
    return offset != before
  }

  /// The directory may have gone with the file.
  private func makeDirectory() {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash != path.startIndex else { return }
    let directory = String(path[..<slash])
    if access(directory, F_OK) != 0 { mkdir(directory, 0o750) }
  }
}
