// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Makes sure that one recorder writes to a database, and tells others which.
///
/// An open-file-description lock (fcntl(2)) on `DATABASE.lock`, which holds the recorder's pid. The kernel drops
/// it however the process ends, so a killed recorder is no obstacle. It is not on the database itself: closing
/// any descriptor of that file would drop SQLite's own locks.
public final class RecorderLock {
  let descriptor: Int32
  /// The file that is locked.
  let lockPath: String

  /// Takes the lock.
  ///
  /// - Throws: ``StoreError`` of kind `recording` with the pid of the recorder that has it.
  public init(database path: String) throws(StoreError) {
    let lockPath = try FilePlace.resolve(path) + ".lock"
    try FilePlace.checkFile(lockPath)
    let descriptor = open(
      lockPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0o640)
    guard descriptor >= 0 else {
      let isOdd = errno == EISDIR || errno == ELOOP || errno == ENXIO
      throw StoreError(
        .noPermission, path: lockPath, why: String(cString: strerror(errno)),
        hint: isOdd
          ? Self.oddHint
          : "whoever writes a history needs to write in its directory; --db names another file")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      Glibc.close(descriptor)
      throw StoreError(.other, path: lockPath, why: "not a regular file", hint: Self.oddHint)
    }
    // It is emptied and written to: never a file that has another name too, which somebody else may have given it.
    guard status.st_nlink <= 1 else {
      Glibc.close(descriptor)
      throw StoreError(
        .link, path: lockPath, why: "not a file of its own",
        hint: "take it away, or name another database with --db")
    }
    var lock = Self.wholeFile(type: Int16(F_WRLCK))
    guard fcntl(descriptor, Self.setLock, &lock) == 0 else {
      let pid = Self.readPID(descriptor)
      Glibc.close(descriptor)
      let who = pid.map { "pid \($0)" } ?? "another process"
      throw StoreError(
        .recording(pid: pid), path: path, why: "\(who) is recording to it already",
        hint: "stop it first, or name another file with --db")
    }
    self.descriptor = descriptor
    self.lockPath = lockPath
    ftruncate(descriptor, 0)
    let text = "\(getpid())\n"
    _ = text.withCString { pwrite(descriptor, $0, strlen($0), 0) }
  }

  deinit {
    ftruncate(descriptor, 0)
    Glibc.close(descriptor)
  }

  /// Whether somebody records to a database.
  public enum Holder: Hashable, Sendable {
    /// Nobody does.
    case none
    /// A recorder does; its pid where it could be read.
    case recorder(pid: Int32?)
    /// The lock may not be looked at.
    case unknown
  }

  /// Asks who records to a database, without taking the lock even for a moment.
  public static func holder(database path: String) -> Holder {
    guard let place = try? FilePlace.resolve(path) else { return .unknown }
    let descriptor = open(place + ".lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { return errno == ENOENT ? .none : .unknown }
    defer { Glibc.close(descriptor) }
    // A read lock conflicts with the recorder's write lock; asking takes nothing.
    var lock = wholeFile(type: Int16(F_RDLCK))
    guard fcntl(descriptor, getLock, &lock) == 0 else { return .unknown }
    return lock.l_type == Int16(F_UNLCK) ? .none : .recorder(pid: readPID(descriptor))
  }

  private static let oddHint = "a recorder makes this file: what is in its place is none, and can be removed"

  // F_OFD_GETLK and F_OFD_SETLK of <fcntl.h>, which are behind _GNU_SOURCE.
  private static let getLock: Int32 = 36
  private static let setLock: Int32 = 37

  private static func wholeFile(type: Int16) -> flock {
    flock(l_type: type, l_whence: Int16(SEEK_SET), l_start: 0, l_len: 0, l_pid: 0)
  }

  private static func readPID(_ descriptor: Int32) -> Int32? {
    var bytes = [UInt8](repeating: 0, count: 16)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    guard count > 0 else { return nil }
    return Int32(String(decoding: bytes.prefix(count).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
  }
}
