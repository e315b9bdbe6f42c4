// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Reads rows laid out exactly as the kernel prints them: fixed widths, checked eight bytes at a time.
///
/// Anything that differs in the least is left to ``TolerantRow``, which says what is wrong with it. The two
/// agree on every row this one takes.
enum KernelRow {
  /// Bytes that must be readable from the start of a line for ``parse`` to look at it.
  ///
  /// 16 for `sl`, 54 and two addresses of fixed columns, three numbers of at most 24, and a word to spare.
  @inline(__always)
  static func reach(v6: Bool) -> Int { 16 + 54 + (v6 ? 64 : 16) + 72 + 8 }

  /// Reads the row that starts at `line`; nil where it is not laid out as expected.
  ///
  /// - Returns: the row, the kernel's number of its state, and the bytes up to the end of its tenth column,
  ///   which a blank follows.
  @inline(__always)
  static func parse(
    _ line: UnsafeRawPointer, form: TableForm, v6: Bool
  ) -> (row: SocketRow, state: UInt8, length: Int)? {
    // sl: blanks, digits and a colon.
    let blanks = leadingBlanks(line.word(0))
    guard blanks < 8 else { return nil }
    let digits = DecimalWord.count(line.word(blanks))
    guard digits > 0, digits < 8 else { return nil }
    let colon = blanks &+ digits
    guard line.pair(colon) == 0x203A else { return nil }

    // Columns 2 to 7 have fixed widths.
    let fixed = line + (colon &+ 2)
    let width = v6 ? 32 : 8
    var wrong =
      (fixed.byte(width) ^ 0x3A) | (fixed.byte(width &+ 5) ^ 0x20) | (fixed.byte(2 &* width &+ 6) ^ 0x3A)
    wrong |= (fixed.byte(2 &* width &+ 11) ^ 0x20) | (fixed.byte(2 &* width &+ 14) ^ 0x20)
    wrong |= (fixed.byte(2 &* width &+ 23) ^ 0x3A) | (fixed.byte(2 &* width &+ 32) ^ 0x20)
    wrong |= (fixed.byte(2 &* width &+ 35) ^ 0x3A) | (fixed.byte(2 &* width &+ 44) ^ 0x20)
    wrong |= fixed.byte(2 &* width &+ 53) ^ 0x20
    let ports = fixed.half(width &+ 1) | (fixed.half(2 &* width &+ 7) << 32)
    let small =
      fixed.pair(2 &* width &+ 12) | (fixed.pair(2 &* width &+ 33) << 16) | 0x3030_3030_0000_0000
    let sendQueue = fixed.word(2 &* width &+ 15)
    let receiveQueue = fixed.word(2 &* width &+ 24)
    var invalid = HexWord.invalid(ports) | HexWord.invalid(small)
    invalid |= HexWord.invalid(sendQueue) | HexWord.invalid(receiveQueue)
    invalid |= HexWord.invalid(fixed.word(2 &* width &+ 36)) | HexWord.invalid(fixed.word(2 &* width &+ 45))
    let local = address(fixed, form.byteOrder, v6: v6, &invalid)
    let remote = address(fixed + (width &+ 6), form.byteOrder, v6: v6, &invalid)
    guard wrong == 0, invalid == 0 else { return nil }

    // uid, timeout and inode are decimal, padded in front.
    var end = colon &+ 2 &+ 2 &* width &+ 54
    guard let uid = decimal(line, &end), uid <= UInt64(UInt32.max),
      decimal(line, &end) != nil, let inode = decimal(line, &end)
    else { return nil }
    end &-= 1

    let portNumbers = HexWord.number(ports)
    let state = UInt8(truncatingIfNeeded: HexWord.bytes(small))
    let row = form.row(
      state: state, local: local, localPort: UInt16(truncatingIfNeeded: portNumbers >> 16), remote: remote,
      remotePort: UInt16(truncatingIfNeeded: portNumbers), inode: inode,
      uid: UInt32(truncatingIfNeeded: uid), receiveQueue: HexWord.number(receiveQueue),
      sendQueue: HexWord.number(sendQueue))
    return (row, state, end)
  }

  /// How many of the first bytes are blanks: 0 to 8.
  @inline(__always)
  private static func leadingBlanks(_ word: UInt64) -> Int {
    (word ^ 0x2020_2020_2020_2020).trailingZeroBitCount >> 3
  }

  /// Reads an address, adding what is not hexadecimal in it to `invalid`.
  @inline(__always)
  private static func address(
    _ text: UnsafeRawPointer, _ order: ByteOrder, v6: Bool, _ invalid: inout UInt64
  ) -> IPAddress {
    if v6 {
      return IPAddress(
        high: (word(text.word(0), order, &invalid) << 32) | word(text.word(8), order, &invalid),
        low: (word(text.word(16), order, &invalid) << 32) | word(text.word(24), order, &invalid))
    }
    return IPAddress(v4: UInt32(truncatingIfNeeded: word(text.word(0), order, &invalid)))
  }

  /// Reads one word of an address from its eight digits.
  @inline(__always)
  private static func word(_ digits: UInt64, _ order: ByteOrder, _ invalid: inout UInt64) -> UInt64 {
    invalid |= HexWord.invalid(digits)
    // A little-endian kernel prints the bytes of a word last first: what is lowest in `bytes` is highest here.
    let bytes = HexWord.bytes(digits)
    return UInt64(order == .little ? bytes : bytes.byteSwapped)
  }

  /// Reads blanks, at most 15 digits and one blank from `offset` on, and moves it behind them.
  @inline(__always)
  private static func decimal(_ line: UnsafeRawPointer, _ offset: inout Int) -> UInt64? {
    let blanks = leadingBlanks(line.word(offset))
    guard blanks < 8 else { return nil }
    var position = offset &+ blanks
    let first = line.word(position)
    var count = DecimalWord.count(first)
    guard count > 0 else { return nil }
    var number = DecimalWord.number(first, count: count)
    position &+= count
    if count == 8 {
      let second = line.word(position)
      count = DecimalWord.count(second)
      guard count < 8 else { return nil }
      if count > 0 {
        for _ in 0..<count { number &*= 10 }
        number &+= DecimalWord.number(second, count: count)
        position &+= count
      }
    }
    guard line.byte(position) == 0x20 else { return nil }
    offset = position &+ 1
    return number
  }
}
