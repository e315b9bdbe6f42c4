// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConnCore

/// ss's short options for which sockets, in any combination: `-tulpn`.
struct SocketOptions: ParsableArguments {
  @Flag(name: [.customShort("t"), .customLong("tcp")], help: "TCP.")
  var tcp = false

  @Flag(name: [.customShort("u"), .customLong("udp")], help: "UDP.")
  var udp = false

  @Flag(name: [.customShort("l"), .customLong("listening")], help: "Listeners only.")
  var listening = false

  @Flag(name: [.customShort("a"), .customLong("all")], help: "Listeners and all others.")
  var all = false

  @Flag(name: [.customShort("4"), .customLong("ipv4")], help: "IPv4 sockets.")
  var v4 = false

  @Flag(name: [.customShort("6"), .customLong("ipv6")], help: "IPv6 sockets.")
  var v6 = false

  @Flag(
    name: [.customShort("p"), .customLong("processes")],
    help: "Accepted and changes nothing: owners are always shown.")
  var processes = false

  @Flag(name: [.customShort("x"), .customLong("unix")], help: .hidden)
  var unix = false

  @Flag(name: [.customShort("w"), .customLong("raw")], help: .hidden)
  var raw = false

  func validate() throws {
    if unix { throw ValidationError("-x: Unix sockets are not supported (TCP and UDP are: -t, -u)") }
    if raw { throw ValidationError("-w: raw sockets are not supported (TCP and UDP are: -t, -u)") }
    if listening && all { throw ValidationError("-l and -a exclude each other") }
  }

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
