// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Glibc

/// Keeps a recorder in a file that can be written, whatever happens to the one it began with.
///
/// Before each batch it looks whether the database is where it was and as it was left. Where it is not, or is damaged,
/// it goes on in another: what is at the path now, or a new one, with everything that is open and a gap. Of the
/// writer's thread alone.
final class HistoryKeeper {
  /// What happened to a file that was written to.
  enum Loss {
    /// Moved, removed or replaced.
    case replaced
    /// The log beside it is no longer the one that is written to.
    case withoutLog
    /// Shorter than what it has.
    case truncated
    /// Damaged, with what was found.
    case damaged(String)

    var cause: GapCause {
      switch self {
      case .replaced, .withoutLog: .databaseReplaced
      case .truncated: .databaseTruncated
      case .damaged: .databaseDamaged
      }
    }
  }

  /// A file that was lost, until it is gone on in another.
  struct Lost {
    var loss: Loss
    /// It is to be renamed first.
    var isInTheWay: Bool
    /// Where it is now, if it was renamed.
    var putAside: String?
  }

  /// nil while the database's place is taken by something that cannot be gone on with.
  var writer: HistoryWriter?
  let path: String
  let run: HistoryWriter.Run
  let wanted: EverythingWanted
  let lock: KeptLock?
  let say: (StoreError) -> Void
  /// What there is to be told of the file that was lost; nil while there is one.
  var lost: Lost?
  /// How the file lay when it was last written to.
  var stamp: FileStamp?
  /// What lies between the recorder's numbers of lives and those in the file.
  var offset: Int64 = 0
  /// The same of the runs that are known, by which files are known again.
  var offsets: [HistoryWriter.RunKey: Int64] = [:]
  /// What the file had as open when it was taken up, by the recorder's numbers, until everything that is open was told.
  var orphans: [Int64: Life] = [:]
  /// The last sample that was written.
  var lastWritten: Timestamp?
  var check: DamageCheck?
  /// What was written while the check is not over, but for what is open.
  var unverified: Batch?
  /// How many batches in a row could not be written because something could not be read.
  var unreadable = 0
  /// After so many the disk will not read it again.
  static let mostUnreadable = 3
  /// How many files were put aside soon after they were begun, and when the last one was, by CLOCK_BOOTTIME.
  var hasty = 0
  var lastPutAside: Int64?
  /// Gaps that go with the next batch.
  var owed: [Gap]
  private var log = LogWatch()

  /// Goes on with a writer that is open.
  init(
    _ writer: HistoryWriter, owed: [Gap], lock: KeptLock?, wanted: EverythingWanted,
    say: @escaping (StoreError) -> Void
  ) {
    self.writer = writer
    path = writer.path
    run = writer.run
    self.owed = owed
    self.lock = lock
    self.wanted = wanted
    self.say = say
    for run in writer.earlierRuns { offsets[run] = 0 }
    offsets[writer.runKey] = 0
    writer.settle()
    lastWritten = writer.lastSample
    stamp = FileStamp(path, place: writer.connection.place)
    if !writer.earlierRuns.isEmpty { beginCheck(.pages) }
  }

  // MARK: Writing

  /// Writes a batch, where needed to another file.
  ///
  /// - Parameters:
  ///   - batch: gets what the file must have besides. It is to be given again after an error.
  ///   - late: gaps that are of this attempt, and not given again.
  func write(_ batch: inout Batch, with late: [Gap] = []) throws(StoreError) {
    try follow(&batch)
    do {
      try put(batch, late)
    } catch {
      unreadable = error.isUnreadable ? unreadable + 1 : 0
      guard error.isDamage || error.isForeignSchema || unreadable >= Self.mostUnreadable else { throw error }
      lose(.damaged(error.why))
      try follow(&batch)
      try put(batch, late)
    }
  }

  /// Takes out what is too old or too much, digests what is due, and keeps the log small.
  func tidy(
    _ retention: Retention, after batch: Batch, _ notice: (StoreNotice) -> Void
  ) throws(StoreError) {
    guard let writer else { return }
    defer { restamp(writer) }
    do {
      if let words = try retention.look(at: writer) { notice(words) }
      try retention.run(on: writer, after: batch)
      try writer.digest(after: batch.renumbered(by: offset))
      if let words = try log.look(at: writer, now: batch.boot) { notice(words) }
    } catch {
      guard error.isDamage else { throw error }
      lose(.damaged(error.why))
    }
  }

  /// Ends the run in the file, and tells a file that has not been told everything.
  ///
  /// - Parameter everything: what is open, where it is known.
  func close(now: Timestamp, everything: () -> Batch?) throws(StoreError) {
    if lost != nil || wanted.isAsked { try writeEverything(now: now, everything) }
    check?.end()
    check = nil
    do {
      try writer?.close(now: now)
    } catch {
      guard error.isDamage else { throw error }
      lose(.damaged(error.why))
      try writeEverything(now: now, everything)
      try writer?.close(now: now)
    }
  }

  private func writeEverything(now: Timestamp, _ everything: () -> Batch?) throws(StoreError) {
    var batch = everything() ?? Batch(time: now, boot: 0, nextLife: 1, sockets: 0)
    batch.samples = 0
    try write(&batch)
  }

  private func put(_ batch: Batch, _ late: [Gap]) throws(StoreError) {
    guard let writer else { return }
    var whole = batch
    whole.gaps += late
    if batch.isEverything { whole.finished += closedOrphans(batch) }
    try writer.write(whole.renumbered(by: offset))
    unreadable = 0
    restamp(writer)
    if batch.samples > 0 { lastWritten = batch.last }
    if batch.isEverything { orphans = [:] }
    if !orphans.isEmpty {
      for life in batch.finished { orphans[life.id] = nil }
      for id in batch.dropped { orphans[id] = nil }
    }
    guard check != nil else { return }
    var kept = batch
    kept.gaps += late
    kept.current = []
    if unverified == nil { unverified = kept } else { unverified?.merge(kept) }
    unverified?.shed(downTo: BackgroundWriter.backlogLimit, why: "the database was damaged")
  }

  /// What the file has as open and nobody knows of: it ended after the last sample that the file has.
  private func closedOrphans(_ batch: Batch) -> [Life] {
    if orphans.isEmpty { return [] }
    var left = orphans
    for life in batch.current { left[life.id] = nil }
    for life in batch.finished { left[life.id] = nil }
    return left.values.sorted { $0.id < $1.id }.map { life in
      var life = life
      life.closedOffset = life.closedOffset ?? life.lastSeenOffset
      return life
    }
  }
}

/// The clocks, where no batch tells the time.
enum SystemTime {
  static func now() -> Timestamp { Timestamp(microseconds: read(CLOCK_REALTIME)) }

  /// CLOCK_BOOTTIME in microseconds.
  static func boot() -> Int64 { read(CLOCK_BOOTTIME) }

  private static func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
  }
}
