// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Addresses, ports and services, which are both numbers and names.
extension FilterParser {
  /// Reads `ADDRESS[/BITS][:PORT]`, of which either part may be `*`; one socket end has to fit both.
  mutating func ends(_ word: Range<Int>, _ end: FilterTest.End) throws(FilterError) -> FilterExpression {
    let isNegated = try equality(word)
    let value = try value(of: word, needs: "an address, a network or a port, such as 10.0.0.0/8 or :22")
    let text = lexer.string(value)
    let (address, port) = Self.splitPort(text)
    var parts: [(FilterTest.End) -> FilterExpression] = []
    if address != "*", !address.isEmpty {
      switch addressPart(address) {
      case .success(let block): parts.append { .test(.address($0, block)) }
      case .failure(let why): throw error(why.message, at: value, hint: why.hint)
      }
    }
    if let port, port != "*" {
      let ports = try numbers(port[...], at: value)
      parts.append { end in .joined(ports.map { .test(.port(end, $0...$0)) }, all: false) }
    }
    let expression: FilterExpression
    if parts.count < 2 {
      expression = parts.first.map { $0(end) } ?? .all([])
    } else {
      // Of either end, one and the same has to fit both.
      let each = end == .either ? [FilterTest.End.local, .remote] : [end]
      expression = .joined(each.map { end in .joined(parts.map { $0(end) }, all: true) }, all: false)
    }
    return isNegated ? expression.negated() : expression
  }

  /// Reads a comparison and a port: `22`, `:22`, `*:22`, or a service's name.
  mutating func ports(_ word: Range<Int>, _ end: FilterTest.End) throws(FilterError) -> FilterExpression {
    let comparison = lexer.comparison(letters: true)
    let value = try value(of: word, needs: "a port: a number from 0 to 65535, or a service name")
    var text = lexer.string(value)[...]
    if text.hasPrefix("*:") {
      text = text.dropFirst(2)
    } else if text.hasPrefix(":") {
      text = text.dropFirst()
    }
    let ports = try numbers(text, at: value)
    let (lowest, highest) = (ports.min() ?? 0, ports.max() ?? 0)
    if ports.count > 1, let comparison, comparison.0 != .equal, comparison.0 != .notEqual {
      throw error(
        "service '\(text)' has several ports", at: value, hint: "compare with one of them, by number")
    }
    switch comparison?.0 ?? .equal {
    case .equal: return .joined(ports.map { .test(.port(end, $0...$0)) }, all: false)
    case .notEqual: return .joined(ports.map { .not(.port(end, $0...$0)) }, all: true)
    case .less: return lowest == 0 ? .any([]) : .test(.port(end, 0...(lowest - 1)))
    case .lessOrEqual: return .test(.port(end, 0...highest))
    case .greater: return highest == .max ? .any([]) : .test(.port(end, (highest + 1)...(.max)))
    case .greaterOrEqual: return .test(.port(end, lowest...(.max)))
    }
  }

  /// The numbers a port stands for: itself, or those of a service name, whatever its transport.
  private func numbers(_ text: Substring, at value: Range<Int>) throws(FilterError) -> [UInt16] {
    if let number = try number(text, at: value) { return [number] }
    var found: [UInt16] = []
    for (port, _) in services.ports(named: String(text)) where !found.contains(port) { found.append(port) }
    if found.isEmpty { throw unknownService(text, at: value) }
    return found
  }

