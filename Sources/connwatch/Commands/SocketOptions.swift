// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// ss's short options for which sockets, in any combination: `-tulpn`.
struct SocketOptions: Equatable {
  var tcp = false
  var udp = false
  var listening = false
  var all = false
  var v4 = false
  var v6 = false

  /// Why they cannot be meant together, nil where they can.
  var conflict: String? { listening && all ? "-l and -a exclude each other" : nil }

  /// The tables asked for.
  var protos: ProtoSet {
    var set: ProtoSet = []
    for proto in Proto.allCases {
      let transport = tcp == udp || (proto.transport == .tcp ? tcp : udp)
      let family = v4 == v6 || (proto.isV6 ? v6 : v4)
      if transport && family { set.insert(ProtoSet(proto)) }
    }
    return set
  }
}

extension SocketOptions {
  /// Sets a flag by its letter or its long name; false for a word that is none.
  mutating func set(_ flag: String) -> Bool {
    switch flag {
    case "t", "tcp": tcp = true
    case "u", "udp": udp = true
    case "l", "listening": listening = true
    case "a", "all": all = true
    case "4", "ipv4": v4 = true
    case "6", "ipv6": v6 = true
    // Owners are shown anyway.
    case "p", "processes": break
    default: return false
    }
    return true
  }
}
