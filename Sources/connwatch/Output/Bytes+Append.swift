// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

extension [UInt8] {
  /// Appends text that is known when compiling.
  @inline(__always)
  mutating func append(literal text: StaticString) {
    append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Appends a text's bytes as they are.
  mutating func append(raw text: String) {
    let done: Void? = text.utf8.withContiguousStorageIfAvailable { append(contentsOf: $0) }
    if done == nil { append(contentsOf: text.utf8) }
  }

  /// Appends a whole number.
  mutating func append(decimal number: Int64) {
    if number < 0 { append(UInt8(ascii: "-")) }
    append(decimal: number.magnitude, digits: 1)
  }

  /// Appends a whole number, with zeros in front up to `digits` of them.
  mutating func append(decimal number: UInt64, digits: Int) {
    if number < 10, digits <= 1 {
      append(48 &+ UInt8(truncatingIfNeeded: number))
      return
    }
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 24) { text in
      var rest = number
      var at = 24
      while rest > 0 || at > 24 - digits {
        at &-= 1
        text[at] = 48 &+ UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      }
      append(contentsOf: UnsafeBufferPointer(start: text.baseAddress! + at, count: 24 &- at))
    }
  }

  /// Appends microseconds as decimal seconds without trailing zeros: `1.5`, `0.000001`, `-3`.
  mutating func append(seconds microseconds: Int64) {
    if microseconds < 0 { append(UInt8(ascii: "-")) }
    let (whole, fraction) = microseconds.magnitude.quotientAndRemainder(dividingBy: 1_000_000)
    append(decimal: whole, digits: 1)
    guard fraction > 0 else { return }
    append(UInt8(ascii: "."))
    append(decimal: fraction, digits: 6)
    while last == 48 { removeLast() }
  }

  /// Appends `count` spaces.
  @inline(__always)
  mutating func append(spaces count: Int) {
    if count > 0 { append(contentsOf: repeatElement(32, count: count)) }
  }

  /// Appends `1.2.3.4:443` or `[::1]:22`, with `*` for port 0.
  mutating func append(_ endpoint: Endpoint) {
    if endpoint.address.isV4 {
      endpoint.address.append(to: &self)
    } else {
      append(UInt8(ascii: "["))
      endpoint.address.append(to: &self)
      append(UInt8(ascii: "]"))
    }
    append(UInt8(ascii: ":"))
    append(port: endpoint.port)
  }

  /// Appends the port of an end, `*` for none.
  mutating func append(port: UInt16) {
    if port == 0 {
      append(UInt8(ascii: "*"))
    } else {
      append(decimal: UInt64(port), digits: 1)
    }
  }
}
