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

    var cause: String {
      switch self {
      case .replaced, .withoutLog: "database replaced"
      case .truncated: "database truncated"
      case .damaged: "database damaged"
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
  private(set) var writer: HistoryWriter?
  let path: String
  let run: HistoryWriter.Run
  let wanted: EverythingWanted
  let lock: KeptLock?
  let say: (StoreError) -> Void
  /// What there is to be told of the file that was lost; nil while there is one.
  var lost: Lost?
  /// How the file lay when it was last written to.
  private var stamp: FileStamp?
  /// What lies between the recorder's numbers of lives and those in the file.
  private var offset: Int64 = 0
  /// The same of the runs that are known, by which files are known again.
  private var offsets: [HistoryWriter.RunKey: Int64] = [:]
  /// What the file had as open when it was taken up, by the recorder's numbers, until everything that is open was told.
  private var orphans: [Int64: Life] = [:]
  /// The last sample that was written.
  private var lastWritten: Timestamp?
  private var check: DamageCheck?
  /// What was written while the check is not over, but for what is open.
  private var unverified: Batch?
  /// Gaps that go with the next batch.
  private var owed: [Gap]

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
  /// - Parameter batch: gets what the file must have besides. It is to be given again after an error.
  func write(_ batch: inout Batch) throws(StoreError) {
    try follow(&batch)
    do {
      try put(batch)
    } catch {
      guard error.isDamage || error.isForeignSchema else { throw error }
      lose(.damaged(error.why))
      try follow(&batch)
      try put(batch)
    }
  }

  /// Takes out what is too old and digests what is due.
  func tidy(_ retention: Retention, after batch: Batch) throws(StoreError) {
    guard let writer else { return }
    defer { stamp = FileStamp(path, place: writer.connection.place) }
    do {
      try retention.run(on: writer, now: batch.last)
      try writer.digest(after: batch.renumbered(by: offset))
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

  /// Ends what may take long. Any thread may call it.
  func abandonCheck() { check?.abandon() }

  private func put(_ batch: Batch) throws(StoreError) {
    guard let writer else { return }
    var whole = batch
    if batch.isEverything { whole.finished += closedOrphans(batch) }
    try writer.write(whole.renumbered(by: offset))
    stamp = FileStamp(path, place: writer.connection.place)
    if batch.samples > 0 { lastWritten = batch.last }
    if batch.isEverything { orphans = [:] }
    if !orphans.isEmpty {
      for life in batch.finished { orphans[life.id] = nil }
      for id in batch.dropped { orphans[id] = nil }
    }
    guard check != nil else { return }
    var kept = batch
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

  // MARK: Noticing

  /// Goes on in another file where it must.
  ///
  /// - Parameter batch: gets the gap, and what only the lost file has.
  private func follow(_ batch: inout Batch) throws(StoreError) {
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
    guard now != stamp else { return nil }
    guard let now, let stamp, now.file == stamp.file else { return .replaced }
    if now.log != stamp.log || now.index != stamp.index { return .withoutLog }
    guard let header = writer.connection.header() else { return .truncated }
    guard header.isSound else { return .damaged("its header is overwritten") }
    if now.size < header.pages * header.pageSize { return .truncated }
    // Only the log is moved into the file, and only by us: whoever wrote there did it by hand.
    self.stamp = now
    check?.end()
    beginCheck(.all)
    return nil
  }

  private func beginCheck(_ depth: DamageCheck.Depth) {
    check = DamageCheck(path, depth)
  }

  /// Lets go of the file.
  private func lose(_ loss: Loss) {
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
      let isMoved = (try? old.connection.run("PRAGMA wal_checkpoint(TRUNCATE)")) != nil
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

  // MARK: Beginning anew

  private func begin(after lost: Lost, _ batch: inout Batch) throws(StoreError) {
    var lost = lost
    makeDirectory()
    // The lock's file may have gone with the directory.
    try lock?.renew()
    if lost.isInTheWay {
      lost.putAside = try DamagedHistory.putAside(path, now: batch.last)
      lost.isInTheWay = false
      self.lost = lost
    }
    let next: HistoryWriter
    do {
      next = try HistoryWriter(path: path, run: run, now: batch.last)
    } catch {
      guard error.isDamage, DamagedHistory.isOurs(path) else { throw error }
      self.lost?.loss = .damaged(error.why)
      lost.loss = .damaged(error.why)
      lost.putAside = try DamagedHistory.putAside(path, now: batch.last)
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

/// The wall clock, where no batch tells the time.
enum SystemTime {
  static func now() -> Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
  }
}
