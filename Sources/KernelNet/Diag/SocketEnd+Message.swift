// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Glibc

extension SocketEnd {
  /// Reads a message of the destroy groups, in which the attribute INET_DIAG_PROTOCOL says which transport it was
  /// (inet_diag_handler_get_info in net/ipv4/inet_diag.c); nil for any other.
  init?(_ message: NetlinkMessage, boot: Int64) {
    guard let socket = DiagMessage(message) else { return nil }
    let proto: Proto
    switch Int(socket.protocolNumber ?? 0) {
    case IPPROTO_TCP: proto = socket.isV6 ? .tcp6 : .tcp
    case IPPROTO_UDP: proto = socket.isV6 ? .udp6 : .udp
    default: return nil
    }
    self.init(
      proto: proto, local: socket.local, remote: socket.remote, cookie: socket.cookie, boot: boot,
      traffic: proto.transport == .tcp ? socket.traffic : nil)
  }
}
