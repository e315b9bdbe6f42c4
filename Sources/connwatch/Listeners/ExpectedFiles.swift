// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

@preconcurrency import Glibc

/// The files whose rules hold, read again when one of them has changed.
struct ExpectedFiles {
  /// What tells a file from what was at its path before.
  private struct Identity: Equatable {
    var device: UInt
    var inode: UInt
    var size: Int
    var modified: [Int]

    init?(_ path: String) {
      var status = stat()
      guard stat(path, &status) == 0 else { return nil }
      device = UInt(status.st_dev)
      inode = UInt(status.st_ino)
      size = Int(status.st_size)
      modified = [
        status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
      ]
    }
  }

  private let paths: [String]
  private var seen: [Identity?]?

  init(_ paths: [String]) { self.paths = paths }

  /// The rules of all files; nil where none has changed since the last time. A look costs a stat(2) a file.
  ///
  /// - Throws: ``Failure`` where one cannot be read, once for each time that it was changed.
  mutating func readIfChanged() throws(Failure) -> Set<ExpectedRule>? {
    let now = paths.map(Identity.init)
    if let seen, seen == now { return nil }
    seen = now
    var rules: Set<ExpectedRule> = []
    for path in paths { rules.formUnion(try ExpectedFile(path: path).read()) }
    return rules
  }
}
