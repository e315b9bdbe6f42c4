// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ProcNet

/// Digits eight at a time against digits one at a time.
struct DigitsTests {
  private func word(_ bytes: [UInt8]) -> UInt64 {
    bytes.enumerated().reduce(0) { $0 | UInt64($1.element) << (8 * $1.offset) }
  }

  @Test("every byte in every position is told from a hexadecimal digit, whatever is beside it")
  func hexValidity() {
    for neighbour: UInt8 in [0x30, 0x39, 0x46, 0x66, 0x00, 0x2F, 0x47, 0x7F, 0x80, 0xFF] {
      for position in 0..<8 {
        for byte in UInt8.min...UInt8.max {
          var bytes = [UInt8](repeating: neighbour, count: 8)
          bytes[position] = byte
          var expected: UInt64 = 0
          for (index, byte) in bytes.enumerated() where TolerantRow.hexDigit(byte) == nil {
            expected |= 0x80 << UInt64(8 * index)
          }
          #expect(HexWord.invalid(word(bytes)) == expected, "\(bytes)")
        }
      }
    }
  }

  @Test("every digit in every position has its value")
  func hexValue() {
    for position in 0..<8 {
      for byte in Array("0123456789ABCDEFabcdef".utf8) {
        for filler in Array("09afAF".utf8) {
          var bytes = [UInt8](repeating: filler, count: 8)
          bytes[position] = byte
          let expected = bytes.reduce(UInt32(0)) { $0 << 4 | UInt32(TolerantRow.hexDigit($1) ?? 0) }
          #expect(HexWord.number(word(bytes)) == expected)
          #expect(HexWord.bytes(word(bytes)) == expected.byteSwapped)
        }
      }
    }
  }

  @Test("every byte in every position ends a decimal number or goes on with it")
  func decimal() {
    for position in 0..<8 {
      for byte in UInt8.min...UInt8.max {
        for behind: UInt8 in [0x39, 0x00, 0x20, 0xFF] {
          var bytes = [UInt8](repeating: behind, count: 8)
          for index in 0..<position { bytes[index] = 0x31 + UInt8(index) }
          bytes[position] = byte
          let digits = bytes.prefix { (0x30...0x39).contains($0) }
          #expect(DecimalWord.count(word(bytes)) == digits.count, "\(bytes)")
          if !digits.isEmpty {
            let expected = UInt64(String(decoding: digits, as: UTF8.self))
            #expect(DecimalWord.number(word(bytes), count: digits.count) == expected, "\(bytes)")
          }
        }
      }
    }
  }
}
