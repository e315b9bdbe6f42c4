// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// What the rows of one table look like: fixed for the table before its first row is read.
struct TableForm {
  /// The table.
  let proto: Proto
  /// The byte order of the machine it comes from.
  let byteOrder: ByteOrder
  /// The header names a `drops` column, as udp tables have since Linux 2.6.27.
  let namesDrops: Bool

  /// The header is that of the other transport, so every row's columns are counted.
  var headerIsForeign: Bool { namesDrops == (proto.transport == .tcp) }

  /// Digits of an address.
  var addressWidth: Int { proto.isV6 ? 32 : 8 }

  /// The width to which the kernel pads each line with blanks, 0 where it does not (tcp_ipv4.c TMPSZ, udp.c).
  var paddedWidth: Int {
    switch proto {
    case .tcp: 149
    case .udp: 127
    case .tcp6, .udp6: 0
    }
  }

  /// True for a row in the form of the other transport's table.
  ///
  /// Told by the state in a udp table. Both have rows of 01 and 07: there the number of columns tells, which
  /// is known only where it was worth counting (`columns` is nil elsewhere).
  func isForeign(state: UInt8, columns: Int?) -> Bool {
    if proto.transport == .udp {
      return (2...12).contains(state) && state != 7 || (headerIsForeign && (columns ?? 0) >= 17)
    }
    guard state == 7 || headerIsForeign, let columns else { return false }
    return (state == 7 || state == 1) && (columns == 12 || columns == 13)
  }

  /// The row of the numbers a line gives, each already checked.
  @inline(__always)
  func row(
    state: UInt8, local: IPAddress, localPort: UInt16, remote: IPAddress, remotePort: UInt16, inode: UInt64,
    uid: UInt32, receiveQueue: UInt32, sendQueue: UInt32
  ) -> SocketRow {
    // The kernel keeps no user for a connection in its timewait form and prints 0, which would be root.
    let noUser = state == 6 || (state == 5 && inode == 0)
    return SocketRow(
      proto: proto, state: SocketState(kernel: state, transport: proto.transport),
      local: Endpoint(local, localPort), remote: Endpoint(remote, remotePort), inode: inode,
      rawUID: noUser ? SocketRow.noUID : uid, receiveQueue: receiveQueue, sendQueue: sendQueue)
  }
}
