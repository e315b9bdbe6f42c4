// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

// Writing.
extension IPAddress: CustomStringConvertible {
  /// The most bytes that ``append(to:)`` adds: eight groups of four digits and seven colons.
  public static let longestText = 39

  /// IPv4, plain or v4-mapped, as `a.b.c.d`; IPv6 as in RFC 5952 (`2001:db8::1`).
  public var description: String {
    var bytes: [UInt8] = []
    append(to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Appends what ``description`` gives; allocates nothing but what `bytes` needs to grow.
  public func append(to bytes: inout [UInt8]) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.longestText) { text in
      let count = write(to: text.baseAddress!)
      bytes.append(contentsOf: UnsafeBufferPointer(start: text.baseAddress, count: count))
    }
  }

  /// Writes what ``description`` gives where there is room for ``longestText`` bytes; returns how many were written.
  public func write(to text: UnsafeMutablePointer<UInt8>) -> Int {
    var at = 0
    if let v4 {
      var shift: UInt32 = 32
      while shift > 0 {
        shift &-= 8
        let octet = Int((v4 >> shift) & 255)
        UnsafeMutableRawPointer(text + at).storeBytes(of: Self.octets[octet], as: UInt32.self)
        // The digits and the point; counted without a branch, which the processor would guess wrong.
        at &+= 2 &+ (octet > 9 ? 1 : 0) &+ (octet > 99 ? 1 : 0)
      }
      return at &- 1
    }
    let gap = longestZeroRun()
    var group = 0
    while group < 8 {
      if group == gap.start {
        text[at] = UInt8(ascii: ":")
        at &+= 1
        group &+= gap.length
        if group == 8 {
          text[at] = UInt8(ascii: ":")
          at &+= 1
        }
        continue
      }
      if group > 0 {
        text[at] = UInt8(ascii: ":")
        at &+= 1
      }
      let number = self.group(group)
      var shift = number >= 0x1000 ? 12 : number >= 0x100 ? 8 : number >= 0x10 ? 4 : 0
      while shift >= 0 {
        let digit = UInt8(truncatingIfNeeded: number >> UInt16(shift)) & 15
        text[at] = digit < 10 ? 48 &+ digit : 87 &+ digit
        at &+= 1
        shift &-= 4
      }
      group &+= 1
    }
    return at
  }

  /// The text of each octet and a point behind it, as the bytes lie in memory: never freed.
  private nonisolated(unsafe) static let octets: UnsafePointer<UInt32> = {
    let octets = UnsafeMutablePointer<UInt32>.allocate(capacity: 256)
    for octet in UInt32(0)..<256 {
      var text = UInt32(UInt8(ascii: "."))
      var rest = octet
      repeat {
        text = text << 8 | (48 + rest % 10)
        rest /= 10
      } while rest > 0
      octets[Int(octet)] = text.littleEndian
    }
    return UnsafePointer(octets)
  }()

  /// The 16-bit group at `index`, 0 to 7 from the left.
  private func group(_ index: Int) -> UInt16 {
    UInt16(truncatingIfNeeded: (index < 4 ? high : low) >> UInt64(48 - 16 * (index & 3)))
  }

  /// The first of the longest runs of two or more zero groups (RFC 5952 section 4.2); start 8 where none.
  private func longestZeroRun() -> (start: Int, length: Int) {
    var best = (start: 8, length: 1)
    var length = 0
    for index in 0..<8 {
      length = group(index) == 0 ? length + 1 : 0
      if length > best.length { best = (index + 1 - length, length) }
    }
    return best
  }
}

// Reading.
extension IPAddress {
  /// Reads an address as it is written: a dotted quad of numbers from 0 to 255 without leading zeros, or the
  /// text of RFC 4291 section 2.2 (`2001:db8::1`, `::`, `::ffff:192.0.2.1`), in either case of letters.
  ///
  /// nil for anything else: a zone (`%eth0`), a prefix length, brackets, spaces.
  public init?(_ text: some StringProtocol) {
    // A longer text is no address, and is not worth a copy.
    guard text.utf8.count <= 45 else { return nil }
    self.init(utf8: Array(text.utf8).span)
  }

