// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore

extension BackgroundWriter {
  /// Opens or makes a database and starts a thread that writes to it. One of ours that is damaged is put aside.
  ///
  /// - Parameters:
  ///   - lock: the recorder's lock on it.
  ///   - complain: called on the writer's thread when writing begins to fail, and again when the reason changes; also
  ///     at once, where a damaged one was put aside.
  ///   - notice: called on it for what else there is to be said.
  /// - Returns: the writer, and what an earlier recorder left open.
  /// - Throws: ``StoreError`` where it is not ours, or cannot be written.
  public static func opening(
    _ path: String, run: HistoryWriter.Run, now: Timestamp, retention: Retention, lock: KeptLock? = nil,
    complain: @escaping @Sendable (StoreError) -> Void,
    notice: @escaping @Sendable (StoreNotice) -> Void = { _ in }
  ) throws(StoreError) -> (writer: BackgroundWriter, left: HistoryWriter.Resumption) {
    do {
      let (writer, left) = try opened(path, run, now)
      let background = BackgroundWriter(
        writer, retention: retention, lock: lock, complain: complain, notice: notice)
      return (background, left)
    } catch {
      guard error.isDamage, DamagedHistory.isOurs(path) else { throw error }
      let since = min(DamagedHistory.lastWritten(path) ?? now, now)
      let lost = HistoryKeeper.Lost(
        loss: .damaged(error.why), isInTheWay: false, putAside: try DamagedHistory.putAside(path, now: now))
      let (writer, left) = try opened(path, run, now)
      complain(lost.notice(path, nil))
      let gap = Gap(
        since: since, until: now, cause: lost.loss.cause, samples: 0, detail: lost.detail(nil))
      let background = BackgroundWriter(
        writer, retention: retention, owed: [gap], lock: lock, complain: complain, notice: notice)
      return (background, left)
    }
  }

  private static func opened(
    _ path: String, _ run: HistoryWriter.Run, _ now: Timestamp
  ) throws(StoreError) -> sending (HistoryWriter, HistoryWriter.Resumption) {
    let writer = try HistoryWriter(path: path, run: run, now: now)
    var left = writer.resumption
    if let boot = left.lastSampleBoot, let sampled = left.lastSample {
      // On the clock of that sample: it may have been set since.
      let passed = max(0, SystemTime.boot() - boot)
      do throws(StoreError) {
        left.endedLately = try HistoryReader(path: path).endedLately(at: sampled + passed)
      } catch {
        // Taken away at this very moment: it is noticed with the first batch.
        guard error.kind == .missing else { throw error }
      }
    }
    writer.forgetResumption()
    return (writer, left)
  }
}
