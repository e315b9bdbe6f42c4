// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Which port is meant: `22`, `53/udp`, `ssh`, `domain/tcp`.
struct PortQuestion {
  let port: UInt16
  /// In their order: tcp, udp.
  let transports: [Transport]

  /// Reads a word of the command line.
  ///
  /// - Throws: ``Failure`` for what is no port and no name of one, and for a name that several ports have.
  init(_ word: String, _ services: ServiceNames) throws(Failure) {
    let shown = HostileText.escaped(word)
    let parts = word.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    var asked = Transport.allCases
    if parts.count == 2 {
      asked = asked.filter { $0.name == parts[1].lowercased() }
      guard !asked.isEmpty else { throw Failure("\"\(shown)\" is not a port (22, 53/udp, ssh)") }
    }
    let name = parts[0]
    if !name.isEmpty, name.utf8.allSatisfy({ $0 &- 48 < 10 }) {
      guard let port = UInt16(name), port > 0 else {
        throw Failure("\"\(shown)\" is not a port (1 to 65535)")
      }
      self.port = port
      transports = asked
      return
    }
    let found = services.ports(named: name).filter { asked.contains($0.1) }
    guard let port = found.first?.0 else {
      let near = nearest(to: name.lowercased(), among: Array(Set(services.names)).sorted())
      throw Failure(
        "\"\(shown)\" is not a port, and no port has that name (\(near.map { "did you mean \"\($0)\"? " } ?? "")22, 53/udp, ssh)"
      )
    }
    let ports = Set(found.map(\.0)).sorted()
    guard ports.count == 1 else {
      let words = ports.prefix(12).map { String($0) } + (ports.count > 12 ? ["…"] : [])
      throw Failure("\"\(shown)\" is the name of several ports (say which: \(words.joined(separator: ", ")))")
    }
    self.port = port
    transports = asked.filter { transport in found.contains { $0.1 == transport } }
  }

  var protos: ProtoSet {
    transports.reduce(into: []) { $0.formUnion($1 == .tcp ? .tcpTables : .udpTables) }
  }

  /// Sockets with the port at either end.
  var filter: Filter {
    let port = FilterExpression.test(.port(.either, self.port...self.port))
    return Filter(protos == .all ? port : .all([port, .test(.proto(protos))]))
  }

  /// True for a socket that ``filter`` is for.
  func concerns(_ life: Life) -> Bool {
    (life.local.port == port || life.remote.port == port) && transports.contains(life.proto.transport)
  }

  /// `22/tcp`, or `22` where both transports are meant.
  var text: String { transports.count == 1 ? "\(port)/\(transports[0].name)" : "\(port)" }
}
