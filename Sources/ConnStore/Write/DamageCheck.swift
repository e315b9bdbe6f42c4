// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import CSQLite
import Glibc
import Synchronization

/// Looks for damage on a thread of its own and by a connection of its own, so that nobody waits for it.
final class DamageCheck: Sendable {
  /// What is looked at.
  enum Depth: Sendable {
    /// SQLite's own quick check: every page, without comparing indexes with tables.
    case pages
    /// Indexes, and what the tables say of each other, too.
    case all
  }

  /// What has come of it.
  enum Outcome: Equatable, Sendable {
    case running
    /// Nothing is wrong, or it was abandoned or could not be looked at.
    case over
    case damaged(String)
  }

  /// What both threads see.
  private struct Shared {
    var outcome = Outcome.running
    var isAbandoned = false
    /// The connection, while there is one: the other thread interrupts it.
    var running: Running?
  }

  /// A connection that may be interrupted by any thread, which SQLite allows as long as it is open.
  private struct Running: @unchecked Sendable {
    let handle: OpaquePointer
  }

  private let shared = Mutex(Shared())
  private let path: String
  private let depth: Depth
  private let thread: Mutex<pthread_t?> = Mutex(nil)

  /// Begins to look.
  init(_ path: String, _ depth: Depth) {
    self.path = path
    self.depth = depth
    var thread = pthread_t()
    let context = Unmanaged.passRetained(self)
    let code = pthread_create(
      &thread, nil,
      { context in
        Unmanaged<DamageCheck>.fromOpaque(context!).takeRetainedValue().work()
        return nil
      }, context.toOpaque())
    guard code == 0 else {
      context.release()
      shared.withLock { $0.outcome = .over }
      return
    }
    self.thread.withLock { [thread] in $0 = thread }
  }

  var outcome: Outcome { shared.withLock { $0.outcome } }

  /// Ends it at once, and returns when it holds the file no more.
  func end() {
    shared.withLock {
      $0.isAbandoned = true
      if let running = $0.running { sqlite3_interrupt(running.handle) }
    }
    let thread = thread.withLock { thread in
      defer { thread = nil }
      return thread
    }
    if let thread { pthread_join(thread, nil) }
  }

  // MARK: - On the thread

  private func work() {
    // Sampling comes first: this thread takes what nobody else wants.
    setpriority(Int32(PRIO_PROCESS.rawValue), 0, 19)
    var outcome = Outcome.over
    do throws(StoreError) {
      if let finding = try look() { outcome = .damaged(finding) }
    } catch {
      if error.isDamage { outcome = .damaged(error.why) }
    }
    shared.withLock { $0.outcome = $0.isAbandoned ? .over : outcome }
  }

  /// What is wrong first; nil where nothing is.
  private func look() throws(StoreError) -> String? {
    let reader = try HistoryReader(path: path)
    let handle = reader.connection.handle
    let running = Running(handle: handle)
    let isAbandoned = shared.withLock {
      $0.running = running
      return $0.isAbandoned
    }
    defer { shared.withLock { $0.running = nil } }
    if isAbandoned { return nil }
    // An interrupt ends only what is running; this ends what begins after it too.
    sqlite3_progress_handler(
      handle, 10_000,
      { context in
        Unmanaged<DamageCheck>.fromOpaque(context!).takeUnretainedValue().shared.withLock {
          $0.isAbandoned ? 1 : 0
        }
      }, Unmanaged.passUnretained(self).toOpaque())
    switch depth {
    case .pages:
      let finding = try reader.connection.text("PRAGMA quick_check(1)")
      return finding == "ok" ? nil : finding.map(Self.onOneLine)
    case .all: return try reader.check().first.map(Self.onOneLine)
    }
  }

  /// SQLite's words begin with a line of their own that names the database.
  private static func onOneLine(_ finding: String) -> String {
    finding.split(separator: "\n").filter { !$0.hasPrefix("*** in database") }.joined(separator: "; ")
  }
}

extension StoreError {
  /// True where the file itself is to blame, and will be as long as it is there.
  var isDamage: Bool {
    switch code & 0xFF {
    case SQLITE_CORRUPT, SQLITE_NOTADB: true
    default: Self.damagedReads.contains(code)
    }
  }

  // SQLITE_IOERR_SHORT_READ, SQLITE_IOERR_DATA and SQLITE_IOERR_CORRUPTFS, which are sums in the C header.
  private static let damagedReads: [Int32] = [2, 32, 33].map { SQLITE_IOERR | $0 << 8 }

  /// True where the disk would not read.
  var isUnreadable: Bool { code == SQLITE_IOERR | 1 << 8 }

  /// True where what is written by us alone, and the same each time, is refused: tables are not what they were.
  var isForeignSchema: Bool { code & 0xFF == SQLITE_ERROR || code & 0xFF == SQLITE_SCHEMA }
}
