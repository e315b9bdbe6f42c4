// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// What is known of a port by its number alone: what it is called and what for. What answers there is another matter.
public struct KnownPort: Hashable, Sendable {
  /// The port.
  public var port: UInt16
  /// The transport.
  public var transport: Transport
  /// The name that is shown: that of /etc/services, else ours.
  public var name: String
  /// Further names.
  public var aliases: [String]
  /// The name that is registered with IANA, as far as our own table has it; nil for a port that is used by custom, or
  /// is only in /etc/services.
  public var registeredName: String?
  /// What the port is for, in one short sentence without a full stop; nil where that is not known.
  public var description: String?
}

extension ServiceNames {
  /// What is known of a port, nil where it has no name.
  public func known(_ port: UInt16, _ transport: Transport) -> KnownPort? {
    let names = allNames(port, transport)
    guard let name = names.first else { return nil }
    let line = PortTable.line(port, transport)
    return KnownPort(
      port: port, transport: transport, name: name, aliases: Array(names.dropFirst()),
      registeredName: line?.registeredName, description: line?.description)
  }

  /// What a port is for by our own table, in one short sentence without a full stop; nil where that is not known.
  public func description(_ port: UInt16, _ transport: Transport) -> String? {
    PortTable.line(port, transport)?.description
  }

  /// Every port that has a name, by number, tcp before udp.
  public var knownPorts: [KnownPort] {
    var ports: [UInt32] = []
    forEachPort { port, transport, _ in ports.append(UInt32(port) << 1 | UInt32(transport.rawValue)) }
    return ports.sorted().compactMap { known(UInt16($0 >> 1), $0 & 1 == 0 ? .tcp : .udp) }
  }
}
