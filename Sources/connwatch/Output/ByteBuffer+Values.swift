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

  /// Appends microseconds as decimal milliseconds without trailing zeros: `1.5`, `0.001`.
  mutating func append(milliseconds microseconds: Int64) { append(microseconds, decimals: 3, unit: 1000) }

  private mutating func append(_ number: Int64, decimals: Int, unit: UInt64) {
    if number < 0 { append(UInt8(ascii: "-")) }
    let (whole, fraction) = number.magnitude.quotientAndRemainder(dividingBy: unit)
    append(decimal: whole)
    guard fraction > 0 else { return }
    append(UInt8(ascii: "."))
    append(Int(fraction), digits: decimals)
    while base[count - 1] == 48 { removeLast(1) }
  }

  /// Appends bytes for people, in powers of 1024, rounded down: `512B`, `1.5M`.
  mutating func append(size amount: Int64) {
    var (whole, rest) = (max(0, amount), Int64(0))
    var units = "BKMGTP".utf8[...]
    while whole >= 1024, units.count > 1 {
      (whole, rest) = whole.quotientAndRemainder(dividingBy: 1024)
      units.removeFirst()
    }
    append(decimal: whole)
    if units.count < 6 {
      append(UInt8(ascii: "."))
      append(decimal: rest * 10 / 1024)
    }
    append(units.first!)
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
