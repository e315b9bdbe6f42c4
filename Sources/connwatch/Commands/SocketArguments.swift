// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// The words of ``SocketOptions``, as the argument parser reads them.
struct SocketArguments: ParsableArguments {
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
    if let conflict = options.conflict { throw ValidationError(conflict) }
  }

  /// What the words say.
  var options: SocketOptions {
    SocketOptions(tcp: tcp, udp: udp, listening: listening, all: all, v4: v4, v6: v6)
  }
}
