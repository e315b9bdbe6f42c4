// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// FTP's control connections, and which other connections are their data connections (RFC 959 section 3.2): between the
/// same hosts, within the control connection's life, from a client's port to one that the server named (passive) or from
/// the server's port 20 to one that the client named (active).
public struct FTPControls: Sendable {
  /// The server's port of control connections.
  public static let port: UInt16 = 21
  /// The server's port of active data connections, by which they are told: `ftp-data`.
  public static let dataPort: UInt16 = 20
  /// Programs that serve nothing but FTP, so that what they accept on another port is FTP as well.
  public static let servers = ["vsftpd", "pure-ftpd*", "proftpd*", "in.ftpd", "ftpd", "bftpd"].map {
    NamePattern($0)
  }
  /// How much later than its control connection's end a data connection may be seen to open, in microseconds.
  public static let afterwards: Int64 = 2_000_000

  private struct Hosts: Hashable {
    var local: IPAddress
    var remote: IPAddress
    var netns: String?

    init(_ life: Life) { (local, remote, netns) = (life.local.address, life.remote.address, life.netns) }
  }

  private struct Control {
    var life: Life
    /// The earliest that it can have been opened.
    var opened: Int64
    /// The latest end of this one and all before it, with ``afterwards``.
    var end: Int64
  }

  /// Of two hosts, in the order of their openings.
  private var controls: [Hosts: [Control]] = [:]
  /// Ports other than 21 on which an FTP server was found.
  public private(set) var otherPorts: Set<UInt16> = []

  /// Finds the control connections among lives.
  ///
  /// - Parameter lives: what was opened to port 21, and what FTP servers accepted, in any order. The first that one of
  ///   those accepts from a host on another port is a control connection: data connections come after theirs.
  public init(among lives: [Life]) {
    for life in lives.sorted(by: { ($0.firstSeen, $0.id) < ($1.firstSeen, $1.id) }) {
      guard life.role == .connection, life.proto.transport == .tcp, let port = Self.service(life) else {
        continue
      }
      if port != Self.port, !otherPorts.contains(port) {
        guard life.direction == .inbound, Self.isServer(life.owner), control(of: life) == nil else {
          continue
        }
        otherPorts.insert(port)
      }
      add(life)
    }
  }

  /// Finds them again, with those that are known by the ports that were found before.
  public init(among lives: [Life], onPorts ports: Set<UInt16>) {
    otherPorts = ports
    for life in lives.sorted(by: { ($0.firstSeen, $0.id) < ($1.firstSeen, $1.id) })
    where life.role == .connection && life.proto.transport == .tcp && isControl(life) {
      add(life)
    }
  }

  private mutating func add(_ life: Life) {
    let hosts = Hosts(life)
    let before = controls[hosts]?.last?.end ?? .min
    let end = life.closed.map { $0.microseconds + Self.afterwards } ?? .max
    let opened = life.firstSeen.microseconds - (life.uncertainty ?? 0)
    controls[hosts, default: []].append(Control(life: life, opened: opened, end: max(before, end)))
  }

  /// True where there are none.
  public var isEmpty: Bool { controls.isEmpty }

  /// Which hosts they are between.
  public var hosts: [(local: IPAddress, remote: IPAddress)] { controls.keys.map { ($0.local, $0.remote) } }

  /// The control connection that a connection carries the data of; nil where it is none's.
  public func control(of data: Life) -> Life? {
    guard Self.mayBeData(data), !isControl(data), let all = controls[Hosts(data)] else { return nil }
    let moment = data.firstSeen.microseconds
    var best: (life: Life, rank: Int)?
    // The last that was opened before; beyond one where all have ended there is nothing.
    var place = all.partition(before: { $0.opened <= moment })
    while place > 0, all[place - 1].end >= moment {
      place -= 1
      let control = all[place].life
      if let closed = control.closed, closed.microseconds + Self.afterwards < moment { continue }
      guard let rank = Self.rank(data, control) else { continue }
      if rank > best?.rank ?? -1 { best = (control, rank) }
    }
    return best?.life
  }

  private func isControl(_ life: Life) -> Bool {
    Self.service(life).map { $0 == Self.port || otherPorts.contains($0) } ?? false
  }

  /// True where the ports are those that a data connection can have.
  public static func mayBeData(_ life: Life) -> Bool {
    guard life.role == .connection, life.proto.transport == .tcp else { return false }
    let ports = [life.local.port, life.remote.port]
    if ports.contains(dataPort) { return ports.contains { $0 >= 1024 } }
    let services = service(life).map { [$0] } ?? ports
    return ports.allSatisfy { $0 >= 1024 } && services.allSatisfy { names.name($0, .tcp) == nil }
  }

  /// How well a data connection goes with a control connection, nil where it does not.
  private static func rank(_ data: Life, _ control: Life) -> Int? {
    let isClient = control.direction == .outbound
    let isHelper = data.remote.port == dataPort || data.local.port == dataPort
    // Over loopback both ends of both are here.
    if isHelper, (data.remote.port == dataPort) != isClient { return nil }
    var rank = data.direction == control.direction ? 1 : 0
    if let ours = data.owner.process, let theirs = control.owner.process {
      if ours.pid == theirs.pid { rank += 4 } else if ours.name == theirs.name { rank += 2 }
      if rank < 2, !isHelper { return nil }
    }
    return rank
  }

  private static let names = ServiceNames.builtIn

  private static func service(_ life: Life) -> UInt16? {
    serviceEnd(
      life.proto, local: life.local, remote: life.remote, role: life.role, direction: life.direction)
  }

  private static func isServer(_ owner: SocketOwner) -> Bool {
    guard let process = owner.process else { return false }
    return servers.contains { server in
      server.matches(process.name) || process.exe.map(server.matchesLastComponent) ?? false
    }
  }
}

extension Array {
  /// How many elements come before the first that `isBefore` is not true for; those it is true for come first.
  fileprivate func partition(before isBefore: (Element) -> Bool) -> Int {
    var range = startIndex..<endIndex
    while !range.isEmpty {
      let middle = range.lowerBound + range.count / 2
      range = isBefore(self[middle]) ? middle + 1..<range.upperBound : range.lowerBound..<middle
    }
    return range.lowerBound
  }
}
