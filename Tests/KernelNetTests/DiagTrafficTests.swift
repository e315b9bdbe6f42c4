// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import KernelNet

/// What `tcp_info` says, by how much of it the kernel gives.
struct DiagTrafficTests {
  /// A structure of `size` bytes: 900 bytes acknowledged, 1,000 sent, 60 of them again, 777 received.
  private func info(_ size: Int, segments: UInt32 = 5) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 240)
    func put<Number: FixedWidthInteger>(_ number: Number, _ offset: Int) {
      withUnsafeBytes(of: number) { for (index, byte) in $0.enumerated() { bytes[offset + index] = byte } }
    }
    put(UInt32(1234), 68)
    put(UInt32(10), 80)
    put(UInt32(3), 100)
    put(UInt64(900), 120)
    put(UInt64(777), 128)
    put(segments, 136)
    put(UInt64(1000), 200)
    put(UInt64(60), 208)
    return Array(bytes.prefix(size))
  }

  private func traffic(_ bytes: [UInt8]) -> Traffic? {
    bytes.withUnsafeBytes { Traffic(tcpInfo: $0) }
  }

  @Test(
    "bytes sent are those sent less those sent again, and on older kernels those acknowledged",
    arguments: [(240, 940), (216, 940), (215, 900), (136, 900)] as [(Int, UInt64)])
  func lengths(size: Int, bytesOut: UInt64) {
    #expect(
      traffic(info(size))
        == Traffic(bytesIn: 777, bytesOut: bytesOut, roundTrip: 1234, retransmits: 3, congestionWindow: 10))
  }

  @Test("a structure that ends before the bytes received says nothing", arguments: [0, 4, 104, 135])
  func tooShort(size: Int) {
    #expect(traffic(info(size)) == nil)
  }

  @Test("a socket without a segment has carried nothing that is known")
  func forgotten() {
    #expect(traffic([UInt8](repeating: 0, count: 232)) == nil)
  }
}
