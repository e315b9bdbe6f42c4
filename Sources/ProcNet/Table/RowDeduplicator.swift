// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Finds rows of one table that show the same socket.
///
/// The kernel lets go of its locks while a table is read, and so can give a socket twice, the second time
/// perhaps in another state. Two rows with the same ends are the same socket when
///
/// - TCP other than LISTEN: their inodes are equal or one is 0 (it is 0 before accept, after close and in
///   TIME_WAIT), whatever their states. Two inodes that are not 0 and differ are two connections.
/// - LISTEN and UDP, where many sockets may share an address: inode and state are equal.
///
/// The later row stays, in the place of the earlier one.
struct RowDeduplicator {
  /// Open addressing: the upper half of the hash and the row's number plus one, 0 where free.
  private var slots: [UInt64] = []
  private let search = RowSearch()

  /// Collapses the rows from `first` on.
  ///
  /// - Returns: how many rows were removed.
  mutating func collapse(_ rows: inout [SocketRow], from first: Int) -> Int {
    let count = rows.count - first
    guard count > 1 else { return 0 }
    var size = 16
    while size < 2 * count { size *= 2 }
    // Cleared in one go; grows to the largest table and stays.
    if slots.count < size {
      slots = [UInt64](repeating: 0, count: size)
    } else {
      slots.withUnsafeMutableBufferPointer { $0[..<size].update(repeating: 0) }
    }
    let kept = rows.withUnsafeMutableBufferPointer { [search] all in
      slots.withUnsafeMutableBufferPointer { slots in
        search.collapse(UnsafeMutableBufferPointer(rebasing: all[first...]), slots, mask: UInt64(size - 1))
      }
    }
    if kept < count { rows.removeLast(count - kept) }
    return count - kept
  }
}

/// The search itself, apart from the memory it works on.
private struct RowSearch {
  /// Not to be guessed, since remote hosts choose half of what is hashed.
  private let seed = UInt64.random(in: .min ... .max) | 1

  /// Rows with the same ends that are looked at before the inode decides where to look on.
  ///
  /// A table has one or two; a made-up one with 100,000 must not take a quadratic time.
  private static let longestChain = 32

  /// Moves the rows that stay to the front.
  ///
  /// - Returns: how many stay.
  func collapse(
    _ rows: UnsafeMutableBufferPointer<SocketRow>, _ slots: UnsafeMutableBufferPointer<UInt64>, mask: UInt64
  ) -> Int {
    var kept = 0
    for index in rows.indices {
      if let same = find(rows, index, kept, slots, mask: mask) {
        rows[same] = rows[index]
      } else {
        if kept != index { rows[kept] = rows[index] }
        kept &+= 1
      }
    }
    return kept
  }

  /// The number of the kept row that shows the same socket as the one at `index`; notes the row as `kept` and
  /// returns nil where there is none.
  @inline(__always)
  private func find(
    _ rows: UnsafeMutableBufferPointer<SocketRow>, _ index: Int, _ kept: Int,
    _ slots: UnsafeMutableBufferPointer<UInt64>, mask: UInt64
  ) -> Int? {
    let sharesAddress = Self.mayShareAddress(rows[index])
    let ends = hash(rows[index])
    var hash = sharesAddress ? mix(ends, rows[index].inode) : ends
    var chain = 0
    var slot = hash & mask
    while true {
      let entry = slots[Int(truncatingIfNeeded: slot)]
      if entry == 0 {
        slots[Int(truncatingIfNeeded: slot)] = (hash & 0xFFFF_FFFF_0000_0000) | UInt64(kept &+ 1)
        return nil
      }
      if (entry ^ hash) >> 32 == 0 {
        let other = Int(truncatingIfNeeded: entry & 0xFFFF_FFFF) &- 1
        if rows[other].local == rows[index].local, rows[other].remote == rows[index].remote {
          if Self.isSameSocket(rows[other], rows[index]) { return other }
          chain &+= 1
          if chain == Self.longestChain, !sharesAddress {
            hash = mix(ends, rows[index].inode)
            slot = hash & mask
            continue
          }
        }
      }
      slot = (slot &+ 1) & mask
    }
  }

  /// True for sockets of which several can have the same two ends.
  @inline(__always)
  private static func mayShareAddress(_ row: SocketRow) -> Bool {
    row.state == .listen || row.proto.transport == .udp
  }

  /// True for two rows of one socket, given that their ends are the same.
  @inline(__always)
  private static func isSameSocket(_ one: SocketRow, _ other: SocketRow) -> Bool {
    if mayShareAddress(one) || mayShareAddress(other) {
      return one.inode == other.inode && one.state == other.state
    }
    return one.inode == other.inode || one.inode == 0 || other.inode == 0
  }

  @inline(__always)
  private func hash(_ row: SocketRow) -> UInt64 {
    let ports = UInt64(row.local.port) << 16 | UInt64(row.remote.port)
    var hash = mix(row.local.address.low ^ ports << 32, row.remote.address.low)
    if row.proto.isV6 { hash = mix(hash ^ row.local.address.high, row.remote.address.high) }
    return mix(hash, ports)
  }

  /// Both halves of the product of two words, folded: every bit in depends on every bit of both.
  @inline(__always)
  private func mix(_ one: UInt64, _ other: UInt64) -> UInt64 {
    let product = (one ^ seed).multipliedFullWidth(by: other ^ 0x9E37_79B9_7F4A_7C15)
    return product.high ^ product.low
  }
}
