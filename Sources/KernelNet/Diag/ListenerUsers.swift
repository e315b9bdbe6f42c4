// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// The users of listeners, to find the one that a request socket belongs to.
///
/// Several listeners on one address have one user (SO_REUSEPORT demands it), unless they are bound to different devices.
struct ListenerUsers {
  private struct Place: Hashable {
    var proto: Proto
    var local: Endpoint
  }

  private var users: [Place: UInt32] = [:]

  init(_ listeners: [SocketRow]) {
    for row in listeners where row.state == .listen {
      users[Place(proto: row.proto, local: row.local)] = row.rawUID
    }
  }

  /// The user of the listener that took the request, ``SocketRow/noUID`` where it has gone.
  func user(of request: SocketRow) -> UInt32 {
    let exact = Place(proto: request.proto, local: request.local)
    let any = request.proto.isV6 ? IPAddress.anyV6 : .anyV4
    return users[exact] ?? users[Place(proto: request.proto, local: Endpoint(any, request.local.port))]
      ?? SocketRow.noUID
  }
}
