// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import CKernelNet
import ConnCore
import Glibc

/// A message about one socket: `struct inet_diag_msg` of linux/inet_diag.h, behind the header of netlink.
struct DiagMessage {
  private let message: NetlinkMessage

  /// Bytes of header and structure, behind which attributes begin.
  static let size = NetlinkMessage.headerSize + 72

  /// nil where it is too short, or of a family that is neither IPv4 nor IPv6.
  @inline(__always)
  init?(_ message: NetlinkMessage) {
    guard message.bytes.count >= Self.size else { return nil }
    let family = Int32(message.bytes[16])
    guard family == AF_INET || family == AF_INET6 else { return nil }
    self.message = message
    isV6 = family == AF_INET6
  }

  /// The socket's own family.
  let isV6: Bool

  private var bytes: UnsafeRawBufferPointer { message.bytes }

  /// The kernel's number of the state.
  var state: UInt8 { bytes[17] }
  /// In SYN_RECV, by either of its numbers, or in LISTEN: of TCP.
  var isRequest: Bool { state == 3 || state == 12 }
  var isListener: Bool { state == 10 }
  var local: Endpoint { Endpoint(address(24), bytes.network16(20)) }
  var remote: Endpoint { Endpoint(address(40), bytes.network16(22)) }
  /// Two words, the lower one first on every machine (sock_diag_save_cookie).
  var cookie: UInt64 { UInt64(bytes.host32(60)) | UInt64(bytes.host32(64)) << 32 }

  @inline(__always)
  private func address(_ offset: Int) -> IPAddress {
    isV6
      ? IPAddress(high: bytes.network64(offset), low: bytes.network64(offset &+ 8))
      : IPAddress(v4: bytes.network32(offset))
  }

  /// The row, as /proc shows it.
  ///
  /// Two things are told apart there and not here: a request socket (SYN_RECV without an inode) has its listener's
  /// user, which is not in the message, so it has none yet; and a listener's send queue, where the message has the
  /// limit of its accept queue, is 0.
  @inline(__always)
  func row(_ transport: Transport) -> SocketRow {
    let state = state
    let inode = UInt64(bytes.host32(84))
    // The kernel keeps no user for a connection in its timewait form and says 0, which would be root.
    let noUser =
      transport == .tcp && (state == 6 || (inode == 0 && (state == 5 || isRequest)))
    return SocketRow(
      proto: transport == .tcp ? (isV6 ? .tcp6 : .tcp) : (isV6 ? .udp6 : .udp),
      state: SocketState(kernel: state, transport: transport), local: local, remote: remote, inode: inode,
      rawUID: noUser ? SocketRow.noUID : bytes.host32(80), receiveQueue: bytes.host32(72),
      sendQueue: transport == .tcp && isListener ? 0 : bytes.host32(76))
  }

  /// What the connection carried; nil where the message does not say.
  var traffic: Traffic? {
    guard let info = message.attribute(Int(INET_DIAG_INFO), from: Self.size) else { return nil }
    return Traffic(tcpInfo: info)
  }

  /// Whether a socket of IPv6 without a remote end takes IPv6 alone (IPV6_V6ONLY); nil where the message does not say,
  /// as of all others. The kernel tells since 4.8.
  var isV6Only: Bool? {
    message.attribute(Int(INET_DIAG_SKV6ONLY), from: Self.size)?.first.map { $0 != 0 }
  }

  /// The number of the protocol, which only messages about a socket's end have (IPPROTO_TCP, IPPROTO_UDP).
  var protocolNumber: UInt8? {
    message.attribute(Int(INET_DIAG_PROTOCOL), from: Self.size)?.first
  }
}
