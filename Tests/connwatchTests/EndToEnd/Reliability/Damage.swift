// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Something done to a database while it is recorded to.
enum Damage: String, CaseIterable {
  case removed, removedWithItsLog, movedAway, olderCopy, anotherHistory, logRemoved, directoryRemoved
  case emptied, halved, cutWithinAPage
  case zeroedHeader, middlePage, allButTheHeader

  /// The cause of the gap.
  var cause: String {
    switch self {
    case .removed, .removedWithItsLog, .movedAway, .olderCopy, .anotherHistory, .logRemoved,
      .directoryRemoved:
      "database replaced"
    case .emptied, .halved, .cutWithinAPage: "database truncated"
    case .zeroedHeader, .middlePage, .allButTheHeader: "database damaged"
    }
  }

  /// Whether the old file is put aside.
  var isPutAside: Bool { cause != "database replaced" }

  /// Does it. `older` is a copy made before, `other` another history.
  func inflict(on path: String, older: String, other: String) throws {
    switch self {
    case .removed: try expect(unlink(path))
    case .removedWithItsLog: for end in ["", "-wal", "-shm"] { try expect(unlink(path + end)) }
    case .movedAway: try expect(rename(path, path + ".moved"))
    case .olderCopy: try expect(rename(older, path))
    case .anotherHistory: try expect(rename(other, path))
    case .logRemoved: for end in ["-wal", "-shm"] { try expect(unlink(path + end)) }
    case .directoryRemoved:
      try FileManager.default.removeItem(at: URL(filePath: path).deletingLastPathComponent())
    case .emptied: try expect(truncate(path, 0))
    case .halved: try expect(truncate(path, try size(path) / 2 / 4096 * 4096))
    case .cutWithinAPage: try expect(truncate(path, try size(path) * 2 / 3 / 4096 * 4096 + 1234))
    case .zeroedHeader: try overwrite(path, from: 0, count: 100, with: 0)
    case .middlePage: try overwrite(path, from: try size(path) / 2 / 4096 * 4096, count: 4096, with: 0xA5)
    case .allButTheHeader: try overwrite(path, from: 100, count: try size(path) - 100, with: 0x5A)
    }
  }

  private func expect(_ code: Int32) throws {
    guard code == 0 else { throw TestFailure("\(self): \(String(cString: strerror(errno)))") }
  }

  private func size(_ path: String) throws -> Int {
    try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
  }

  /// In one call, as long as the kernel takes it so.
  private func overwrite(_ path: String, from: Int, count: Int, with byte: UInt8) throws {
    let file = open(path, O_WRONLY | O_CLOEXEC)
    defer { close(file) }
    guard file >= 0, pwrite(file, [UInt8](repeating: byte, count: count), count, from) == count else {
      throw TestFailure("\(self): \(String(cString: strerror(errno)))")
    }
  }
}
