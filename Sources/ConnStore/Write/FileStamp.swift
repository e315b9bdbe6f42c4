// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Which file a path leads to.
struct FileIdentity: Equatable {
  private var device: UInt
  private var inode: UInt

  /// nil where there is no file.
  init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.init(status)
  }

  init(_ status: stat) {
    device = UInt(status.st_dev)
    inode = UInt(status.st_ino)
  }
}

/// How a database lies on the disk. Whoever writes it alone can tell by this whether somebody else had his hands on it.
struct FileStamp: Equatable {
  /// The file.
  var file: FileIdentity
  /// Its size in bytes.
  var size: Int64
  /// When it was last written to, in nanoseconds: with a log, that is when the log was last moved into it.
  var modified: Int64
  /// The log beside it, and its index; nil where there is none.
  var log: FileIdentity?
  var index: FileIdentity?

  /// nil where there is no file.
  ///
  /// - Parameter place: the same file without links, beside which the log is.
  init?(_ path: String, place: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    file = FileIdentity(status)
    size = Int64(status.st_size)
    modified = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
    log = FileIdentity(place + "-wal")
    index = FileIdentity(place + "-shm")
  }
}
