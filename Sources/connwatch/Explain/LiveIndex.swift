// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// The sockets of this moment by their ports, so that many lines can be asked of one reading.
struct LiveIndex {
  let rows: [ListRow]
  let v6Only: [UInt64: Bool]
  /// The labels of the namespaces they are in.
  let labels: Set<String>
  private var byLocalPort: [UInt16: [Int]] = [:]
  private var byRemotePort: [UInt16: [Int]] = [:]

  init(_ rows: [ListRow], v6Only: [UInt64: Bool] = [:]) {
    self.rows = rows
    self.v6Only = v6Only
    labels = Set(rows.lazy.compactMap(\.context.netns))
    for (index, row) in rows.enumerated() {
      byLocalPort[row.socket.local.port, default: []].append(index)
      if row.socket.remote.port != 0 { byRemotePort[row.socket.remote.port, default: []].append(index) }
    }
  }

  /// The sockets with these ends, and then those that are their other ends.
  func connections(_ row: EvidenceRow) -> (same: [ListRow], peer: [ListRow]) {
    guard let remote = row.remote, let local = row.local.port, let other = remote.port else {
      return ([], [])
    }
    return (
      find(byLocalPort[local], row) { Self.fits(row.local, $0.local) && Self.fits(remote, $0.remote) },
      find(byLocalPort[other], row) { Self.fits(remote, $0.local) && Self.fits(row.local, $0.remote) }
    )
  }

  /// Sockets that differ from the line in nothing but the local address.
  func translated(_ row: EvidenceRow) -> [ListRow] {
    guard let remote = row.remote, let local = row.local.port, remote.port != nil, remote.address != nil
    else {
      return []
    }
    return find(byLocalPort[local], row) { Self.fits(remote, $0.remote) && !$0.local.address.isLoopback }
  }

  /// What listens on a port, at the line's address where it has one; those at that very address first.
  func listeners(_ row: EvidenceRow) -> [ListRow] {
    guard let port = row.local.port else { return [] }
    let address = row.local.address.flatMap { $0.isUnspecified ? nil : $0 }
    let found = find(byLocalPort[port], row) { socket in
      guard isReachable(socket, by: row) else { return false }
      guard let address else { return true }
      return socket.local.address == address || socket.local.address.isUnspecified
    }
    .filter { $0.role == .listener }
    let exact = found.filter { $0.socket.proto == row.proto && $0.socket.local.address == row.local.address }
    return exact
      + found.filter { $0.socket.proto != row.proto || $0.socket.local.address != row.local.address }
  }

  /// False where the family of the line's end keeps it from a socket: an IPv6 end has nothing of IPv4's sockets, and an
  /// IPv4 end of IPv6's only what is bound to `::` and takes IPv4 too (ipv6(7), IPV6_V6ONLY).
  private func isReachable(_ socket: SocketRow, by row: EvidenceRow) -> Bool {
    let address = socket.local.address
    switch row.isLocalV6 {
    case nil: return true
    case true?: return !address.isV4
    case false?: return address.isV4 || address.isUnspecified && v6Only[socket.inode] != true
    }
  }

  /// Sockets that have a port as their own and do not listen, at the line's address where it has one.
  func users(_ row: EvidenceRow) -> [ListRow] {
    guard let port = row.local.port else { return [] }
    return find(byLocalPort[port], row) { isReachable($0, by: row) && Self.fits(row.local, $0.local) }
      .filter { $0.role != .listener }
  }

  /// Connections to that port of others; of one host where the line has its address.
  func clients(_ row: EvidenceRow) -> [ListRow] {
    guard let port = row.local.port else { return [] }
    return find(byRemotePort[port], row) { Self.fits(row.local, $0.remote) }
      .filter { $0.direction == .outbound }
  }

  private func find(
    _ places: [Int]?, _ row: EvidenceRow, where isMeant: (SocketRow) -> Bool
  ) -> [ListRow] {
    (places ?? []).lazy.map { rows[$0] }.filter { found in
      (row.transport == nil || found.socket.proto.transport == row.transport) && isMeant(found.socket)
    }
  }

  /// An end without an address is any host's: a name is not looked up.
  private static func fits(_ end: EvidenceEnd, _ other: Endpoint) -> Bool {
    if let port = end.port, port != other.port { return false }
    guard let address = end.address, !address.isUnspecified else { return true }
    return address == other.address
  }
}

extension EvidenceRow {
  /// True where the local end is of IPv6, nil where the line does not tell. An IPv4 address that a socket of IPv6 has
  /// (`::ffff:192.0.2.1`) is of IPv4.
  var isLocalV6: Bool? { local.address.map { !$0.isV4 } ?? proto?.isV6 }
}
