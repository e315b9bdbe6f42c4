// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Why there is a gap. The history has it as text, so a cause that another version wrote may be none of these.
public enum GapCause: String, CaseIterable, Sendable {
  /// Nobody recorded: the recorder was ended.
  case recorderStopped = "recorder stopped"
  /// Nobody recorded: the recorder was killed.
  case recorderKilled = "recorder killed"
  /// Nobody recorded: the machine was restarted.
  case machineRestarted = "machine restarted"
  /// A table could not be read.
  case procUnreadable = "/proc unreadable"
  /// The machine slept.
  case suspended
  /// A sample took too long.
  case overrun
  /// The trace's buffer was full before it was read.
  case traceOverrun = "trace overrun"
  /// The kernel's buffer for messages of ends was full before it was read.
  case endsLost = "ends lost"
  /// The wall clock was set.
  case clockStepped = "clock stepped"
  /// Finished lives were given up, because too many waited to be written.
  case couldNotWrite = "could not write"
  /// The database's file was moved, removed or replaced.
  case databaseReplaced = "database replaced"
  /// The database's file was cut short.
  case databaseTruncated = "database truncated"
  /// The database's file was damaged, and put aside.
  case databaseDamaged = "database damaged"
  /// The samples of this time waited in memory: no space was left.
  case diskFull = "disk full"
  /// The samples of this time waited in memory: another process held a lock on the database.
  case databaseLocked = "database locked"
  /// The samples of this time waited in memory: the database could not be written for another reason.
  case databaseUnwritable = "database unwritable"

  /// What a gap says of its time.
  public enum Meaning: Sendable {
    /// Not everything that happened was seen, or is stored.
    case unwatched
    /// It was watched; times on both sides do not compare.
    case clock
    /// It was watched and is stored, only later than usual.
    case writtenLate
  }

  /// What a gap with this cause says of its time.
  public var meaning: Meaning {
    switch self {
    case .recorderStopped, .recorderKilled, .machineRestarted, .procUnreadable, .suspended, .overrun,
      .traceOverrun, .endsLost, .couldNotWrite, .databaseReplaced, .databaseTruncated, .databaseDamaged:
      .unwatched
    case .clockStepped: .clock
    case .diskFull, .databaseLocked, .databaseUnwritable: .writtenLate
    }
  }
}

/// A stretch of time in which not everything was seen, or of which something else is to be known.
public struct Gap: Hashable, Sendable {
  /// The last moment before it at which everything was seen.
  public var since: Timestamp
  /// The first moment after it.
  public var until: Timestamp
  /// Why, in a few words of a fixed set, those of ``GapCause``.
  public var cause: String
  /// How many samples are missing from it; of one that was only written late, how many waited.
  public var samples: Int
  /// More for a person: the error, the amount.
  public var detail: String?

  /// Makes a gap.
  public init(since: Timestamp, until: Timestamp, cause: GapCause, samples: Int, detail: String? = nil) {
    self.init(since: since, until: until, cause: cause.rawValue, samples: samples, detail: detail)
  }

  /// Makes a gap as it is stored, whoever wrote it.
  public init(since: Timestamp, until: Timestamp, cause: String, samples: Int, detail: String? = nil) {
    self.since = since
    self.until = until
    self.cause = cause
    self.samples = samples
    self.detail = detail
  }
}

extension Gap {
  /// What it says of its time. Of a cause that is not known: that it was not watched.
  public var meaning: GapCause.Meaning { GapCause(rawValue: cause)?.meaning ?? .unwatched }

  /// True where something may be missing: "no rows" is no answer then.
  public var isBlind: Bool { meaning == .unwatched }
}
