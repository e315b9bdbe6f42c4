// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Reads a dotted quad or RFC 4291 text.
func parseAddress(_ text: String) -> IPAddress? {
  if !text.contains(":") { return dottedQuad(text[...]).map { IPAddress(v4: $0) } }
  let halves = text.split(separator: "::", maxSplits: 2, omittingEmptySubsequences: false)
  guard halves.count <= 2 else { return nil }
  func groups(_ part: Substring, isLast: Bool) -> [UInt16]? {
    if part.isEmpty { return halves.count == 2 ? [] : nil }
    var found: [UInt16] = []
    let pieces = part.split(separator: ":", omittingEmptySubsequences: false)
    for (place, piece) in pieces.enumerated() {
      if isLast, place == pieces.count - 1, piece.contains("."), let quad = dottedQuad(piece) {
        found += [UInt16(truncatingIfNeeded: quad >> 16), UInt16(truncatingIfNeeded: quad)]
        continue
      }
      guard (1...4).contains(piece.utf8.count), piece.utf8.allSatisfy({ $0 != 43 && $0 != 45 }),
        let group = UInt16(piece, radix: 16)
      else { return nil }
      found.append(group)
    }
    return found
  }
  guard let front = groups(halves[0], isLast: halves.count == 1) else { return nil }
  var all = front
  if halves.count == 2 {
    guard let back = groups(halves[1], isLast: true), front.count + back.count < 8 else { return nil }
    all += [UInt16](repeating: 0, count: 8 - front.count - back.count) + back
  }
  guard all.count == 8 else { return nil }
  func half(_ groups: ArraySlice<UInt16>) -> UInt64 { groups.reduce(0) { $0 << 16 | UInt64($1) } }
  return IPAddress(high: half(all[..<4]), low: half(all[4...]))
}

private func dottedQuad(_ text: Substring) -> UInt32? {
  let parts = text.split(separator: ".", omittingEmptySubsequences: false)
  guard parts.count == 4 else { return nil }
  var number: UInt32 = 0
  for part in parts {
    guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }),
      part.utf8.count == 1 || part.utf8.first != 48, let octet = UInt8(part)
    else { return nil }
    number = number << 8 | UInt32(octet)
  }
  return number
}
