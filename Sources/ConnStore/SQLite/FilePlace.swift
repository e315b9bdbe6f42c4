// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Where a file really is, or is to be made: the path that is opened then, without following any link on the way.
///
/// Where others may write, as in /tmp, one of them can put a link to another file at a path that root is going to write
/// to. So a link at the end of a path is followed only where it is our own, or root's; links to directories on the way
/// there are not looked at: whoever can change those has the files in them anyway.
public enum FilePlace {
  /// Links after links, as many as the kernel follows.
  private static let mostLinks = 40

  /// The path without links.
  ///
  /// - Throws: ``StoreError`` where there is a link of somebody else, or neither a file nor a directory.
  public static func resolve(_ path: String) throws(StoreError) -> String {
    var place = path
    for _ in 0..<mostLinks {
      let (directory, name) = split(place)
      // What is wrong with it, opening it will tell.
      guard !name.isEmpty, let real = realpath(directory, nil) else { return place }
      defer { free(real) }
      let base = String(cString: real)
      place = base == "/" ? "/" + name : base + "/" + name
      var status = stat()
      guard lstat(place, &status) == 0 else { return place }
      guard status.st_mode & S_IFMT == S_IFLNK else {
        if let kind = kind(mode: status.st_mode) {
          throw StoreError(.link, path: path, why: "\(kind), not a file", hint: "name another file")
        }
        return place
      }
      let target = self.target(place) ?? "?"
      guard status.st_uid == geteuid() || status.st_uid == 0 else {
        throw StoreError(
          .link, path: place, why: "a link to \(target), which is not ours: user \(status.st_uid) made it",
          hint: "name the file itself")
      }
      place = target.hasPrefix("/") ? target : base + "/" + target
    }
    throw StoreError(.link, path: path, why: String(cString: strerror(ELOOP)), hint: "name the file itself")
  }

  /// Makes sure that what SQLite keeps beside a database is nothing but files. It follows no link there, but says only
  /// that it cannot open the database.
  static func checkCompanions(of database: String) throws(StoreError) {
    for suffix in ["-wal", "-shm", "-journal"] { try checkFile(database + suffix) }
  }

  /// Makes sure that there is a file of its own, or nothing.
  static func checkFile(_ path: String) throws(StoreError) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    let why: String
    switch status.st_mode & S_IFMT {
    case S_IFREG: return
    case S_IFLNK: why = "a link to \(target(path) ?? "?"), which is not followed"
    case S_IFDIR: why = "a directory, not a file"
    default: why = "\(kind(mode: status.st_mode) ?? "something else"), not a file"
    }
    throw StoreError(.link, path: path, why: why, hint: "take it away, or name another database with --db")
  }

  /// Makes an empty file where there is none, closed to others from its first moment, whatever the umask says.
  static func make(_ path: String) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o640)
    // What is wrong, if it is not that there is one, opening it will tell.
    guard descriptor >= 0 else { return }
    fchmod(descriptor, 0o640)
    close(descriptor)
  }

  /// What something of this st_mode is, where it is neither file, directory nor link; else nil.
  public static func kind(mode: UInt32) -> String? {
    switch mode & S_IFMT {
    case S_IFIFO: "a FIFO"
    case S_IFSOCK: "a socket"
    case S_IFCHR, S_IFBLK: "a device"
    default: nil
    }
  }

  private static func split(_ path: String) -> (directory: String, name: String) {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
    let name = String(path[path.utf8.index(after: slash)...])
    return (slash == path.startIndex ? "/" : String(path[..<slash]), name)
  }

  private static func target(_ link: String) -> String? {
    let bytes = [UInt8](unsafeUninitializedCapacity: Int(PATH_MAX)) { room, count in
      count = max(0, room.withMemoryRebound(to: CChar.self) { readlink(link, $0.baseAddress!, $0.count) })
    }
    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
  }
}
