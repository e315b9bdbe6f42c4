// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// The socket that a page is about, as far as the screen knows it.
struct PageSubject {
  /// Whether the socket is there.
  enum Presence {
    case here
    /// It was there, and has gone.
    case gone
    /// A moment of the past is shown, at which it was there.
    case then
  }

  var life: Life
  var presence: Presence
  /// The moment that is shown.
  var time: Timestamp
  /// Bytes that wait, of a socket that is there.
  var queues: (receive: UInt32, send: UInt32)?
  /// What it has carried so far.
  var traffic: Traffic?
  /// What the kernel said of a listener bound to `::`; nil where it said nothing.
  var isV6Only: Bool?
  /// It is in another network namespace than ours.
  var isElsewhere = false

  init(_ life: Life, _ presence: Presence, at time: Timestamp) {
    self.life = life
    self.presence = presence
    self.time = time
    traffic = life.traffic
  }

  /// As a row of a listing.
  func row(_ names: Names) -> ListRow {
    var socket = SocketRow(
      proto: life.proto, state: life.state, local: life.local, remote: life.remote, inode: life.inode,
      rawUID: life.rawUID)
    if let queues { (socket.receiveQueue, socket.sendQueue) = queues }
    var row = ListRow(
      context: ListRow.Context(names: names, time: time, netns: life.netns), socket: socket, role: life.role,
      direction: life.direction, owner: life.owner, firstSeen: life.firstSeen)
    row.isLive = presence == .here
    row.traffic = traffic
    row.origin = life.origin
    return row
  }

  /// The socket in one line: `tcp 192.0.2.10:51234 192.0.2.7:443`.
  var title: String {
    func text(_ end: Endpoint) -> String {
      let address = end.address.isV4 ? end.address.description : "[\(end.address)]"
      return "\(address):\(end.port == 0 ? "*" : String(end.port))"
    }
    let remote = hasRemote ? " → \(text(life.remote))" : ""
    return "\(life.proto.name) \(text(life.local))\(remote)"
  }

  /// It has two ends.
  var hasRemote: Bool { life.remote.port != 0 || !life.remote.address.isUnspecified }
}
