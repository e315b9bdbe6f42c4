// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// A text as it was saved: its lines, and what wrote it.
public struct EvidenceText: Sendable {
  /// The lines, in order, without their ends.
  public let lines: [Substring]

  /// Reads bytes as text: UTF-8, or UTF-16 where they begin with its mark, which is what PowerShell's `>` writes. Bytes
  /// that are neither become U+FFFD.
  public init(_ bytes: [UInt8]) {
    let text: String
    switch (bytes.first, bytes.dropFirst().first) {
    case (0xFF, 0xFE): text = Self.utf16(bytes, first: 0, second: 8)
    case (0xFE, 0xFF): text = Self.utf16(bytes, first: 8, second: 0)
    default:
      text = String(
        decoding: bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...], as: UTF8.self)
    }
    // By bytes: to Swift `\r\n` is one character.
    var lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
      Substring(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
    }
    if lines.last?.isEmpty == true { lines.removeLast() }
    self.lines = lines
  }

  private static func utf16(_ bytes: [UInt8], first: UInt16, second: UInt16) -> String {
    let units = stride(from: 2, to: bytes.count - 1, by: 2).map {
      UInt16(bytes[$0]) << first | UInt16(bytes[$0 + 1]) << second
    }
    return String(decoding: units, as: UTF16.self)
  }

  /// What wrote the text: what its first head says, or else what most of its first thousand lines are. nil where no line can be
  /// read.
  public func format(services: ServiceNames) -> EvidenceFormat? {
    var reader = EvidenceReader(services: services)
    var counts: [EvidenceFormat: Int] = [:]
    for line in lines.prefix(1000) {
      switch reader.read(line) {
      case .context(.heading(let format)): return format
      case .rows(let rows): counts[rows[0].format, default: 0] += 1
      case .amends, .context, .unreadable: break
      }
    }
    return EvidenceFormat.allCases.filter { counts[$0] != nil }.max { counts[$0]! < counts[$1]! }
  }
}
