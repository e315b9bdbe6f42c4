// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
import Glibc
import ProcNet

extension StoreNotice {
  /// What is to be said of it, in a sentence that names the file.
  func sentence(of path: String) -> String {
    switch self {
    case .resumed(let gaps):
      let waits = gaps.map {
        "\($0.samples) samples waited \(TimeText.age($0.until - $0.since)) (\($0.cause))"
      }
      return "\(path): written again: " + waits.joined(separator: ", ")
    case .held(let size, let free, let reserve):
      return """
        \(path): \(InfoRow.size(free)) are free on its disk, less than \(InfoRow.size(reserve)) (--keep-free): the \
        database is held at \(InfoRow.size(size)), and the oldest connections go for new ones
        """
    case .released: return "\(path): its disk has room again: the database may grow"
    case .logGrown(let bytes, let why):
      let log = "\(path)-wal: grown to \(InfoRow.size(bytes)), because"
      if let why { return "\(log) it cannot be moved into the database: \(why); it grows until it can" }
      let readers = Self.readers(of: path).map(String.init).joined(separator: ", ")
      return """
        \(log) an old state of the database is being read\
        \(readers.isEmpty ? "" : " (by pid \(readers))"); it grows until that ends
        """
    case .logReset: return "\(path)-wal: emptied"
    }
  }

  /// The bytes of the log's index on which SQLite's readers have their locks (https://www.sqlite.org/walformat.html).
  private static let readLocks: ClosedRange<Int64> = 123...127

  private static func readers(of path: String) -> [Int32] {
    FileLocks.holders(of: path + "-shm", bytes: readLocks, reading: ProcRoot()).filter { $0 != getpid() }
  }
}

extension DiskReserve {
  /// Reads `--keep-free`: a size, or a share as `5%`.
  ///
  /// - Throws: ``Failure`` or ``UnreadableText``.
  init(option text: String) throws {
    guard text.hasSuffix("%") else {
      self = .bytes(try Quantity.size(text))
      return
    }
    guard let percent = Double(text.dropLast()), percent >= 0, percent < 100 else {
      throw Failure("--keep-free \(HostileText.escaped(text)): from 0% to 99%, or a size as 64M")
    }
    self = .percent(percent)
  }
}