  /// Reads the same from bytes, allocating nothing.
  public init?(utf8 text: Span<UInt8>) {
    var isV6 = false
    for index in text.indices where text[index] == UInt8(ascii: ":") { isV6 = true }
    if !isV6 {
      guard let number = Self.quad(text, from: 0) else { return nil }
      self.init(v4: number)
      return
    }
    // The groups before and after `::`, each as one number: a group shifts in at the right.
    var head = (high: UInt64(0), low: UInt64(0))
    var tail = head
    var headCount = 0
    var tailCount = 0
    var hasGap = false
    func push(_ group: UInt16) {
      if hasGap {
        tail = (tail.high << 16 | tail.low >> 48, tail.low << 16 | UInt64(group))
        tailCount += 1
      } else {
        head = (head.high << 16 | head.low >> 48, head.low << 16 | UInt64(group))
        headCount += 1
      }
    }
    var at = 0
    if text.count >= 2, text[0] == UInt8(ascii: ":"), text[1] == UInt8(ascii: ":") {
      hasGap = true
      at = 2
    }
    while at < text.count {
      guard headCount + tailCount < 8 else { return nil }
      let start = at
      var number: UInt16 = 0
      while at < text.count, let digit = Self.hexDigit(text[at]) {
        guard at - start < 4 else { return nil }
        number = number << 4 | digit
        at += 1
      }
      guard at > start else { return nil }
      if at == text.count {
        push(number)
        break
      }
      if text[at] == UInt8(ascii: ".") {
        // A dotted quad may stand for the last two groups, and then ends the text.
        guard headCount + tailCount <= 6, let quad = Self.quad(text, from: start) else { return nil }
        push(UInt16(truncatingIfNeeded: quad >> 16))
        push(UInt16(truncatingIfNeeded: quad))
        break
      }
      guard text[at] == UInt8(ascii: ":"), at + 1 < text.count else { return nil }
      push(number)
      at += 1
      if text[at] == UInt8(ascii: ":") {
        guard !hasGap else { return nil }
        hasGap = true
        at += 1
      }
    }
    guard hasGap ? headCount + tailCount < 8 : headCount == 8 else { return nil }
    let shift = UInt64(16 * (8 - headCount))
    if hasGap {
      // Shifts of 64 and more give 0 with Swift's smart shifts.
      self.init(
        high: shift >= 64 ? head.low << (shift - 64) : head.high << shift | head.low >> (64 - shift),
        low: shift >= 64 ? 0 : head.low << shift)
      high |= tail.high
      low |= tail.low
    } else {
      self.init(high: head.high, low: head.low)
    }
  }

  /// Reads a dotted quad that begins at `start` and ends with the text.
  private static func quad(_ text: Span<UInt8>, from start: Int) -> UInt32? {
    var number: UInt32 = 0
    var octets = 0
    var at = start
    while true {
      let first = at
      var octet: UInt32 = 0
      while at < text.count, text[at] &- 48 < 10 {
        octet = octet * 10 + UInt32(text[at] &- 48)
        at += 1
        if at - first > 3 { return nil }
      }
      guard at > first, octet <= 255, at - first == 1 || text[first] != 48 else { return nil }
      number = number << 8 | octet
      octets += 1
      if at == text.count { return octets == 4 ? number : nil }
      guard text[at] == UInt8(ascii: "."), octets < 4 else { return nil }
      at += 1
    }
  }

  private static func hexDigit(_ byte: UInt8) -> UInt16? {
    switch byte {
    case 48...57: UInt16(byte - 48)
    case 65...70: UInt16(byte - 55)
    case 97...102: UInt16(byte - 87)
    default: nil
    }
  }
}
