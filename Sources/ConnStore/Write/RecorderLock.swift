// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Makes sure that one recorder writes to a database, and tells others which.
///
/// An open-file-description lock (fcntl(2)) on `DATABASE.lock`, which holds the recorder's pid. The kernel drops
/// it however the process ends, so a killed recorder is no obstacle. It is not on the database itself: closing
/// any descriptor of that file would drop SQLite's own locks.
public final class RecorderLock {
  private let descriptor: Int32

  /// Takes the lock.
  ///
  /// - Throws: ``StoreError`` of kind `recording` with the pid of the recorder that has it.
  public init(database path: String) throws(StoreError) {
    let lockPath = Self.lockPath(path)
    let descriptor = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o640)
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
    let descriptor = open(lockPath(path), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
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

  /// Beside the database itself, by whichever links it is named.
  private static func lockPath(_ database: String) -> String {
    guard let real = realpath(database, nil) else { return target(of: database) + ".lock" }
    defer { free(real) }
    return String(cString: real) + ".lock"
  }

  /// Where a database will be made that is not there yet: a link may lead to its place.
  private static func target(of path: String) -> String {
    var path = path
    for _ in 0..<40 {
      var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
      let count = bytes.withUnsafeMutableBytes { bytes in
        readlink(path, bytes.bindMemory(to: CChar.self).baseAddress!, bytes.count)
      }
      guard count > 0 else { break }
      let next = String(decoding: bytes.prefix(count), as: UTF8.self)
      let directory = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[...$0]) } ?? ""
      path = next.utf8.first == UInt8(ascii: "/") ? next : directory + next
    }
    return path
  }

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
