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
    reserve(20)
    guard let small = UInt32(exactly: number) else {
      let digits = Self.digits(number)
      write(number, digits)
      return
    }
    let digits =
      small < 10 ? 1 : small < 100 ? 2 : small < 1000 ? 3 : small < 10_000 ? 4 : small < 100_000 ? 5 : 0
    write(small, digits > 0 ? digits : Self.digits(number))
  }

  /// Appends the last `digits` digits of a number, zeros in front.
  @inline(__always)
  mutating func append(_ number: Int, digits: Int) {
    reserve(digits)
    write(UInt32(truncatingIfNeeded: number), digits)
  }

  @inline(__always)
  private mutating func write<Number: FixedWidthInteger & UnsignedInteger>(_ number: Number, _ digits: Int) {
    let text = end
    var rest = number
    var at = digits
    while at > 0 {
      at &-= 1
      let quotient = rest / 10
      text[at] = 48 &+ UInt8(truncatingIfNeeded: rest &- quotient &* 10)
      rest = quotient
    }
    advance(digits)
  }

  private static func digits(_ number: UInt64) -> Int {
    var digits = 1
    var rest = number / 10
    while rest > 0 {
      digits += 1
      rest /= 10
    }
    return digits
  }

  /// Appends microseconds as decimal seconds without trailing zeros: `1.5`, `0.000001`, `-3`.
  mutating func append(seconds microseconds: Int64) {
    if microseconds < 0 { append(UInt8(ascii: "-")) }
    let (whole, fraction) = microseconds.magnitude.quotientAndRemainder(dividingBy: 1_000_000)
    append(decimal: whole)
    guard fraction > 0 else { return }
    append(UInt8(ascii: "."))
    append(Int(fraction), digits: 6)
    while base[count - 1] == 48 { removeLast(1) }
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
}