  /// A port that is written as a number, nil for a name.
  private func number(_ text: Substring, at value: Range<Int>) throws(FilterError) -> UInt16? {
    if !text.isEmpty, text.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }) {
      if let number = UInt16(text) { return number }
      throw error("port \(text) is out of range", at: value, hint: "ports go from 0 to 65535")
    }
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    if parts.count == 2, let first = UInt16(parts[0]), let last = UInt16(parts[1]) {
      throw error(
        "'\(text)' is not a port", at: value, hint: "for a range: 'sport >= \(first) and sport <= \(last)'")
    }
    return nil
  }

  private func unknownService(_ text: Substring, at value: Range<Int>) -> FilterError {
    if text.isEmpty { return error("no port in '\(lexer.string(value))'", at: value) }
    for transport in Transport.allCases where text.lowercased().hasSuffix("/" + transport.name) {
      return error(
        "unknown service '\(text)'", at: value,
        hint: "leave out '/\(transport.name)', add 'proto \(transport.name)'")
    }
    let near = Suggestion.nearest(to: text, among: services.names)
    return error(
      "unknown service '\(text)'", at: value,
      hint: didYouMean(near) ?? "it is not in /etc/services: give the port's number")
  }

  /// What follows `service`: a number for both transports, a name for those it is registered for, either with `/tcp` or
  /// `/udp` after it.
  func servicePorts(_ value: Range<Int>) throws(FilterError) -> ServicePorts {
    var text = lexer.string(value)[...]
    if text.hasPrefix(":") { text = text.dropFirst() }
    var transports = Transport.allCases
    for transport in Transport.allCases where text.lowercased().hasSuffix("/" + transport.name) {
      transports = [transport]
      text = text.dropLast(4)
      break
    }
    var ports = ServicePorts()
    if let number = try number(text, at: value) {
      for transport in transports { ports[transport] = [number] }
      return ports
    }
    for (port, transport) in services.ports(named: String(text)) where transports.contains(transport) {
      ports[transport].append(port)
    }
    if ports.tcp.isEmpty, ports.udp.isEmpty {
      guard services.ports(named: String(text)).isEmpty else {
        throw error(
          "service '\(text)' is not registered for \(transports[0].name)", at: value,
          hint: "leave out '/\(transports[0].name)', or give the port's number")
      }
      throw unknownService(text, at: value)
    }
    return ports
  }

  /// Splits `ADDRESS:PORT`; the port is nil where there is none. An IPv6 address has a port only after brackets.
  private static func splitPort(_ text: String) -> (address: String, port: String?) {
    if text.hasPrefix("[") {
      guard let close = text.firstIndex(of: "]") else { return (text, nil) }
      guard let colon = text[close...].firstIndex(of: ":") else { return (text, nil) }
      return (String(text[..<colon]), String(text[text.index(after: colon)...]))
    }
    guard let colon = text.firstIndex(of: ":"), text.lastIndex(of: ":") == colon else { return (text, nil) }
    return (String(text[..<colon]), String(text[text.index(after: colon)...]))
  }

  struct AddressProblem: Error {
    var message: String
    var hint: String?
  }

  /// Reads `ADDRESS[/BITS]`, with or without brackets around the address or around all of it.
  func addressPart(_ whole: String) -> Result<AddressBlock, AddressProblem> {
    var text = whole[...]
    var isBracketed = false
    if text.hasPrefix("[") {
      guard let close = text.firstIndex(of: "]") else {
        return .failure(
          AddressProblem(message: "'\(whole)' is not an address", hint: "there is no ']' after '['"))
      }
      let rest = text[text.index(after: close)...]
      guard rest.isEmpty || rest.hasPrefix("/") else {
        return .failure(
          AddressProblem(message: "'\(rest)' after ']'", hint: "a port begins with ':', as in [::1]:22"))
      }
      isBracketed = true
      text = text[text.index(after: text.startIndex)..<close] + rest
    }
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    var address = String(parts.first ?? "")
    let isV6 = address.contains(":")
    if isBracketed, !isV6 {
      return .failure(AddressProblem(message: "'\(whole)' is not an address", hint: "brackets are for IPv6"))
    }
    if parts.count == 2, !isV6 {
      // `10/8`, as in ss: what is missing is zero.
      let octets = address.split(separator: ".", omittingEmptySubsequences: false).count
      if octets < 4 { address += String(repeating: ".0", count: 4 - octets) }
    }
    guard let parsed = IPAddress(address) else { return .failure(notAnAddress(whole, address)) }
    guard parts.count == 2 else { return .success(AddressBlock(parsed, prefix: 128)) }
    let bits = isV6 ? 128 : 32
    if isV6, parts[1].contains(":") { return .failure(notAnAddress(whole, address)) }
    guard parts[1].utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }), let prefix = Int(parts[1]), prefix <= bits
    else {
      return .failure(
        AddressProblem(
          message: "'\(parts[1])' is not a prefix length for '\(parts[0])'",
          hint: "a number from 0 to \(bits)"))
    }
    return .success(AddressBlock(parsed, prefix: isV6 ? prefix : prefix + 96))
  }

  private func notAnAddress(_ whole: String, _ address: String) -> AddressProblem {
    let message = "'\(whole)' is not an address"
    if address.contains("%") {
      return AddressProblem(message: message, hint: "leave out the zone after '%'")
    }
    if let colon = whole.lastIndex(of: ":"), whole.firstIndex(of: ":") != colon, !whole.hasPrefix("["),
      case .success = addressPart(String(whole[..<colon]))
    {
      let port = whole[whole.index(after: colon)...]
      return AddressProblem(
        message: message, hint: "an IPv6 address with a port needs brackets: [\(whole[..<colon])]:\(port)")
    }
    if address.utf8.contains(where: { $0 >= 128 || ($0 | 32 >= 103 && $0 | 32 <= 122) }) {
      return AddressProblem(message: message, hint: "host names are not looked up: give the address")
    }
    return AddressProblem(message: message, hint: "such as 192.0.2.1, 10.0.0.0/8, [2001:db8::1]:443 or :22")
  }
}
