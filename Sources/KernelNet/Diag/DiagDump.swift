// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import CKernelNet
import ConnCore

/// Sockets with what the kernel says of them beside their rows; the columns are equally long.
struct DiagRows {
  var rows: [SocketRow] = []
  var cookies: [UInt64] = []
  /// Empty where nobody asked.
  var traffic: [Traffic?] = []

  mutating func append(contentsOf other: DiagRows) {
    rows.append(contentsOf: other.rows)
    cookies.append(contentsOf: other.cookies)
    traffic.append(contentsOf: other.traffic)
  }

  /// Leaves the first `count` rows.
  mutating func keep(first count: Int) {
    rows.removeLast(rows.count - count)
    cookies.removeLast(cookies.count - count)
    if !traffic.isEmpty { traffic.removeLast(traffic.count - count) }
  }

  mutating func reserve(_ count: Int, traffic wantsTraffic: Bool) {
    rows.reserveCapacity(count)
    cookies.reserveCapacity(count)
    if wantsTraffic { traffic.reserveCapacity(count) }
  }

  /// Makes sure of room for the sockets of one more buffer.
  ///
  /// Room costs nothing until it is written to, but what is there is copied each time there is too little: so there is
  /// much of it at once.
  mutating func reserve(oneMore sockets: Int, traffic wantsTraffic: Bool) {
    guard rows.capacity - rows.count < sockets else { return }
    reserve(max(1 << 13, 8 * rows.count), traffic: wantsTraffic)
  }
}

/// Reads the answer to one request, buffer by buffer. Any bytes at all may be given.
struct DiagDump {
  let transport: Transport
  let wantsTraffic: Bool
  /// The request's number; messages with another one belong to an answer that was given up.
  let sequence: UInt32

  /// The answer has ended.
  private(set) var isDone = false
  /// The kernel says that the table changed in a way that may have hidden some of it (NLM_F_DUMP_INTR).
  private(set) var isInterrupted = false
  /// Why the kernel refused or stopped: an errno value, 0 where it did not.
  private(set) var code: Int32 = 0
  /// Messages that could not be used.
  private(set) var unusable = 0
  /// Of sockets bound to `::` without a remote end, by inode: see ``Snapshot/v6Only``.
  private(set) var v6Only: [UInt64: Bool] = [:]
  /// Rows without a user that have one in /proc: request sockets, see ``DiagMessage/row(_:)``.
  private(set) var requestSockets = 0

  init(transport: Transport, wantsTraffic: Bool, sequence: UInt32) {
    self.transport = transport
    self.wantsTraffic = wantsTraffic
    self.sequence = sequence
  }

  /// Reads what one recv(2) gave; adds sockets of IPv4 to `v4`, those of IPv6 to `v6`.
  mutating func read(_ buffer: UnsafeRawBufferPointer, v4: inout DiagRows, v6: inout DiagRows) {
    v4.reserve(oneMore: buffer.count / DiagMessage.size, traffic: wantsTraffic)
    var offset = 0
    while offset < buffer.count, !isDone {
      guard let message = NetlinkMessage(buffer, at: &offset) else {
        // Where the next one would begin is not known.
        unusable += 1
        return
      }
      guard message.sequence == sequence else { continue }
      if message.flags & UInt16(NLM_F_DUMP_INTR) != 0 { isInterrupted = true }
      switch Int32(message.type) {
      case TCPDIAG_GETSOCK, SOCK_DIAG_BY_FAMILY:
        guard let socket = DiagMessage(message) else {
          unusable += 1
          continue
        }
        if socket.isV6 { add(socket, to: &v6) } else { add(socket, to: &v4) }
      case NLMSG_DONE, NLMSG_ERROR:
        isDone = true
        code = message.errorCode
      case NLMSG_OVERRUN: isInterrupted = true
      case NLMSG_NOOP: break
      default: unusable += 1
      }
    }
  }

  @inline(__always)
  private mutating func add(_ socket: DiagMessage, to sockets: inout DiagRows) {
    let row = socket.row(transport)
    if transport == .tcp, row.rawUID == SocketRow.noUID, socket.isRequest { requestSockets += 1 }
    if socket.isV6, row.state == .listen || row.state == .unconnected, row.local.address == .anyV6,
      row.inode != 0, let isV6Only = socket.isV6Only
    {
      v6Only[row.inode] = isV6Only
    }
    sockets.rows.append(row)
    sockets.cookies.append(socket.cookie)
    if wantsTraffic { sockets.traffic.append(socket.isListener ? nil : socket.traffic) }
  }
}
