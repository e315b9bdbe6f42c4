// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Glibc
import Testing

/// What the C library makes of the text, or nil.
private func pton(_ text: String) -> IPAddress? {
  var v4 = in_addr()
  if inet_pton(AF_INET, text, &v4) == 1 { return IPAddress(v4: UInt32(bigEndian: v4.s_addr)) }
  var words: [UInt64] = [0, 0]
  guard inet_pton(AF_INET6, text, &words) == 1 else { return nil }
  return IPAddress(high: UInt64(bigEndian: words[0]), low: UInt64(bigEndian: words[1]))
}

/// The address as the C library writes an IPv6 one.
private func ntop6(_ address: IPAddress) -> String {
  let words = [address.high.bigEndian, address.low.bigEndian]
  var text = [CChar](repeating: 0, count: 64)
  inet_ntop(AF_INET6, words, &text, 64)
  return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

struct IPAddressTextTests {
  @Test(arguments: [
    ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"), ("192.168.1.10", "192.168.1.10"),
    ("10.200.30.4", "10.200.30.4"), ("::", "::"), ("::1", "::1"), ("1::", "1::"),
    ("::ffff:1.2.3.4", "1.2.3.4"), ("::FFFF:102:304", "1.2.3.4"), ("0:0:0:0:0:ffff:1.2.3.4", "1.2.3.4"),
    ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("2001:0DB8::0001", "2001:db8::1"),
    ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
    ("fe80::1:2:3:4", "fe80::1:2:3:4"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
    ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"), ("0:0:1:0:0:0:1:0", "0:0:1::1:0"),
    ("64:ff9b::1.2.3.4", "64:ff9b::102:304"),
    ("::1.2.3.4", "::102:304"), ("1:0:0:0:0:0:0:0", "1::"), ("0:0:0:1:0:0:0:0", "0:0:0:1::"),
    ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
    ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
  ])
  func `Reads every form and writes the canonical one`(text: String, canonical: String) throws {
    let address = try #require(IPAddress(text))
    #expect(address.description == canonical)
    #expect(IPAddress(canonical) == address)
    #expect(address == pton(text))
  }

  @Test(arguments: [
    "", " ", "1", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "256.1.1.1", "01.2.3.4", "00.0.0.0",
    "1.2.3.4 ", " 1.2.3.4", "1.2.3.1000", "0x1.2.3.4", "1.2.3.-4", ":", ":::", "1:", ":1", "1::2::3", "1:::2",
    "12345::", "g::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3", "::1.2.3.4:5", "::01.2.3.4", "::1.2.3.256", "fe80::1%eth0", "[::1]",
    "::1/64",
    "1.2.3.4/24", "1.2.3.4:80", "localhost", "::ffff:1.2.3.4.5", "١.2.3.4", "::\u{0}", "*",
    "0000:0000:0000:0000:0000:0000:255.255.255.2555",
  ])
  func `Refuses what is no address`(text: String) {
    #expect(IPAddress(text) == nil)
  }

  @Test
  func `Reads a substring`() {
    #expect(IPAddress("src=10.0.0.1".dropFirst(4)) == IPAddress(v4: 0x0A00_0001))
  }

  @Test
  func `Random addresses survive the round trip and agree with the C library`() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      // Every group is zero half the time, so that runs of every length come up.
      func half() -> UInt64 {
        (0..<4).reduce(0) { half, _ in
          let group =
            UInt64.random(in: 0...0xFFFF, using: &random) >> UInt64.random(in: 0...12, using: &random)
          return half << 16 | (Bool.random(using: &random) ? group : 0)
        }
      }
      let address = IPAddress(high: half(), low: half())
      let text = address.description
      #expect(IPAddress(text) == address)
      #expect(pton(text) == address)
      // The C library writes the long-deprecated v4-compatible addresses as a quad, RFC 5952 does not.
      if !(address.high == 0 && address.low >> 32 == 0) && !address.isV4 { #expect(text == ntop6(address)) }
      let v4 = IPAddress(v4: .random(in: 0...UInt32.max))
      #expect("::ffff:" + v4.description == ntop6(v4))
      #expect(IPAddress(v4.description) == v4)
    }
  }

  @Test
  func `Random text is read as the C library reads it`() {
    let alphabet = Array("0123456789abcF:::::..%g ")
    for _ in 0..<100_000 {
      let text = String((0..<Int.random(in: 0...16)).map { _ in alphabet.randomElement()! })
      #expect(IPAddress(text) == pton(text), "\(text)")
    }
  }

  @Test
  func `Appends after what is there`() {
    var bytes = Array("src ".utf8)
    IPAddress(v4: 0x7F00_0001).append(to: &bytes)
    #expect(bytes == Array("src 127.0.0.1".utf8))
  }
}
