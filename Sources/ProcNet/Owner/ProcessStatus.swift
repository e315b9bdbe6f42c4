// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// What is needed of /proc/PID/status: proc_pid_status(5).
struct ProcessStatus: Equatable {
  /// `State:`, a letter.
  var state: UInt8 = 0
  /// `Tgid:`, the process that the thread is of.
  var process: Int32?
  /// The effective user id, second number of `Uid:`.
  var effectiveUID: UInt32?
  /// `CapEff:`, a bit for each capability.
  var effectiveCapabilities: UInt64 = 0

  /// CAP_SYS_PTRACE is bit 19 (capabilities(7)).
  var mayTrace: Bool { effectiveCapabilities & (1 << 19) != 0 }

  /// Reads the file's content; what is not there keeps its empty value.
  ///
  /// The name, on the first line, cannot fake a line of its own: the kernel escapes newlines in this file.
  static func parse(_ bytes: Span<UInt8>) -> ProcessStatus {
    var status = ProcessStatus()
    var line = 0
    while line < bytes.count {
      var end = line
      while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
      if let at = after("State:", bytes, line..<end), at < end {
        status.state = bytes[at]
      } else if var at = after("Tgid:", bytes, line..<end) {
        status.process = decimal(bytes, &at).flatMap { Int32(exactly: $0) }
      } else if var at = after("Uid:", bytes, line..<end) {
        _ = decimal(bytes, &at)
        at = skipBlanks(bytes, at, end)
        status.effectiveUID = decimal(bytes, &at).flatMap { UInt32(exactly: $0) }
      } else if var at = after("CapEff:", bytes, line..<end) {
        while at < end, let digit = hexDigit(bytes[at]) {
          status.effectiveCapabilities = status.effectiveCapabilities << 4 | UInt64(digit)
          at += 1
        }
      }
      line = end + 1
    }
    return status
  }

  /// Where the value of `key` begins, nil on another line.
  private static func after(_ key: StaticString, _ bytes: Span<UInt8>, _ line: Range<Int>) -> Int? {
    guard line.count >= key.utf8CodeUnitCount else { return nil }
    for index in 0..<key.utf8CodeUnitCount where bytes[line.lowerBound + index] != key.utf8Start[index] {
      return nil
    }
    return skipBlanks(bytes, line.lowerBound + key.utf8CodeUnitCount, line.upperBound)
  }

  private static func skipBlanks(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Int {
    var at = start
    while at < end, bytes[at] == UInt8(ascii: "\t") || bytes[at] == UInt8(ascii: " ") { at += 1 }
    return at
  }

  private static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    default: nil
    }
  }
}
