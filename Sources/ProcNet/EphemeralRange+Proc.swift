// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore

extension EphemeralRange {
  /// Reads the range from sys/net/ipv4/ip_local_port_range (ip(7)); the kernel's own default where that
  /// cannot be read or makes no sense.
  ///
  /// It is that of the network namespace of the thread that opens the file, and serves IPv6 too.
  public init(reading root: ProcRoot, opening: FileOpening = openForReading) {
    self =
      root.smallFile("sys/net/ipv4/ip_local_port_range", opening: opening).flatMap { Self(parsing: $0) }
      ?? Self()
  }

  /// Reads `32768\t60999\n`; nil for anything but two ports, the lower one first.
  init?(parsing bytes: [UInt8]) {
    let numbers = bytes.split { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A }
      .map { UInt16(String(decoding: $0, as: UTF8.self)) }
    guard numbers.count == 2, let first = numbers[0], let last = numbers[1], first <= last else { return nil }
    self.init(first...last)
  }
}
