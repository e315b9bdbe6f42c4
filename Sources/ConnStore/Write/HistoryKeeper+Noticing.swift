// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Glibc

extension HistoryKeeper {
  /// Goes on in another file where it must.
  ///
  /// - Parameter batch: gets the gap, and what only the lost file has.
  func follow(_ batch: inout Batch) throws(StoreError) {
    if let writer {
      if let loss = noticed(writer) { lose(loss) }
      if case .damaged(let finding) = check?.outcome { lose(.damaged(finding)) }
      if check?.outcome == .over {
        check?.end()
        check = nil
        unverified = nil
      }
    }
    if let lost { try begin(after: lost, &batch) } else { try lock?.renew() }
    if !owed.isEmpty {
      batch.gaps = owed + batch.gaps
      owed = []
    }
  }

  /// Whether somebody else had his hands on the file since it was last written to.
  private func noticed(_ writer: HistoryWriter) -> Loss? {
    let now = FileStamp(path, place: writer.connection.place)
    if let now, now == stamp { return nil }
    if let loss = loss(writer, now) { return loss }
    // Only the log is moved into the file, and only by us: whoever wrote there did it by hand.
    stamp = now
    check?.end()
    beginCheck(.all)
    return nil
  }

  /// What a file that does not lie as it was left has suffered, as far as that can be seen at once.
  private func loss(_ writer: HistoryWriter, _ now: FileStamp?) -> Loss? {
    guard let now, let stamp, now.file == stamp.file else { return .replaced }
    // First: who only reads an empty file removes the log beside it.
    if now.size < Int64(DatabaseHeader.size) { return .truncated }
    if now.log != stamp.log || now.index != stamp.index { return .withoutLog }
    // What cannot be read now may be read later.
    guard let header = writer.connection.header() else { return nil }
    guard header.isSound else { return .damaged("its header is overwritten") }
    return now.size < header.pages * header.pageSize ? .truncated : nil
  }

  /// Takes note of how the file lies after we have written to it; what has happened to it meanwhile is noticed with the
  /// next batch.
  func restamp(_ writer: HistoryWriter) {
    let now = FileStamp(path, place: writer.connection.place)
    if now != stamp, loss(writer, now) == nil { stamp = now }
  }

  func beginCheck(_ depth: DamageCheck.Depth) {
    check = DamageCheck(path, depth)
  }

  /// Lets go of the file.
  func lose(_ loss: Loss) {
    guard let old = writer else { return }
    check?.end()
    check = nil
    let place = old.connection.place
    var isInTheWay = true
    switch loss {
    case .replaced, .withoutLog:
      isInTheWay = false
      unverified = nil
      // The log is moved into the file that it belongs to; what is at its path next has nothing to do with it.
      let isMoved = (try? old.connection.integer("PRAGMA wal_checkpoint(TRUNCATE)")) == 0
      removeLog(at: place, keeps: !isMoved)
    case .truncated, .damaged: break
    }
    // Its last words would go into a file that somebody may want to see as it is, or remove the log of another one.
    old.connection.leaveLogOnClose()
    lost = Lost(loss: loss, isInTheWay: isInTheWay)
    writer = nil
  }

  /// Takes the log of a file that is gone away from what may be in its place: SQLite would apply it to that.
  private func removeLog(at place: String, keeps: Bool) {
    let parts = [("-wal", stamp?.log), ("-shm", stamp?.index)]
      .filter { $0.1 != nil && FileIdentity(place + $0.0) == $0.1 }.map(\.0)
    if parts.isEmpty { return }
    if keeps, (try? DamagedHistory.putAside(place, now: SystemTime.now(), parts: parts)) != nil { return }
    for part in parts { unlink(place + part) }
  }
}
