// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// A socket that listens, or several of one program at one address (SO_REUSEPORT).
struct Listener {
  var proto: Proto
  var address: IPAddress
  var port: UInt16
  var owner: SocketOwner
  /// Of one bound to `::`: it takes IPv6 alone; nil where that is not known, as with /proc and in history.
  var isV6Only: Bool?

  init(proto: Proto, address: IPAddress, port: UInt16, owner: SocketOwner, isV6Only: Bool? = nil) {
    self.proto = proto
    self.address = address
    self.port = port
    self.owner = owner
    self.isV6Only = isV6Only
  }

  /// The listener whose life this is.
  init(_ life: Life, isV6Only: Bool? = nil) {
    self.init(
      proto: life.proto, address: life.local.address, port: life.local.port, owner: life.owner,
      isV6Only: isV6Only)
  }

  /// The program's path, its name where there is no path, nil where the owner is not known.
  var program: String? { owner.process.map { $0.exe ?? $0.name } }

  /// Its systemd unit where that is one to expect it by: a service or a socket. Those of sessions, and of services made
  /// for one command (systemd-run(1)), have another name each time.
  var serviceUnit: String? {
    guard let unit = owner.process?.unit, unit.hasSuffix(".service") || unit.hasSuffix(".socket"),
      !Self.isTransient(unit)
    else { return nil }
    return unit
  }

  /// `run-u12.service`, `run-r0a1b….service`, `run-p12-i34.service`.
  private static func isTransient(_ unit: String) -> Bool {
    let rest = unit.utf8.dropFirst(4)
    guard unit.hasPrefix("run-"), let kind = rest.first, kind == 0x72 || kind == 0x75 || kind == 0x70 else {
      return false
    }
    let number = rest.dropFirst().prefix { $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "-") }
    return !number.isEmpty && number.allSatisfy { $0 &- 48 < 10 || ($0 &- 97 < 6 && kind == 0x72) }
  }

  /// From where it can be reached, as far as its address says.
  var exposure: Exposure { Exposure(address) }

  /// What is to be minded of its port, nil where nothing is.
  var risk: String? {
    PortRisk.note(port: port, transport: proto.transport, isLoopback: exposure == .loopback)
  }
}
