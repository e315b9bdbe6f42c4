// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Glibc

/// A database that cannot be gone on with: whether it is ours, and how it is put aside.
enum DamagedHistory {
  /// How far into a file our tables are looked for.
  private static let searched = 1 << 20
  /// The pages of our databases: SQLite's usual ones.
  private static let pageSize = 4096

  /// True where a file was a history of connwatch's without doubt. Nothing else may be renamed.
  ///
  /// The header says it. Where that is damaged, the first pages must be those of a database, at their places, and say
  /// which tables it has. A copy within another file (an archive, an image) is at another place, and has its header.
  static func isOurs(_ path: String) -> Bool {
    let bytes = firstBytes(path)
    guard bytes.count >= DatabaseHeader.size else { return false }
    let header = DatabaseHeader(bytes)
    if header.isSound && header.applicationID == Migration.applicationID {
      return header.userVersion <= Migration.latest
    }
    // A database of somebody else is one that says so.
    if header.isSound && header.applicationID != 0 { return false }
    return contains(bytes, "tablelifelife") && contains(bytes, "tableopen_lifeopen_life")
      && !contains(Array(bytes.dropFirst(DatabaseHeader.magic.count)), DatabaseHeader.magic)
      && hasPages(bytes)
  }

  private static func firstBytes(_ path: String) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return [] }
    return [UInt8](unsafeUninitializedCapacity: searched) { room, count in
      while count < room.count {
        let read = pread(descriptor, room.baseAddress! + count, room.count - count, off_t(count))
        if read <= 0 { return }
        count += read
      }
    }
  }

  private static func contains(_ bytes: [UInt8], _ text: String) -> Bool { contains(bytes, Array(text.utf8)) }

  private static func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { bytes in
      var from = 0
      while from + part.count <= bytes.count,
        let found = memchr(bytes.baseAddress! + from, Int32(part[0]), bytes.count - part.count - from + 1)
      {
        let place = UnsafeRawPointer(found)
        if memcmp(place, part, part.count) == 0 { return true }
        from = place - bytes.baseAddress! + 1
      }
      return false
    }
  }

  /// True where most pages begin as pages of a tree do, or of what else a database is made of.
  private static func hasPages(_ bytes: [UInt8]) -> Bool {
    let starts = stride(from: pageSize, to: bytes.count, by: pageSize)
    let plausible = starts.count { [0, 1, 2, 3, 4, 5, 10, 13].contains(bytes[$0]) }
    return plausible > 0 && plausible * 2 > Array(starts).count
  }

  /// Renames a database and what SQLite keeps beside it to `PATH.corrupt-TIME`, so that the sqlite3 program can open it
  /// under that name. What was put aside before is never overwritten. Nobody of this process may have it open.
  ///
  /// - Parameter parts: what of it, by the ends of the names.
  /// - Returns: the new name.
  /// - Throws: ``StoreError``; all is where it was then.
  static func putAside(
    _ path: String, now: Timestamp, parts: [String] = ["-wal", "-shm", ""]
  ) throws(StoreError) -> String {
    let place = realPath(path)
    let name = freeName(place + ".corrupt-" + Self.name(of: now))
    var done: [String] = []
    for part in parts {
      guard rename(place + part, name + part) != 0 else {
        done.append(part)
        continue
      }
      let code = errno
      if code == ENOENT { continue }
      for part in done.reversed() { rename(name + part, place + part) }
      throw StoreError(
        code == EACCES || code == EPERM || code == EROFS ? .readOnly : .other, path: path,
        why: "it is damaged and cannot be put aside: \(String(cString: strerror(code)))")
    }
    return name
  }

  /// A path without links: what is beside a database has the name of the file itself.
  static func realPath(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }

  private static func freeName(_ name: String) -> String {
    var free = name
    var number = 1
    while ["", "-wal", "-shm"].contains(where: { isTaken(free + $0) }) {
      number += 1
      free = "\(name)-\(number)"
    }
    return free
  }

  private static func isTaken(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  /// A moment as `20260131T101500Z`.
  private static func name(of moment: Timestamp) -> String {
    var seconds = time_t(moment.microseconds / 1_000_000)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    var text = [CChar](repeating: 0, count: 64)
    let count = strftime(&text, text.count, "%Y%m%dT%H%M%SZ", &parts)
    return String(decoding: text.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// When a database was last written to, as far as its files tell.
  static func lastWritten(_ path: String) -> Timestamp? {
    let place = realPath(path)
    let times = [place, place + "-wal"].compactMap { path -> Int64? in
      var status = stat()
      guard stat(path, &status) == 0 else { return nil }
      return Int64(status.st_mtim.tv_sec) * 1_000_000 + Int64(status.st_mtim.tv_nsec) / 1000
    }
    return times.max().map { Timestamp(microseconds: $0) }
  }
}
