// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

// Which end is whose, and what the ports mean.
extension LineWords {
  /// Which end is the server's.
  struct Roles: Equatable {
    /// True where it is the local end.
    var serverIsLocal: Bool
    /// How one knows: a sentence without its beginning.
    var why: String
  }

  /// nil where the line does not tell, nor what is known here.
  var roles: Roles? {
    guard let remote = row.remote, let local = row.local.port, let other = remote.port else { return nil }
    switch row.state {
    case .synSent: return Roles(serverIsLocal: false, why: "only a client sends the first SYN")
    case .synReceived: return Roles(serverIsLocal: true, why: "a server answers a SYN that it got")
    default: break
    }
    if let live = facts.live, live.kind == .same || live.kind == .peer, let direction = live.direction {
      let isInbound = (direction == .inbound) == (live.kind == .same)
      return Roles(
        serverIsLocal: isInbound,
        why: direction == .inbound ? "something here listens on its port" : "it was opened from here")
    }
    if let life = facts.past?.latest, let direction = life.direction {
      let isSame = life.local.port == local
      return Roles(
        serverIsLocal: (direction == .inbound) == isSame, why: "the history has who opened it")
    }
    if (local < 1024) != (other < 1024) {
      let (server, client) = (min(local, other), max(local, other))
      return Roles(
        serverIsLocal: local < 1024,
        why: "port \(server) is below 1024, where servers are, and \(client) is one as clients are given")
    }
    let names = (services.name(local, transport), services.name(other, transport))
    let isClient = (ClientPorts.isUsual(local), ClientPorts.isUsual(other))
    if isClient.0 != isClient.1 {
      let server = isClient.0 ? other : local
      let client = isClient.0 ? local : other
      return Roles(
        serverIsLocal: !isClient.0, why: "port \(client) is one as clients are given, and \(server) is not")
    }
    if !isClient.0, (names.0 == nil) != (names.1 == nil) {
      let server = names.0 == nil ? other : local
      return Roles(
        serverIsLocal: names.0 != nil,
        why: "only port \(server) has a name, \(names.0 ?? names.1 ?? "")")
    }
    return nil
  }

  /// The client's port, nil where that is not known.
  var clientPort: UInt16? {
    roles.flatMap { $0.serverIsLocal ? row.remote?.port : row.local.port }
  }

  /// The port of the service, nil where that is not known.
  var servicePort: UInt16? {
    if row.remote == nil { return row.local.port }
    return roles.flatMap { $0.serverIsLocal ? row.local.port : row.remote?.port }
  }

  var endSentences: [String] {
    guard let remote = row.remote else { return ownPort }
    guard let roles else {
      let ends = [row.local, remote].compactMap { $0.port.map(portMeaning) }
      return [
        "Its ends are \(text(row.local)) and \(text(remote)); which one is the server's the ports "
          + "do not tell."
      ] + ends
    }
    let (server, client) = roles.serverIsLocal ? (row.local, remote) : (remote, row.local)
    var all = ["\(text(server)) is the server's end, since \(roles.why)."]
    if let port = server.port { all.append(portMeaning(port)) }
    all += nameRemark(server)
    if let port = client.port {
      all.append("\(text(client)) is the client's end: \(clientMeaning(port, client)).")
    }
    if isActiveData(server.port) {
      all.append("An FTP server opens data connections from port 20 to a port that its client named.")
    }
    if let control = facts.control {
      all.append(
        "It carries data for the FTP control connection between \(Self.text(control.local)) and "
          + "\(Self.text(control.remote)), opened \(text(control.firstSeen))."
      )
    }
    return all
  }

  /// What a port alone means.
  private var ownPort: [String] {
    guard let port = row.local.port else { return [] }
    var all = [portMeaning(port)] + nameRemark(row.local)
    // A port that somebody wrote down may be a client's as well.
    if row.format == .bare, row.scan == nil, port >= 1024 {
      all.append("As a client's port, \(clientMeaning(port, row.local)).")
    }
    return all
  }

  private func isActiveData(_ port: UInt16?) -> Bool { port == 20 && transport == .tcp }

  /// What a port is registered for.
  private func portMeaning(_ port: UInt16) -> String {
    let transports: [Transport] = row.transport.map { [$0] } ?? Transport.allCases
    for transport in transports {
      guard let name = services.name(port, transport) else { continue }
      let what = services.description(port, transport).map { " (\($0))" } ?? ""
      return "Port \(port)/\(transport.name) is registered as \(name)\(what)."
    }
    let place = row.transport.map { "\(port)/\($0.name)" } ?? "\(port)"
    if port >= 49152 { return "Port \(place) is in the range that is never registered (49152 to 65535)." }
    return "No registered name of port \(place) is known here."
  }

  /// Why a client's port is what it is.
  private func clientMeaning(_ port: UInt16, _ end: EvidenceEnd) -> String {
    let range = ClientPorts.meaning(port, of: facts.ephemeral, format: row.format)
    return
      "\(range); it was picked for one connection, and the next, such as a page loaded again, has another"
  }

  /// Says where the line's own word for a port is not the name that it has.
  private func nameRemark(_ end: EvidenceEnd) -> [String] {
    guard let port = end.port, let word = end.portName ?? row.service, !word.contains(" ") else { return [] }
    let name = services.name(port, transport)
    if name?.lowercased() == word.lowercased() { return [] }
    let ports = services.ports(named: word)
    if ports.contains(where: { $0.0 == port }) { return ["The line's \(word) is another name of it."] }
    if let other = ports.first {
      return ["The line calls it \(word), which is registered on \(other.0)/\(other.1.name), not on \(port)."]
    }
    return ["The line calls it \(word)."]
  }

  static func text(_ end: Endpoint) -> String {
    let address = end.address.isV4 ? end.address.description : "[\(end.address)]"
    return "\(address):\(end.port)"
  }
}

/// From which ports systems pick those of their clients.
enum ClientPorts {
  /// In a range that some system picks from and that servers rarely use.
  static func isUsual(_ port: UInt16) -> Bool { port >= 32768 }

  /// Where a client's port comes from, for `its port is …`.
  static func meaning(_ port: UInt16, of own: EphemeralRange, format: EvidenceFormat) -> String {
    let isElsewhere = format == .windowsNetstat || format == .bsdNetstat
    if port < 1024 {
      return
        "\(port) is below 1024, where a client is only if it asks to be, as rsh and NFS do with root's rights"
    }
    if !isElsewhere, own.contains(port) {
      return "\(port) is from this kernel's range for clients (\(text(own)), net.ipv4.ip_local_port_range)"
    }
    if port == 1024 { return "1024 is the first port of the range of old BSDs (1024 to 5000)" }
    if (1025...5000).contains(port) {
      return "\(port) is from 1025 to 5000, the range of Windows before Vista, and of old BSDs from 1024 on"
    }
    if port >= 49152 {
      return "\(port) is from 49152 to 65535, the range of Windows since Vista, macOS and the BSDs"
    }
    if (32768...60999).contains(port) { return "\(port) is from 32768 to 60999, the usual range of Linux" }
    return
      "\(port) is in no system's usual range, so the program chose it, a router that translates "
      + "addresses did, or its range was changed"
  }

  private static func text(_ range: EphemeralRange) -> String {
    "\(range.ports.lowerBound) to \(range.ports.upperBound)"
  }
}
