// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Keeps an eye on the size of the log beside a database (https://www.sqlite.org/wal.html).
///
/// The log is used from its beginning again when all of it is in the file and nobody reads an older state. A reader that
/// stays makes it grow without end, and readers that take turns can do the same.
struct LogWatch {
  /// Bytes that it may have before it is said.
  static let most: Int64 = 64 << 20
  /// Bytes that the log is cut to when it is begun again (journal_size_limit).
  static let usual: Int64 = 16 << 20
  /// Microseconds between two attempts to empty it, and milliseconds that one waits for readers.
  static let pace: Int64 = 10_000_000
  static let patience = 200

  private var isSaid = false
  private var triedAt: Int64 = .min
  /// Why the last attempt came to nothing, where it was no reader.
  private var failure: String?

  /// Looks at the log after a batch, and empties it where it has grown and nobody holds it.
  ///
  /// - Returns: what there is to be said.
  mutating func look(at writer: HistoryWriter, now: Int64) throws(StoreError) -> StoreNotice? {
    var size = HistoryReader.fileSize(writer.path + "-wal")
    if size > Self.usual, abs(now &- triedAt) >= Self.pace {
      triedAt = now
      failure = try writer.emptyLog(patience: Self.patience)
      size = HistoryReader.fileSize(writer.path + "-wal")
    }
    if !isSaid, size > Self.most {
      isSaid = true
      return .logGrown(bytes: size, why: failure)
    }
    if isSaid, size <= Self.usual {
      isSaid = false
      return .logReset
    }
    return nil
  }
}

extension HistoryWriter {
  /// Moves the log into the file and cuts it to nothing, where no reader is in the way for longer than `patience`
  /// milliseconds.
  ///
  /// - Returns: why it could not be; nil where it was a reader.
  func emptyLog(patience: Int) throws(StoreError) -> String? {
    var failure: String?
    try connection.run("PRAGMA busy_timeout = \(patience)")
    do {
      // That somebody reads is an answer and no error.
      try connection.run("PRAGMA wal_checkpoint(TRUNCATE)")
    } catch {
      failure = error.why
    }
    try connection.run("PRAGMA busy_timeout = \(Self.patience)")
    // The room went with what was cut off.
    hasLogRoom = false
    return failure
  }
}
