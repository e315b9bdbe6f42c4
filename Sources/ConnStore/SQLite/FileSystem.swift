// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import CSQLite
import Glibc

/// Whether a file system can hold a database that is written: SQLite's log is shared memory and locks between processes,
/// and a network between them keeps neither (https://sqlite.org/wal.html).
public enum FileSystem {
  /// What is to be done about one.
  public enum Verdict: Hashable, Sendable {
    /// Of this machine, or not known to be of another.
    case local
    /// It may be of this machine or of another: what it is, in words.
    case doubtful(String)
    /// Other machines share it: what it is called.
    case network(String)
  }

  /// By the type that statfs(2) tells: linux/magic.h, and the sources of those that are not in it.
  private static let types: [UInt32: Verdict] = [
    0x6969: .network("NFS"),
    0x517B: .network("SMB"),
    0xFF53_4D42: .network("CIFS"),
    0xFE53_4D42: .network("SMB2"),
    0x0102_1997: .network("9p"),
    0x5346_414F: .network("AFS"),
    0x6B41_4653: .network("AFS"),
    0x7375_7245: .network("Coda"),
    0x00C3_6400: .network("Ceph"),
    0x0BD0_0BD0: .network("Lustre"),
    0x0116_1970: .network("GFS2"),
    0x7461_636F: .network("OCFS2"),
    0x2003_0528: .network("OrangeFS"),
    0x1983_0326: .network("BeeGFS"),
    0x4750_4653: .network("GPFS"),
    0x6163_6673: .network("ACFS"),
    0x564C: .network("NCP"),
    0x6573_5546: .doubtful("FUSE"),
    0x786F_4256: .doubtful("a folder shared by VirtualBox"),
    0xBACB_ACBC: .doubtful("a folder shared by VMware"),
    0x7C7C_6673: .doubtful("a folder shared by Parallels"),
  ]

  /// What a type of statfs(2) is.
  public static func verdict(type: UInt32) -> Verdict { types[type] ?? .local }

  /// What the file system of a database is, or of the first directory above it that is there.
  public static func verdict(of database: String) -> Verdict {
    var path = database
    while true {
      let type = csqlite_file_system_type(path)
      if type != 0 || path == "/" || path == "." { return verdict(type: type) }
      let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
      path = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    }
  }

  /// Looks whether a database can be written where it is.
  ///
  /// - Returns: what is to be said of a place that may be unfit; nil where it is fit.
  /// - Throws: ``StoreError`` where it is not.
  public static func check(database path: String) throws(StoreError) -> String? {
    let hint = "--db names a file on a local disk"
    switch verdict(of: path) {
    case .local: return nil
    case .doubtful(let name):
      return "\(path): on \(name): if that is another machine's disk, the database can be damaged (\(hint))"
    case .network(let name):
      throw StoreError(
        .other, path: path, why: "on a network file system (\(name)), where SQLite's log cannot be shared",
        hint: hint)
    }
  }
}
