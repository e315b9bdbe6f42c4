// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// A socket as a saved table shows it.
///
/// Where the table has a host's name and not its address, the end has an address that stands for the name: see
/// ``IPAddress/init(standingFor:)``.
public struct Sighting: Hashable, Sendable {
  /// The socket; its queues are not known.
  public var row: SocketRow
  /// Who held it, ``SocketOwner/notLookedUp`` where the table does not say.
  public var owner: SocketOwner
  /// The name in place of the local address.
  public var localName: String?
  /// The name in place of the remote address.
  public var remoteName: String?

  /// Makes a sighting; ends with names get the addresses that stand for those.
  public init(
    _ row: SocketRow, owner: SocketOwner = .notLookedUp, localName: String? = nil, remoteName: String? = nil
  ) {
    self.row = row
    self.owner = owner
    self.localName = localName
    self.remoteName = remoteName
    if let localName { self.row.local.address = IPAddress(standingFor: localName) }
    if let remoteName { self.row.remote.address = IPAddress(standingFor: remoteName) }
  }
}

extension IPAddress {
  /// 100::/64, which is for discarding only and so no host's (RFC 6666), as the first eight bytes.
  public static let namedHosts: UInt64 = 0x0100_0000_0000_0000

  /// The address that stands for a host of which only the name is known: in 100::/64, the rest is the name's FNV-1a
  /// hash of 64 bits, letters of ASCII in either case being the same.
  public init(standingFor name: String) {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name.utf8 {
      hash ^= UInt64(byte &- 65 < 26 ? byte | 32 : byte)
      hash &*= 0x0000_0100_0000_01B3
    }
    self.init(high: Self.namedHosts, low: hash)
  }

  /// True for an address that may stand for a name.
  public var mayStandForName: Bool { high == Self.namedHosts }
}

/// Which sockets a piece of evidence has all of: what is missing in it was not there. A bit for each protocol and kind.
public struct EvidenceCover: OptionSet, Hashable, Sendable {
  /// The bits: 0–3 connections by ``Proto/rawValue``, 4–7 what waits for others (LISTEN, UNCONN).
  public let rawValue: UInt8
  /// Makes a set of its bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Connections of one table.
  public static func connections(_ proto: Proto) -> EvidenceCover {
    EvidenceCover(rawValue: 1 << proto.rawValue)
  }
  /// Listeners and unconnected sockets of one table.
  public static func listeners(_ proto: Proto) -> EvidenceCover {
    EvidenceCover(rawValue: 16 << proto.rawValue)
  }
  /// All of one table.
  public static func whole(_ proto: Proto) -> EvidenceCover { [connections(proto), listeners(proto)] }

  /// The kind of a row.
  public init(of row: SocketRow) {
    let waits = row.state == .listen || row.state == .unconnected
    self = waits ? .listeners(row.proto) : .connections(row.proto)
  }
}
