// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Who holds locks on a file, as /proc/locks has them (proc_locks(5)).
public enum FileLocks {
  /// The processes that hold a POSIX lock on any of these bytes of a file, each once; none where that cannot be read.
  public static func holders(of path: String, bytes: ClosedRange<Int64>, reading root: ProcRoot) -> [Int32] {
    var status = stat()
    guard stat(path, &status) == 0, let text = root.smallFile("locks", most: 1 << 20) else { return [] }
    // As makedev(3) puts them together.
    let number = UInt64(status.st_dev)
    let device = (
      major: number >> 8 & 0xFFF | number >> 32 & ~0xFFF, minor: number & 0xFF | number >> 12 & 0xFFF_FF00
    )
    return holders(in: text, device: device, inode: UInt64(status.st_ino), bytes: bytes)
  }

  /// Finds them in the file's lines: `1: POSIX  ADVISORY  READ 4711 08:02:1234 124 124`.
  static func holders(
    in text: [UInt8], device: (major: UInt64, minor: UInt64), inode: UInt64, bytes: ClosedRange<Int64>
  ) -> [Int32] {
    var pids: [Int32] = []
    for line in text.split(separator: 0x0A) {
      let words = line.split(separator: 0x20).map { String(decoding: $0, as: UTF8.self) }
      // One that waits has an arrow after its number, and holds nothing.
      guard words.count >= 8, words[1] == "POSIX", let pid = Int32(words[4]), pid > 0 else { continue }
      let file = words[5].split(separator: ":")
      guard file.count == 3, UInt64(file[0], radix: 16) == device.major,
        UInt64(file[1], radix: 16) == device.minor, UInt64(file[2]) == inode,
        let first = Int64(words[6]), let last = words[7] == "EOF" ? .max : Int64(words[7]),
        first <= last, bytes.overlaps(first...last), !pids.contains(pid)
      else { continue }
      pids.append(pid)
    }
    return pids
  }
}
