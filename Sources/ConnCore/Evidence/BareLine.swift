// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

// A port, or ends, and nothing that says what wrote them.
extension EvidenceReader {
  /// `1372`, `1372/udp`, `ssh`, `tcp 1372`, `host:port`, `a:p b:q`, `a:p -> b:q`, each perhaps with `tcp` or `udp` before
  /// and a state behind.
  mutating func bareLine(_ words: EvidenceWords) throws(EvidenceProblem) -> EvidenceRow? {
    var rest = words.from(0)
    var row = EvidenceRow(format: .bare)
    if rest.count > 1, let transport = Transport(written: rest[rest.startIndex]) {
      row.transport = transport
      rest = rest.dropFirst()
    }
    if rest.count > 1, rest.first?.lowercased() == "port" { rest = rest.dropFirst() }
    if rest.count > 1, let word = rest.last, let state = SocketState(written: word, row.transport) {
      row.state = state
      rest = rest.dropLast()
    }
    if rest.count == 2, row.transport == nil, let word = rest.last, let transport = Transport(written: word) {
      row.transport = transport
      rest = rest.dropLast()
    }
    var parts = Array(rest)
    if parts.count == 1, let arrow = parts[0].firstRange(of: "->") {
      parts = [parts[0][..<arrow.lowerBound], parts[0][arrow.upperBound...]]
    } else if parts.count == 3, parts[1] == "->" {
      parts.remove(at: 1)
    }
    guard parts.count == 2 else {
      return parts.count == 1 ? try oneEnd(parts[0], row) : nil
    }
    guard parts[0].contains(":"), parts[1].contains(":") else { return nil }
    row.setEnds(try ends.end(parts[0], row.transport), try ends.end(parts[1], row.transport))
    return row
  }

  private mutating func oneEnd(
    _ text: Substring, _ started: EvidenceRow
  ) throws(EvidenceProblem) -> EvidenceRow? {
    var row = started
    var port = text
    if let slash = text.lastIndex(of: "/") {
      // `1372/udp`, `udp/1372`
      let (before, behind) = (text[..<slash], text[text.index(after: slash)...])
      if let transport = Transport(written: behind) {
        row.transport = transport
        port = before
      } else if let transport = Transport(written: before) {
        row.transport = transport
        port = behind
      } else {
        throw EvidenceProblem("'\(text.prefix(40))' is no port", "PORT/tcp or PORT/udp")
      }
    }
    if IPAddress(port) != nil {
      throw EvidenceProblem("an address without a port", "HOST:PORT, or 'history host \(port)' for a host")
    }
    if port.contains(":") {
      row.local = try ends.end(port, row.transport)
      guard row.local.port != nil else { throw EvidenceProblem("no port in it", "HOST:PORT") }
      row.setFamily()
      return row
    }
    guard port.isDecimal || self.ends.port(named: port, row.transport) != nil else { return nil }
    row.local = try ends.end(host: "", port: port, row.transport)
    guard row.local.port != nil else { throw EvidenceProblem("0 is no port", "ports are 1 to 65535") }
    if row.transport == nil, let name = row.local.portName {
      // A name that only one transport has tells it.
      row.transport = onlyTransport(of: name)
    }
    return row
  }

  private func onlyTransport(of name: String) -> Transport? {
    let transports = Set(services.ports(named: name).map(\.1))
    return transports.count == 1 ? transports.first : nil
  }
}
