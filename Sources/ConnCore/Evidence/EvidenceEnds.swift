// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Ends as the tools write them, and the ports that have names.
struct EvidenceEnds {
  private let services: ServiceNames
  /// Ports by name, once looked up: a long listing repeats a few names.
  private var known: [String: UInt16?] = [:]

  init(services: ServiceNames) { self.services = services }

  /// The port called `name`, of the transport if one is given.
  mutating func port(named name: Substring, _ transport: Transport?) -> UInt16? {
    // No service's name is that long, and the ones looked up are kept.
    guard name.utf8.count <= 64 else { return nil }
    let key = (transport?.name ?? "") + "/" + name
    if let found = known[key] { return found }
    let ports = services.ports(named: String(name))
    let found = (ports.first { $0.1 == transport } ?? ports.first { $0.1 == .tcp } ?? ports.first)?.0
    if known.count < 4096 { known[key] = .some(found) }
    return found
  }

  /// An end with the port behind the last colon: `10.0.0.1:80`, `[::1]:80`, `:::80`, `*:*`, `host:http`,
  /// `10.0.0.1%eth0:68`.
  mutating func end(_ text: Substring, _ transport: Transport?) throws(EvidenceProblem) -> EvidenceEnd {
    guard let colon = text.lastIndex(of: ":") else {
      throw EvidenceProblem("no port in '\(text.prefix(60))'", "an end is HOST:PORT")
    }
    return try end(host: text[..<colon], port: text[text.index(after: colon)...], transport)
  }

  /// An end with the port behind the last point: `10.0.0.1.80`, `::1.80`, `*.*`, `localhost.http`.
  mutating func pointEnd(
    _ text: Substring, _ transport: Transport?
  ) throws(EvidenceProblem) -> EvidenceEnd {
    guard let point = text.lastIndex(of: ".") else {
      throw EvidenceProblem("no port in '\(text.prefix(60))'", "an end is HOST.PORT")
    }
    return try end(host: text[..<point], port: text[text.index(after: point)...], transport)
  }

  /// An end of a host, perhaps in brackets and with a zone, and a port: a number, a name or `*`.
  mutating func end(
    host: Substring, port: Substring, _ transport: Transport?
  ) throws(EvidenceProblem) -> EvidenceEnd {
    var end = try Self.host(host)
    if port == "*" { return end }
    if port.isDecimal {
      guard let number = port.decimal(as: UInt16.self) else {
        throw EvidenceProblem("port \(port.prefix(20)) is more than 65535", "ports are 1 to 65535")
      }
      end.port = number == 0 ? nil : number
      return end
    }
    guard let number = self.port(named: port, transport) else {
      throw EvidenceProblem("no service is called '\(port.prefix(40))'", "write the port's number")
    }
    end.port = number
    end.portName = String(port)
    return end
  }

  /// A host alone: an address, a name, or `*`.
  static func host(_ written: Substring) throws(EvidenceProblem) -> EvidenceEnd {
    var text = written
    // ss writes the zone behind the bracket, the others in it.
    if let zone = text.firstIndex(of: "%") {
      let isOpen = text.first == "[" && !text[..<zone].contains("]")
      text = text[..<zone]
      if isOpen { text = text.dropFirst() }
    }
    if text.first == "[", text.last == "]" { text = text.dropFirst().dropLast() }
    if text.isEmpty || text == "*" { return EvidenceEnd() }
    if let address = IPAddress(text) {
      return EvidenceEnd(host: address.isUnspecified ? nil : String(text), address: address)
    }
    let isNumeric = text.utf8.allSatisfy { $0 &- 48 < 10 || $0 == UInt8(ascii: ".") }
    if text.contains(":") || isNumeric {
      throw EvidenceProblem(
        "'\(written.prefix(60))' is not a whole address", "netstat cuts long ones: use netstat -W, or ss")
    }
    let isName = text.utf8.allSatisfy {
      $0 &- 48 < 10 || ($0 | 32) &- 97 < 26 || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
        || $0 == UInt8(ascii: "_")
    }
    guard isName, text.utf8.count <= 255 else {
      throw EvidenceProblem("'\(written.prefix(60))' is neither an address nor a host's name", "HOST:PORT")
    }
    return EvidenceEnd(host: String(text))
  }
}
