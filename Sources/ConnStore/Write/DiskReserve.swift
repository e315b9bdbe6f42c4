// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import CSQLite
import Glibc

/// How much of a file system is left free for others.
public enum DiskReserve: Hashable, Sendable {
  /// The smaller of 5 % and 64 MB.
  case usual
  /// So many bytes.
  case bytes(Int64)
  /// So many in a hundred of the file system's bytes.
  case percent(Double)

  /// What that is on a file system of so many bytes.
  public func bytes(of total: Int64) -> Int64 {
    switch self {
    case .usual: min(total / 20, 64 << 20)
    case .bytes(let bytes): bytes
    case .percent(let percent): Int64(min(Double(total), Double(total) / 100 * percent))
    }
  }
}

/// Bytes of a file system.
public struct DiskSpace: Equatable, Sendable {
  /// All there are.
  public var total: Int64
  /// Those that anybody may still use; what is kept for root alone is not among them.
  public var free: Int64

  /// Looks at the file system that a file is on; nil where it does not say, as some of a network do.
  public init?(at path: String) {
    var status = statvfs()
    guard statvfs(path, &status) == 0, status.f_blocks > 0 else { return nil }
    let unit = Int64(clamping: status.f_frsize)
    total = Int64(clamping: status.f_blocks).multipliedReportingOverflow(by: unit).partialValue
    free = Int64(clamping: status.f_bavail).multipliedReportingOverflow(by: unit).partialValue
  }

  init(total: Int64, free: Int64) {
    self.total = total
    self.free = free
  }
}

/// The size at which the history is held while the disk has too little free.
struct HeldSize: Equatable {
  /// So many pages, and no more.
  var pages: Int64
  /// Pages among them that are kept free for what comes next.
  var slack: Int64

  /// A history of fewer is let grow: that little can do nobody any harm. As many as `--max-size` may be at the least.
  static let least: Int64 = 1_000_000 / 4096

  /// The size that a database has now.
  ///
  /// - Parameters:
  ///   - pages: the pages that it has, those still in the log among them.
  ///   - stored: the pages that its file has room for.
  ///   - free: pages that the disk has left.
  init(pages: Int64, stored: Int64, free: Int64) {
    // Pages that are only in the log need room in the file too, before the log can be used again.
    let room = stored + max(0, free) / 2
    self.pages = max(Self.least, min(pages, max(stored, room)))
    slack = min(256, self.pages / 8)
  }
}

extension HistoryWriter {
  /// Bytes of the log that are kept on the disk, written or not: twice what it has when it is moved into the file.
  static let logRoom: Int64 = 8 << 20

  /// Looks whether the disk has what is to be left to others, and holds the history at its size where it has not.
  ///
  /// - Returns: what there is to be said.
  func lookAtDisk(_ reserve: DiskReserve, _ space: DiskSpace) throws(StoreError) -> StoreNotice? {
    let wanted = reserve.bytes(of: space.total)
    if held != nil {
      // A little more than the reserve, or what comes and goes on the disk would be told each time.
      guard space.free >= wanted + wanted / 4 else { return nil }
      held = nil
      return .released
    }
    guard space.free < wanted else {
      keepLogRoom(space.free - wanted)
      return nil
    }
    // So that the file has what the log has, as far as it fits.
    try? connection.run("PRAGMA wal_checkpoint(PASSIVE)")
    let size = try connection.integer("PRAGMA page_size") ?? 4096
    let now = HeldSize(
      pages: try connection.integer("PRAGMA page_count") ?? 0,
      stored: HistoryReader.fileSize(path) / size, free: space.free / size)
    held = now
    return .held(size: now.pages * size, free: space.free, reserve: wanted)
  }

  /// Takes room for the log while there is some, so that a commit, and the deletion that makes room for the next one,
  /// find it when others have filled the disk. It does not change the file's size.
  private func keepLogRoom(_ spare: Int64) {
    guard !hasLogRoom, spare > Self.logRoom else { return }
    // Locks are on other files, so closing this one lets go of none.
    let log = Glibc.open(path + "-wal", O_WRONLY | O_CLOEXEC)
    guard log >= 0 else { return }
    defer { Glibc.close(log) }
    // Where the file system has no such thing, it is as without.
    _ = csqlite_take_room(log, Int(Self.logRoom))
    hasLogRoom = true
  }
}

extension Connection {
  /// Pages in use beyond those that a held history may have; 0 or less where there are none.
  func pagesBeyond(_ held: HeldSize) throws(StoreError) -> Int64 {
    let pages = try integer("PRAGMA page_count") ?? 0
    let free = try integer("PRAGMA freelist_count") ?? 0
    return pages - free - (held.pages - held.slack)
  }

  /// Gives pages back that a held history has too many, so that its file need not grow. Others are used again.
  func giveBack(beyond held: HeldSize) throws(StoreError) {
    let excess = try (integer("PRAGMA page_count") ?? 0) - held.pages
    if excess > 0 { try giveBack(pages: Int(excess)) }
  }
}
