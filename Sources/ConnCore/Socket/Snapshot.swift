// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Every socket of one network namespace, read in one go.
///
/// A snapshot is not atomic: the kernel gives about a page a read and lets go of its locks in between.
public struct Snapshot: Sendable {
  /// Wall-clock time when the last table had been read.
  public var time: Timestamp
  /// The same moment on CLOCK_BOOTTIME, in microseconds: never steps, and counts time suspended.
  public var bootTime: Int64
  /// How long the reading took, in microseconds.
  public var readingTook: Int64
  /// The sockets, in the order of the tables.
  public var rows: [SocketRow]
  /// What came of each table asked for.
  public var tables: [TableReport]
  /// What showed the rows.
  public var source: Life.Sources
  /// The states that were asked for: sockets in others are not among the rows.
  public var states = StateSet.all
  /// The kernel's number of each row's socket, which is never used twice in one boot; 0 where it has none. Empty where
  /// the source tells none, else one a row.
  public var cookies: [UInt64] = []
  /// What each row's connection has carried, nil where not known. Empty where nobody asked, else one a row.
  public var traffic: [Traffic?] = []
  /// Of sockets bound to `::` that have no remote end, by inode: whether they take IPv6 alone (IPV6_V6ONLY), or IPv4 too.
  /// Only sock_diag tells.
  public var v6Only: [UInt64: Bool] = [:]

  /// Makes a snapshot.
  public init(
    time: Timestamp, bootTime: Int64, readingTook: Int64 = 0, rows: [SocketRow], tables: [TableReport] = [],
    source: Life.Sources = .proc
  ) {
    self.time = time
    self.bootTime = bootTime
    self.readingTook = readingTook
    self.rows = rows
    self.tables = tables
    self.source = source
  }

  /// CLOCK_BOOTTIME when the reading began.
  public var begunBoot: Int64 { bootTime - readingTook }

  /// Why a table could not be read, the first where there are several; nil where all could.
  public var failure: String? {
    for table in tables {
      if case .failed(let why) = table.outcome { return why }
    }
    return nil
  }

  /// The tables whose rows cannot be trusted to be all there: nothing of theirs may be closed.
  public var incomplete: ProtoSet {
    tables.reduce(into: []) { set, table in
      if !table.isComplete { set.insert(ProtoSet(table.proto)) }
    }
  }
}

/// What came of reading one socket table.
public struct TableReport: Hashable, Sendable {
  /// How the reading ended.
  public enum Outcome: Hashable, Sendable {
    /// The whole table was read.
    case read
    /// There is no such table: a machine without IPv6. Not a failure.
    case absent
    /// The last line was cut short; what came before it is kept.
    case torn
    /// The table changed while the kernel showed it, each time it was asked, in a way that may have hidden rows.
    case interrupted
    /// Nothing of it can be used; the reason in words, for a person.
    case failed(String)
  }

  /// The table.
  public var proto: Proto
  /// How the reading ended.
  public var outcome: Outcome
  /// Lines seen, without the header. Always `rows + skipped + duplicates`.
  public var lines = 0
  /// Rows kept.
  public var rows = 0
  /// Rows that repeated another one and were collapsed into it.
  public var duplicates = 0
  /// Rows that could not be used, by reason.
  public var skipped: [SkipReason: Int] = [:]
  /// Rows in the form of the other transport's table, such as a LISTEN in udp: kept, and worth a warning.
  public var foreign = 0

  /// Makes a report with no lines.
  public init(proto: Proto, outcome: Outcome) {
    self.proto = proto
    self.outcome = outcome
  }

  /// True where a socket missing from the rows was really missing from the kernel's answer.
  public var isComplete: Bool { (outcome == .read || outcome == .absent) && skipped.isEmpty }

  /// Rows that could not be used, all reasons together.
  public var skippedTotal: Int { skipped.values.reduce(0, +) }
}

/// Why a row of a socket table was not used.
public enum SkipReason: String, CaseIterable, Hashable, Sendable {
  /// The table ended in the middle of this line.
  case torn = "cut short"
  /// Fewer columns than the ten that are needed.
  case tooFewColumns = "too few columns"
  /// Not hexadecimal digits where they belong.
  case badHex = "bad hexadecimal"
  /// Not a decimal number where one belongs, or one that is too large.
  case badNumber = "bad number"
  /// An address that is neither 8 nor 32 digits wide, or not the width of its table.
  case badAddressWidth = "wrong address width"
  /// More than 4,096 bytes.
  case tooLong = "line too long"
  /// A NUL or another byte that is not text.
  case notText = "not text"
  /// Nothing wrong with this one, but the table it is in was given up.
  case rejected = "in a rejected table"
}
