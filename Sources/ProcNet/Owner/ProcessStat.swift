// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// What is needed of /proc/PID/stat: proc_pid_stat(5), kernel file fs/proc/array.c.
struct ProcessStat: Equatable {
  /// Field 1.
  var pid: Int32
  /// Field 2 without its parentheses: any bytes at all, repaired where they are not UTF-8.
  var name: String
  /// Field 3, a letter: `Z` for a zombie.
  var state: UInt8
  /// Field 4.
  var parent: Int32
  /// Field 9 has PF_KTHREAD: a thread of the kernel, which holds no files.
  var isKernelThread: Bool
  /// Field 20.
  var threads: Int
  /// Field 22, in clock ticks after boot.
  var startTime: UInt64

  /// Reads the file's content, nil where it is not one.
  ///
  /// The name may hold spaces, parentheses and newlines, so it ends at the last `)` of the file: nothing after
  /// it is more than letters, digits and signs.
  static func parse(_ bytes: Span<UInt8>) -> ProcessStat? {
    var at = 0
    guard let pid = decimal(bytes, &at), let pid = Int32(exactly: pid) else { return nil }
    guard at + 1 < bytes.count, bytes[at] == UInt8(ascii: " "), bytes[at + 1] == UInt8(ascii: "(") else {
      return nil
    }
    let nameStart = at + 2
    var nameEnd = bytes.count - 1
    while nameEnd >= nameStart, bytes[nameEnd] != UInt8(ascii: ")") { nameEnd -= 1 }
    guard nameEnd >= nameStart else { return nil }
    at = nameEnd + 1
    guard at + 1 < bytes.count, bytes[at] == UInt8(ascii: " ") else { return nil }
    let state = bytes[at + 1]
    at += 2

    var stat = ProcessStat(
      pid: pid, name: text(bytes, nameStart..<nameEnd), state: state, parent: 0, isKernelThread: false,
      threads: 0, startTime: 0)
    for field in 4...22 {
      guard at < bytes.count, bytes[at] == UInt8(ascii: " ") else { return nil }
      at += 1
      let isNegative = at < bytes.count && bytes[at] == UInt8(ascii: "-")
      if isNegative { at += 1 }
      guard let value = decimal(bytes, &at) else { return nil }
      switch field {
      case 4:
        guard !isNegative, let parent = Int32(exactly: value) else { return nil }
        stat.parent = parent
      case 9: stat.isKernelThread = value & 0x20_0000 != 0
      case 20: stat.threads = Int(clamping: value)
      case 22: stat.startTime = value
      default: break
      }
    }
    return stat
  }
}

/// Reads decimal digits at `at` and steps over them; nil where there are none or they pass 64 bits.
func decimal(_ bytes: Span<UInt8>, _ at: inout Int) -> UInt64? {
  let start = at
  var value: UInt64 = 0
  while at < bytes.count {
    let digit = bytes[at] &- UInt8(ascii: "0")
    guard digit < 10 else { break }
    let (scaled, over) = value.multipliedReportingOverflow(by: 10)
    let (sum, overToo) = scaled.addingReportingOverflow(UInt64(digit))
    if over || overToo { return nil }
    value = sum
    at += 1
  }
  return at > start ? value : nil
}

/// The text of some bytes, repaired where it is not UTF-8; nothing is escaped, which is the presentation's job.
func text(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
  bytes.extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
}
