// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

extension ByteBuffer {
  /// Appends a whole number.
  mutating func append(decimal number: Int64) {
    if number < 0 { append(UInt8(ascii: "-")) }
    append(decimal: number.magnitude)
  }

  /// Appends a whole number.
  mutating func append(decimal number: UInt64) {
    guard number < 100_000_000 else {
      append(decimal: number / 100_000_000)
      append(digits: Self.digits(UInt32(number % 100_000_000)), count: 8)
      return
    }
    let digits = Self.digits(UInt32(truncatingIfNeeded: number))
    // Zeros in front are the lowest bytes that hold '0' and nothing else; the last digit always counts.
    let zeros = min(7, (digits ^ 0x3030_3030_3030_3030).trailingZeroBitCount / 8)
    append(digits: digits >> UInt64(8 &* zeros), count: 8 &- zeros)
  }

  /// Appends the last `digits` digits of a number below a hundred million, at most 8, zeros in front.
  @inline(__always)
  mutating func append(_ number: Int, digits: Int) {
    append(
      digits: Self.digits(UInt32(truncatingIfNeeded: number)) >> UInt64(8 &* (8 &- digits)), count: digits)
  }

  @inline(__always)
  private mutating func append(digits: UInt64, count: Int) {
    reserve(count)
    UnsafeMutableRawPointer(end).storeBytes(of: digits.littleEndian, as: UInt64.self)
    advance(count)
  }

  /// The eight digits of a number below a hundred million, the first one in the lowest byte: halves, quarters and eighths
  /// are divided side by side, without a branch.
  @inline(__always)
  private static func digits(_ number: UInt32) -> UInt64 {
    var lanes = UInt64(number / 10_000) | UInt64(number % 10_000) << 32
    let hundreds = ((lanes &* 10_486) >> 20) & 0x0000_007F_0000_007F
    lanes = hundreds | (lanes &- hundreds &* 100) << 16
    let tens = ((lanes &* 103) >> 10) & 0x000F_000F_000F_000F
    lanes = tens | (lanes &- tens &* 10) << 8
    return lanes | 0x3030_3030_3030_3030
  }

  /// Appends microseconds as decimal seconds without trailing zeros: `1.5`, `0.000001`, `-3`.
  mutating func append(seconds microseconds: Int64) { append(microseconds, decimals: 6, unit: 1_000_000) }

  private mutating func append(_ number: Int64, decimals: Int, unit: UInt64) {
    if number < 0 { append(UInt8(ascii: "-")) }
    let (whole, fraction) = number.magnitude.quotientAndRemainder(dividingBy: unit)
    append(decimal: whole)
    guard fraction > 0 else { return }
    append(UInt8(ascii: "."))
    append(Int(fraction), digits: decimals)
    while base[count - 1] == 48 { removeLast(1) }
  }

  /// Appends microseconds as milliseconds with three decimals: `0.045`, `12.000`.
  mutating func append(milliseconds microseconds: Int64) {
    if microseconds < 0 { append(UInt8(ascii: "-")) }
    let (whole, fraction) = microseconds.magnitude.quotientAndRemainder(dividingBy: 1000)
    append(decimal: whole)
    append(UInt8(ascii: "."))
    append(Int(fraction), digits: 3)
  }

  /// Appends microseconds as milliseconds with about three digits: `0.05ms`, `12.3ms`, `230ms`. What is left over is
  /// cut off.
  mutating func append(shortMilliseconds microseconds: Int64) {
    append(milliseconds: microseconds)
    let size = microseconds.magnitude
    removeLast(size < 10_000 ? 1 : size < 100_000 ? 2 : 4)
    append(literal: "ms")
  }

  /// Appends a number of bytes with two or three digits and a power of 1024: `0`, `999`, `1.5K`, `31M`. What is left
  /// over is cut off.
  mutating func append(size bytes: UInt64) {
    var unit = 0
    while unit < 6, bytes >> UInt64(10 * unit) >= 1024 { unit += 1 }
    let whole = bytes >> UInt64(10 * unit)
    append(decimal: whole)
    guard unit > 0 else { return }
    if whole < 10 {
      let rest = bytes >> UInt64(10 * (unit - 1)) & 1023
      append(UInt8(ascii: "."))
      append(decimal: rest * 10 / 1024)
    }
    append([UInt8](" KMGTPE".utf8)[unit])
  }

  /// Appends an address.
  @inline(__always)
  mutating func append(_ address: IPAddress) {
    reserve(IPAddress.longestText)
    advance(address.write(to: end))
  }

  /// Appends `1.2.3.4:443` or `[::1]:22`, with `*` for port 0.
  mutating func append(_ endpoint: Endpoint) {
    if endpoint.address.isV4 {
      append(endpoint.address)
    } else {
      append(UInt8(ascii: "["))
      append(endpoint.address)
      append(UInt8(ascii: "]"))
    }
    append(UInt8(ascii: ":"))
    append(port: endpoint.port)
  }

  /// Appends the port of an end, `*` for none.
  @inline(__always)
  mutating func append(port: UInt16) {
    if port == 0 {
      append(UInt8(ascii: "*"))
    } else {
      append(decimal: UInt64(port))
    }
  }

  /// Appends the name of a state.
  mutating func append(_ state: SocketState) {
    switch state {
    case .established: append(literal: "ESTABLISHED")
    case .timeWait: append(literal: "TIME_WAIT")
    case .listen: append(literal: "LISTEN")
    case .unconnected: append(literal: "UNCONN")
    case .closeWait: append(literal: "CLOSE_WAIT")
    // The others are never many.
    case .synSent, .synReceived, .finWait1, .finWait2, .close, .lastAck, .closing, .unknown:
      append(raw: state.name)
    }
  }

  /// Appends the name of a socket table.
  mutating func append(_ proto: Proto) {
    switch proto {
    case .tcp: append(literal: "tcp")
    case .tcp6: append(literal: "tcp6")
    case .udp: append(literal: "udp")
    case .udp6: append(literal: "udp6")
    }
  }

  /// Appends `in` or `out`.
  mutating func append(_ direction: Direction) {
    if direction == .inbound { append(literal: "in") } else { append(literal: "out") }
  }
}
