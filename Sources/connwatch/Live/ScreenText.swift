// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Writes values into cells of a screen: as tables do, but ports by their names and hosts by theirs where that is asked for.
struct ScreenText: ~Copyable {
  /// A name of a host that takes more columns is not shown in place of its address.
  static let longestHost = 40

  private var text: TableText
  private let names: Names
  private let showsPortNames: Bool
  private let hosts: [IPAddress: String]
  private var bytes = ByteBuffer(capacity: 256)

  /// - Parameters:
  ///   - hosts: names of addresses as far as they are known.
  ///   - showsDate: times with their date.
  init(names: Names, zone: Zone, showsPortNames: Bool, hosts: [IPAddress: String], showsDate: Bool) {
    self.names = names
    self.showsPortNames = showsPortNames
    self.hosts = hosts
    text = TableText(TimeText(zone: zone, precision: showsDate ? .full : .short))
  }

  /// A value as text without controls.
  mutating func string(_ value: Value, _ proto: Proto?) -> String {
    bytes.removeAll()
    if case .endpoint(let end) = value, showsPortNames || !hosts.isEmpty {
      appendHost(end.address)
      bytes.append(UInt8(ascii: ":"))
      let name = showsPortNames ? proto.flatMap { names.service(end.port, $0.transport) } : nil
      if let name { _ = HostileText.append(name, to: &bytes) } else { bytes.append(port: end.port) }
    } else {
      _ = text.append(value, to: &bytes)
    }
    return String(decoding: bytes.bytes, as: UTF8.self)
  }

  private mutating func appendHost(_ address: IPAddress) {
    if let name = hosts[address], DisplayWidth.of(HostileText.escaped(name)) <= Self.longestHost {
      _ = HostileText.append(name, to: &bytes)
      return
    }
    // With its brackets where it has some.
    bytes.append(Endpoint(address, 1))
    bytes.removeLast(2)
  }
}
