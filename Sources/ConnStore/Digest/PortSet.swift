// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Ports: a short list while they are few, one bit each when they are many.
struct PortSet {
  /// Ascending.
  private var few: [UInt16] = []
  private var many: [UInt64] = []

  /// The most of a short list; a rollup holds a set for each of tens of thousands of profiles, most of them tiny.
  private static let mostFew = 512

  /// True where it takes 8 KiB, however few there are.
  var isSpread: Bool { !many.isEmpty }

  mutating func insert(_ port: UInt16) {
    if isSpread { return set(port) }
    var (low, high) = (0, few.count)
    while low < high {
      let middle = (low + high) / 2
      if few[middle] < port { low = middle + 1 } else { high = middle }
    }
    if low < few.count, few[low] == port { return }
    few.insert(port, at: low)
    if few.count > Self.mostFew { spread() }
  }

  private mutating func spread() {
    many = [UInt64](repeating: 0, count: 1024)
    for port in few { set(port) }
    few = []
  }

  private mutating func set(_ port: UInt16) { many[Int(port >> 6)] |= 1 << UInt64(port & 63) }

  var sorted: [UInt16] {
    if !isSpread { return few }
    var ports: [UInt16] = []
    for (place, word) in many.enumerated() {
      var rest = word
      while rest != 0 {
        ports.append(UInt16(place << 6 + rest.trailingZeroBitCount))
        rest &= rest - 1
      }
    }
    return ports
  }

  // MARK: - Packed

  /// Packs the ports as what takes the least: steps from one to the next, or a bit for each between the first and
  /// the last of them.
  func write(to bytes: inout PackedBytes) {
    let ports = sorted
    guard let first = ports.first, let last = ports.last else {
      bytes.append(number: 0)
      return
    }
    let words = Int(last >> 3) - Int(first >> 3) + 1
    var steps = PackedBytes()
    var before: UInt16 = 0
    for port in ports {
      steps.append(number: UInt64(port - before))
      before = port
    }
    if steps.bytes.count <= words + 3 {
      bytes.append(number: UInt64(ports.count) << 1)
      bytes.append(bytes: steps.bytes)
    } else {
      var bits = [UInt8](repeating: 0, count: words)
      for port in ports { bits[Int(port >> 3) - Int(first >> 3)] |= 1 << (port & 7) }
      bytes.append(number: UInt64(words) << 1 | 1)
      bytes.append(pair: first >> 3)
      bytes.append(bytes: bits)
    }
  }

  /// Adds the ports that are packed; false where they are damaged.
  mutating func insert(packed reader: inout PackedReader) -> Bool {
    guard let head = reader.number(), head >> 1 <= 65_536 else { return false }
    if head == 0 { return true }
    if !isSpread, head & 1 == 0, few.count + Int(head >> 1) <= Self.mostFew {
      return insert(few: Int(head >> 1), &reader)
    }
    if !isSpread { spread() }
    return many.withUnsafeMutableBufferPointer { words in
      if head & 1 == 0 { return Self.insert(steps: Int(head >> 1), &reader, into: words) }
      guard let first = reader.pair(), let bits = reader.take(Int(head >> 1)), Int(first) + bits.count <= 8192
      else { return false }
      for (place, byte) in bits.enumerated() where byte != 0 {
        let at = Int(first) + place
        words[at >> 3] |= UInt64(byte) << UInt64((at & 7) << 3)
      }
      return true
    }
  }

  private mutating func insert(few steps: Int, _ reader: inout PackedReader) -> Bool {
    var port = 0
    for _ in 0..<steps {
      guard let step = reader.shortNumber() else { return false }
      port += step
      guard port < 65_536 else { return false }
      insert(UInt16(port))
    }
    return true
  }

  private static func insert(
    steps: Int, _ reader: inout PackedReader, into words: UnsafeMutableBufferPointer<UInt64>
  ) -> Bool {
    var port = 0
    for _ in 0..<steps {
      guard let step = reader.shortNumber() else { return false }
      port += step
      guard port < 65_536 else { return false }
      words[port >> 6] |= 1 << UInt64(port & 63)
    }
    return true
  }

  /// Passes over ports that are packed; false where they are damaged.
  static func skip(packed reader: inout PackedReader) -> Bool {
    guard let head = reader.number(), head >> 1 <= 65_536 else { return false }
    if head & 1 == 1 { return reader.pair() != nil && reader.take(Int(head >> 1)) != nil }
    for _ in 0..<head >> 1 where reader.shortNumber() == nil { return false }
    return true
  }
}
