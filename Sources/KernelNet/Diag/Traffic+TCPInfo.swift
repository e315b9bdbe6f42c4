// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

extension Traffic {
  /// Reads `struct tcp_info` of include/uapi/linux/tcp.h, which grows at its end from version to version.
  ///
  /// - Returns: nil where it is too short for the bytes received (before Linux 4.2), and for a socket that has sent and
  ///   received no segment: the kernel has forgotten what it did (refused, reset), or it is a listener.
  init?(tcpInfo info: UnsafeRawBufferPointer) {
    guard info.count >= 136 else { return nil }
    let acknowledged = info.host64(120)
    let received = info.host64(128)
    var sent = acknowledged
    if info.count >= 216 {
      let again = info.host64(208)
      sent = info.host64(200) &- again
    }
    if info.count >= 144, info.host64(136) == 0, sent == 0, received == 0 { return nil }
    self.init(
      bytesIn: received, bytesOut: sent, roundTrip: info.host32(68), retransmits: info.host32(100),
      congestionWindow: info.host32(80))
  }
}
