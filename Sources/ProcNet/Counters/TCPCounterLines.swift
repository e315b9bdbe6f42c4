// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// The two `Tcp:` lines of net/snmp, names and then numbers: the kernel's net/ipv4/proc.c, RFC 4022.
///
/// The order of the columns differs between kernels, so they are found by name.
enum TCPCounterLines {
  /// Why there are no counters in a file.
  enum Failure: Error, Hashable {
    /// There is no line of names, or no whole line of numbers after it.
    case noLines
    /// No column has this name.
    case missing(String)
    /// What is in this column is no number that fits into 64 bits.
    case badNumber(String)
  }

  /// Reads the counters of openings from the content of the file.
  static func parse(_ bytes: UnsafeRawBufferPointer) throws(Failure) -> OpeningCounters {
    var rest = bytes[...]
    guard let names = nextLine(&rest), let numbers = nextLine(&rest) else { throw .noLines }
    func number(_ name: StaticString) throws(Failure) -> UInt64 {
      let wanted = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
      guard let column = names.firstIndex(where: { $0.elementsEqual(wanted) }), column < numbers.count else {
        throw .missing("\(name)")
      }
      var value: UInt64 = 0
      guard !numbers[column].isEmpty else { throw .badNumber("\(name)") }
      for digit in numbers[column] {
        let (ten, isTooLarge) = value.multipliedReportingOverflow(by: 10)
        let (sum, isSumTooLarge) = ten.addingReportingOverflow(UInt64(digit &- 48))
        guard digit &- 48 < 10, !isTooLarge, !isSumTooLarge else { throw .badNumber("\(name)") }
        value = sum
      }
      return value
    }
    return OpeningCounters(
      activeOpens: try number("ActiveOpens"), passiveOpens: try number("PassiveOpens"),
      attemptFails: try number("AttemptFails"))
  }

  /// The words of the next `Tcp:` line, without that word; nil where there is no more of them. A line that was cut
  /// short is none: the number it ends with may be the beginning of a larger one.
  private static func nextLine(
    _ rest: inout Slice<UnsafeRawBufferPointer>
  ) -> [Slice<UnsafeRawBufferPointer>]? {
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      let words = rest[..<end].split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }
      rest = rest[(end + 1)...]
      if let first = words.first, first.elementsEqual("Tcp:".utf8) { return Array(words.dropFirst()) }
    }
    return nil
  }
}
