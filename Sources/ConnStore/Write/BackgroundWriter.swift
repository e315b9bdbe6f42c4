// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore
import Glibc

/// Writes batches on a thread of its own, so that sampling never waits for the disk.
///
/// A batch that cannot be written (disk full, database locked) is kept, joined with those that follow, and tried
/// again with each. When more than ``backlogLimit`` finished lives wait, the oldest are given up and a gap says so.
public final class BackgroundWriter: @unchecked Sendable {
  /// How many finished lives may wait for the disk.
  public static let backlogLimit = 100_000

  /// Of the writer's thread alone.
  private let keeper: HistoryKeeper
  /// Asked for everything that is open when recording goes on in another file.
  public let wanted = EverythingWanted()
  private let retention: Retention
  private let complain: @Sendable (StoreError) -> Void
  private let notice: @Sendable (StoreNotice) -> Void
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private let wake: UnsafeMutablePointer<pthread_cond_t>
  private var thread = pthread_t()
  // What the lock guards:
  private var pending: Batch?
  private var isStopping = false
  private var failure: StoreError?

  /// Starts the thread.
  ///
  /// - Parameters:
  ///   - writer: from now on used by this object alone.
  ///   - owed: gaps that go with the first batch.
  ///   - lock: the recorder's lock, which is renewed where the database's directory is made anew.
  ///   - complain: called on the writer's thread when writing begins to fail, and again when the reason changes.
  ///   - notice: called on it for what else there is to be said.
  public init(
    _ writer: sending HistoryWriter, retention: Retention, owed: [Gap] = [], lock kept: KeptLock? = nil,
    complain: @escaping @Sendable (StoreError) -> Void,
    notice: @escaping @Sendable (StoreNotice) -> Void = { _ in }
  ) {
    keeper = HistoryKeeper(writer, owed: owed, lock: kept, wanted: wanted, say: complain)
    self.retention = retention
    self.complain = complain
    self.notice = notice
    lock = .allocate(capacity: 1)
    wake = .allocate(capacity: 1)
    pthread_mutex_init(lock, nil)
    pthread_cond_init(wake, nil)
    let context = Unmanaged.passRetained(self).toOpaque()
    pthread_create(
      &thread, nil,
      { context in
        Unmanaged<BackgroundWriter>.fromOpaque(context!).takeRetainedValue().work()
        return nil
      }, context)
  }

  deinit {
    pthread_mutex_destroy(lock)
    pthread_cond_destroy(wake)
    lock.deallocate()
    wake.deallocate()
  }

  /// Hands over a batch and returns at once.
  public func submit(_ batch: Batch) {
    pthread_mutex_lock(lock)
    if pending == nil {
      pending = batch
    } else {
      pending?.merge(batch)
    }
    shed()
    isWaitingForMore = false
    pthread_cond_signal(wake)
    pthread_mutex_unlock(lock)
  }

  /// Writes what waits, ends the run in the database and stops the thread.
  ///
  /// - Parameter everything: gives all that is open; asked where the file does not have it.
  /// - Throws: the ``StoreError`` for which the last batch could not be written.
  public func finish(now: Timestamp, everything: () -> Batch? = { nil }) throws(StoreError) {
    pthread_mutex_lock(lock)
    isStopping = true
    pthread_cond_signal(wake)
    pthread_mutex_unlock(lock)
    pthread_join(thread, nil)
    if let failure { throw failure }
    try keeper.close(now: now, everything: everything)
  }

  /// Why nothing can be written at the moment, and what there is to write waits; nil while all is well.
  public var waitsBecause: StoreError? {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    return failure
  }

  private func shed() {
    pending?.shed(downTo: Self.backlogLimit, why: failure?.why ?? "the disk is too slow")
  }

  private func work() {
    while let (taken, isLast) = next() {
      var batch = taken
      do throws(StoreError) {
        try write(&batch)
        setFailure(nil)
      } catch {
        keep(batch, error)
        if isLast { return }
        makeRoom(after: error, batch)
        continue
      }
      // What cannot be tidied now is tidied later, and nothing is lost by it: said once.
      do throws(StoreError) {
        try keeper.tidy(retention, after: batch, notice)
        tidyingFailure = nil
      } catch {
        if tidyingFailure?.kind != error.kind { complain(error) }
        tidyingFailure = error
      }
    }
  }

  /// What could not be written until now.
  private var wait = WriteWait()

  /// How many gaps were stored that are the writer's own, to be asked when it has finished.
  public private(set) var ownGaps = 0

  /// Writes a batch, and with it that it had to wait where it had to.
  private func write(_ batch: inout Batch) throws(StoreError) {
    let late = wait.gaps(storedWith: batch, interval: keeper.run.interval)
    try keeper.write(&batch, with: late)
    ownGaps += late.count
    wait = WriteWait()
    if !late.isEmpty { notice(.resumed(late)) }
  }

  /// Where a held history is out of room, makes some of what it has: the next attempt may then succeed, with the disk
  /// as full as it is.
  private func makeRoom(after error: StoreError, _ batch: Batch) {
    guard error.kind == .full, let writer = keeper.writer else { return }
    if let words = try? retention.look(at: writer) { notice(words) }
    if writer.held != nil { _ = try? retention.run(on: writer, after: batch) }
    keeper.restamp(writer)
  }

  /// Why the last pruning or digesting failed; of the writer's thread alone.
  private var tidyingFailure: StoreError?

  /// Waits for a batch; nil when there is no more work.
  private func next() -> (Batch, isLast: Bool)? {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    // After a failure the batch that waits is tried again with the next one, not at once and without end.
    while pending == nil || isWaitingForMore {
      if isStopping {
        if pending == nil { return nil }
        break
      }
      isWaitingForMore = false
      pthread_cond_wait(wake, lock)
    }
    guard let batch = pending else { return nil }
    pending = nil
    return (batch, isStopping)
  }

  private var isWaitingForMore = false

  private func keep(_ batch: Batch, _ error: StoreError) {
    pthread_mutex_lock(lock)
    if let later = pending {
      var joined = batch
      joined.merge(later)
      pending = joined
    } else {
      pending = batch
      isWaitingForMore = true
    }
    if let all = pending { wait.add(from: all.first, to: all.last, samples: all.samples, because: error) }
    pthread_mutex_unlock(lock)
    report(error)
  }

  private func report(_ error: StoreError) {
    let isNew = failure?.kind != error.kind
    setFailure(error)
    if isNew { complain(error) }
  }

  private func setFailure(_ error: StoreError?) {
    pthread_mutex_lock(lock)
    failure = error
    pthread_mutex_unlock(lock)
  }
}
