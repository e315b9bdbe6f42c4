// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Finds rows that show the same socket, by its cookie.
///
/// The kernel lets go of its locks while it walks a table and goes on by position, so it can give a socket twice, the
/// second time perhaps in another state. The later row stays, in the place of the earlier one.
struct CookieDeduplicator {
  /// Open addressing: a row's number plus one, 0 where free.
  private var slots: [UInt32] = []

  /// Collapses the rows from `first` on.
  ///
  /// - Returns: how many rows were removed.
  mutating func collapse(_ sockets: inout DiagRows, from first: Int) -> Int {
    let count = sockets.rows.count - first
    guard count > 1 else { return 0 }
    var size = 16
    while size < 2 * count { size *= 2 }
    if slots.count < size {
      slots = [UInt32](repeating: 0, count: size)
    } else {
      slots.withUnsafeMutableBufferPointer { $0[..<size].update(repeating: 0) }
    }
    let twins = findTwins(sockets.cookies, from: first, mask: UInt64(size - 1))
    for (one, other) in twins {
      sockets.rows[one] = sockets.rows[other]
      if !sockets.traffic.isEmpty { sockets.traffic[one] = sockets.traffic[other] }
    }
    guard !twins.isEmpty else { return 0 }
    let later = twins.map(\.1)
    Self.remove(later, from: &sockets.rows)
    Self.remove(later, from: &sockets.cookies)
    if !sockets.traffic.isEmpty { Self.remove(later, from: &sockets.traffic) }
    return twins.count
  }

  /// Removes elements by their numbers, which ascend, in one go.
  private static func remove<Element>(_ numbers: [Int], from array: inout [Element]) {
    var kept = numbers[0]
    var next = 0
    for index in numbers[0]..<array.count {
      if next < numbers.count, numbers[next] == index {
        next += 1
      } else {
        array[kept] = array[index]
        kept += 1
      }
    }
    array.removeLast(array.count - kept)
  }

  /// Pairs of rows with one cookie: the first that had it, and a later one. Nearly always there are none.
  private mutating func findTwins(_ cookies: [UInt64], from first: Int, mask: UInt64) -> [(Int, Int)] {
    var twins: [(Int, Int)] = []
    slots.withUnsafeMutableBufferPointer { slots in
      cookies.withUnsafeBufferPointer { cookies in
        for index in first..<cookies.count where cookies[index] != 0 {
          // Cookies are counted up, some by each processor: a multiplication spreads them.
          var slot = (cookies[index] &* 0x9E37_79B9_7F4A_7C15) >> 32 & mask
          while true {
            let entry = Int(slots[Int(truncatingIfNeeded: slot)]) &- 1
            if entry < 0 {
              slots[Int(truncatingIfNeeded: slot)] = UInt32(truncatingIfNeeded: index &+ 1)
              break
            }
            if cookies[entry] == cookies[index] {
              twins.append((entry, index))
              break
            }
            slot = (slot &+ 1) & mask
          }
        }
      }
    }
    return twins
  }
}
