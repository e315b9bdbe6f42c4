// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A small file system in memory, for a disk that can be filled.
struct SmallDisk {
  let path: String
  var database: String { path + "/test.db" }

  init(_ stage: Stage, size: String) async throws {
    path = stage.path("disk")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    _ = try await stage.tool(["mount", "-t", "tmpfs", "-o", "size=\(size)", "none", path])
  }

  /// Lazily: a recorder may still be on it.
  func unmount() { _ = umount2(path, 2) }

  /// Bytes that are free.
  var free: Int {
    var status = statvfs()
    return statvfs(path, &status) == 0 ? Int(status.f_bavail) * Int(status.f_frsize) : 0
  }

  /// Takes all but so many bytes; with none left, not one more can be written.
  func fill(leaving left: Int = 0) throws {
    let file = open(path + "/filler", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    defer { close(file) }
    if left > 0 {
      let bytes = [UInt8](repeating: 1, count: 65_536)
      while free > left { guard write(file, bytes, bytes.count) > 0 else { break } }
      return
    }
    for size in [4096, 1] {
      let bytes = [UInt8](repeating: 1, count: size)
      while write(file, bytes, size) == size {}
      guard errno == ENOSPC else {
        throw TestFailure("filling \(path): \(String(cString: strerror(errno)))")
      }
    }
  }

  /// Gives back what was taken.
  func clear() throws { try FileManager.default.removeItem(atPath: path + "/filler") }
}

/// A gap as the view has it.
struct StoredGap {
  var cause: String
  var since: Int64
  var until: Int64
  var samples: Int
  var detail: String

  /// All of a database, oldest first.
  static func all(_ stage: Stage, _ path: String? = nil) async throws -> [StoredGap] {
    let rows = try await stage.sql(
      "SELECT cause, since_us, until_us, samples, coalesce(detail, '') FROM gaps ORDER BY id", path)
    return rows.map {
      StoredGap(
        cause: $0[0], since: Int64($0[1]) ?? 0, until: Int64($0[2]) ?? 0, samples: Int($0[3]) ?? 0,
        detail: $0[4])
    }
  }
}
