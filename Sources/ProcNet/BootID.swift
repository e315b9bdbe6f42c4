// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// The identity of one boot of the machine: sys/kernel/random/boot_id (random(4)).
///
/// Pids, inodes and CLOCK_BOOTTIME mean something within one boot only.
public struct BootID: Hashable, Sendable, CustomStringConvertible {
  /// A UUID in lower case: `f81d4fae-7dec-11d0-a765-00a0c91e6bf6`.
  public let description: String

  /// Reads the identity of the present boot; nil where it cannot be read or is no UUID.
  public init?(reading root: ProcRoot) {
    guard let bytes = root.smallFile("sys/kernel/random/boot_id") else { return nil }
    let line = bytes.prefix { $0 != 0x0A }
    self.init(String(decoding: line, as: UTF8.self))
  }

  /// Takes a UUID as text, of either case; nil for anything else.
  public init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count == 36 else { return nil }
    for (index, byte) in bytes.enumerated() {
      let isDash = index == 8 || index == 13 || index == 18 || index == 23
      guard isDash ? byte == 0x2D : TolerantRow.hexDigit(byte) != nil else { return nil }
    }
    description = text.lowercased()
  }
}
