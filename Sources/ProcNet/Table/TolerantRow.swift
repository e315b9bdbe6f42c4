// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Reads a row column by column, whatever the padding, and says what is wrong with one it cannot use.
enum TolerantRow {
  /// What a line holds: a row or why not, and how many columns there are.
  struct Reading {
    /// The row with the kernel's number of its state, or why there is none.
    var row: Result<(row: SocketRow, state: UInt8), Unusable>
    /// Columns, those that are ignored among them.
    var columns: Int
  }

  /// Why a line is no row.
  struct Unusable: Error {
    /// The reason, for the report.
    var reason: SkipReason
  }

  /// Columns that a row must have: up to the inode.
  static let neededColumns = 10

  /// Reads one line, given without its line end.
  static func parse(_ line: UnsafeRawBufferPointer, form: TableForm) -> Reading {
    var columns = InlineArray<10, Range<Int>>(repeating: 0..<0)
    var count = 0
    var position = 0
    while let column = nextColumn(line, &position) {
      if count < neededColumns { columns[count] = column }
      count += 1
    }
    guard count >= neededColumns else {
      return Reading(row: .failure(Unusable(reason: .tooFewColumns)), columns: count)
    }
    do {
      return Reading(row: .success(try row(line, columns, form: form)), columns: count)
    } catch {
      return Reading(row: .failure(error), columns: count)
    }
  }

  /// The next run of bytes that are neither blanks nor tabs.
  static func nextColumn(_ line: UnsafeRawBufferPointer, _ position: inout Int) -> Range<Int>? {
    while position < line.count, isBlank(line[position]) { position += 1 }
    guard position < line.count else { return nil }
    let start = position
    while position < line.count, !isBlank(line[position]) { position += 1 }
    return start..<position
  }

  /// True for a blank and a tab.
  static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  private static func row(
    _ line: UnsafeRawBufferPointer, _ columns: InlineArray<10, Range<Int>>, form: TableForm
  ) throws(Unusable) -> (row: SocketRow, state: UInt8) {
    // sl is a counter or a hash bucket, of no use but to tell a row from something else.
    let sl = columns[0]
    guard sl.count > 1, line[sl.upperBound - 1] == 0x3A else { throw Unusable(reason: .badNumber) }
    _ = try decimal(line, sl.lowerBound..<sl.upperBound - 1)

    let local = try endpoint(line, columns[1], form: form)
    let remote = try endpoint(line, columns[2], form: form)
    let state = UInt8(try hex(line, columns[3], width: 2...2))
    let queues = try split(line, columns[4])
    let sendQueue = UInt32(try hex(line, queues.0, width: 8...8))
    let receiveQueue = UInt32(try hex(line, queues.1, width: 8...8))
    // tm->when is printed with %08lX: as wide as a long.
    let timer = try split(line, columns[5])
    _ = try hex(line, timer.0, width: 2...2)
    _ = try hex(line, timer.1, width: 8...16)
    _ = try hex(line, columns[6], width: 8...8)
    let uid = try signed(line, columns[7])
    guard uid >= Int64(Int32.min), uid <= Int64(UInt32.max) else { throw Unusable(reason: .badNumber) }
    _ = try signed(line, columns[8])
    let inode = try decimal(line, columns[9])
    let row = form.row(
      state: state, local: local.address, localPort: local.port, remote: remote.address,
      remotePort: remote.port, inode: inode, uid: UInt32(truncatingIfNeeded: uid),
      receiveQueue: receiveQueue, sendQueue: sendQueue)
    return (row, state)
  }

  /// The two sides of the only colon.
  private static func split(
    _ line: UnsafeRawBufferPointer, _ column: Range<Int>
  ) throws(Unusable) -> (Range<Int>, Range<Int>) {
    guard let colon = column.first(where: { line[$0] == 0x3A }) else { throw Unusable(reason: .badHex) }
    return (column.lowerBound..<colon, colon + 1..<column.upperBound)
  }

  private static func endpoint(
    _ line: UnsafeRawBufferPointer, _ column: Range<Int>, form: TableForm
  ) throws(Unusable) -> Endpoint {
    let (address, port) = try split(line, column)
    guard address.count == form.addressWidth else { throw Unusable(reason: .badAddressWidth) }
    func word(_ index: Int) throws(Unusable) -> UInt64 {
      let start = address.lowerBound + 8 * index
      let number = UInt32(try hex(line, start..<start + 8, width: 8...8))
      return UInt64(form.byteOrder == .big ? number : number.byteSwapped)
    }
    let number = UInt16(try hex(line, port, width: 4...4))
    guard form.proto.isV6 else { return Endpoint(IPAddress(v4: UInt32(try word(0))), number) }
    let high = try (word(0) << 32) | word(1)
    return Endpoint(IPAddress(high: high, low: try (word(2) << 32) | word(3)), number)
  }

  private static func hex(
    _ line: UnsafeRawBufferPointer, _ digits: Range<Int>, width: ClosedRange<Int>
  ) throws(Unusable) -> UInt64 {
    guard width.contains(digits.count) else { throw Unusable(reason: .badHex) }
    var number: UInt64 = 0
    for index in digits {
      guard let digit = hexDigit(line[index]) else { throw Unusable(reason: .badHex) }
      number = (number << 4) | UInt64(digit)
    }
    return number
  }

  /// The value of one hexadecimal digit, of either case.
  static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x37
    case 0x61...0x66: byte - 0x57
    default: nil
    }
  }

  private static func decimal(
    _ line: UnsafeRawBufferPointer, _ digits: Range<Int>
  ) throws(Unusable) -> UInt64 {
    guard !digits.isEmpty else { throw Unusable(reason: .badNumber) }
    var number: UInt64 = 0
    for index in digits {
      let (tens, tooLarge) = number.multipliedReportingOverflow(by: 10)
      let digit = line[index] &- 0x30
      let (sum, overflow) = tens.addingReportingOverflow(UInt64(digit))
      guard digit < 10, !tooLarge, !overflow else { throw Unusable(reason: .badNumber) }
      number = sum
    }
    return number
  }

  private static func signed(
    _ line: UnsafeRawBufferPointer, _ digits: Range<Int>
  ) throws(Unusable) -> Int64 {
    let negative = digits.count > 1 && line[digits.lowerBound] == 0x2D
    let magnitude = try decimal(line, negative ? digits.lowerBound + 1..<digits.upperBound : digits)
    guard let number = Int64(exactly: magnitude) else { throw Unusable(reason: .badNumber) }
    return negative ? -number : number
  }
}
