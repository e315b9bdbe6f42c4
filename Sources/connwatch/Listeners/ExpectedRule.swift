// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// A listener that should be there: protocol, bind scope, port, unit and program.
struct ExpectedRule: Hashable, Comparable {
  /// Where a listener can be reached.
  enum Scope: Hashable {
    /// At every address of the machine.
    case any
    /// At every address of IPv6, and at none of IPv4 (IPV6_V6ONLY).
    case v6Only
    /// From this machine alone.
    case loopback
    /// At one address.
    case address(IPAddress)

    /// That of a socket bound to `address`.
    init(_ address: IPAddress, isV6Only: Bool = false) {
      self =
        address.isUnspecified
        ? isV6Only && !address.isV4 ? .v6Only : .any : address.isLoopback ? .loopback : .address(address)
    }

    var text: String {
      switch self {
      case .any: "any"
      case .v6Only: "v6only"
      case .loopback: "loopback"
      case .address(let address): address.description
      }
    }

    /// True where a listener of the other scope can be reached by no more than one of this. What may be reached by all may be
    /// reached by fewer.
    func covers(_ other: Scope) -> Bool {
      if self == other || self == .any || other == .loopback { return true }
      if case .address(let address) = other { return self == .v6Only && !address.isV4 }
      return false
    }
  }

  var proto: Proto
  var scope: Scope
  var port: UInt16
  /// The systemd unit as a line holds it, nil for any or none.
  var unit: String?
  /// The program's path, or its name where it has none, as a line holds it; nil for any program.
  var program: String?

  static func < (left: ExpectedRule, right: ExpectedRule) -> Bool {
    (left.port, left.proto.rawValue, left.scope.text, left.unit ?? "", left.program ?? "")
      < (right.port, right.proto.rawValue, right.scope.text, right.unit ?? "", right.program ?? "")
  }

  /// The rule as a line of the file: `tcp any 22 unit=ssh.service /usr/sbin/sshd`.
  var line: String {
    "\(proto.name) \(scope.text) \(port) \(unit.map { "unit=\($0) " } ?? "")\(program ?? "*")"
  }

  /// The rule that a listener which is there would be expected by.
  init(_ listener: Listener) {
    proto = listener.proto
    scope = Scope(listener.address, isV6Only: listener.isV6Only == true)
    port = listener.port
    unit = listener.serviceUnit.map(Self.unitWord)
    program = listener.program.map(Self.programWord)
  }

  /// True where a listener is of its program and unit. Where its owner cannot be seen, its address and port decide.
  func isMet(byOwnerOf listener: Listener) -> Bool {
    guard let process = listener.owner.process else { return true }
    if let program, program != listener.program.map(Self.programWord) { return false }
    guard let unit else { return true }
    let word = process.unit.map(Self.unitWord)
    return unit == word || unit + ".service" == word
  }

  /// True where it lets a listener be reached so. Whether one bound to `::` takes IPv4 too is held against it only where
  /// that is known.
  func allowsScope(of listener: Listener) -> Bool {
    let wanted = Scope(listener.address, isV6Only: listener.isV6Only == true)
    return scope.covers(wanted) || (scope == .v6Only && wanted == .any && listener.isV6Only == nil)
  }

  /// What it expects of a listener's owner, in a few words; nil for any.
  var ownerText: String? {
    guard let program else { return unit.map { "unit \($0)" } }
    return unit.map { "\(program) (unit \($0))" } ?? program
  }
}

// MARK: - Lines

extension ExpectedRule {
  /// Reads a line; nil for a blank one or a comment. A comment may stand behind the rule too.
  ///
  /// - Throws: ``Failure`` with the word that is wrong.
  init?(line: String) throws(Failure) {
    if line.unicodeScalars.contains(where: Self.isControl) {
      throw Failure("\"\(HostileText.escaped(line))\": control characters (a rule is a line of text)")
    }
    // By scalars: a name can begin with one that joins the blank before it.
    let words = Self.withoutComment(line.unicodeScalars[...])
      .split(maxSplits: 3, whereSeparator: Self.isBlank).map { String(Substring($0)) }
    guard !words.isEmpty else { return nil }
    guard words.count == 4 else {
      throw Failure("\"\(HostileText.escaped(line))\": four words are needed (tcp any 22 /usr/sbin/sshd)")
    }
    guard let proto = Proto.allCases.first(where: { $0.name == words[0] }) else {
      throw Failure("\"\(HostileText.escaped(words[0]))\" is not a protocol (tcp, tcp6, udp, udp6)")
    }
    guard let port = UInt16(words[2]), port > 0 else {
      throw Failure("\"\(HostileText.escaped(words[2]))\" is not a port (1 to 65535)")
    }
    self.proto = proto
    scope = try Self.scope(words[1], proto)
    self.port = port
    (unit, program) = try Self.owner(words[3].unicodeScalars[...])
  }

  private static func scope(_ word: String, _ proto: Proto) throws(Failure) -> Scope {
    switch word {
    case "any": return .any
    case "loopback": return .loopback
    case "v6only":
      guard proto.isV6 else { throw Failure("v6only is a scope of tcp6 and udp6 alone") }
      return .v6Only
    default:
      guard let address = IPAddress(word) else {
        throw Failure(
          "\"\(HostileText.escaped(word))\" is not a scope (any, v6only, loopback, an address)")
      }
      return Scope(address)
    }
  }

  /// Reads `unit=NAME PROGRAM`, or the program alone.
  private static func owner(
    _ text: Substring.UnicodeScalarView
  ) throws(Failure) -> (unit: String?, program: String?) {
    var rest = trimmed(text)
    var unit: String?
    if rest.starts(with: unitKey) {
      let word = rest.dropFirst(unitKey.count).prefix { !isBlank($0) }
      rest = trimmed(rest.dropFirst(unitKey.count + word.count))
      guard !word.isEmpty, !rest.isEmpty else {
        throw Failure(
          "\"\(HostileText.escaped(String(Substring(text))))\": a unit and a program are needed (unit=ssh.service *)"
        )
      }
      unit = word.elementsEqual("*".unicodeScalars) ? nil : String(Substring(word))
    }
    if rest.elementsEqual("*".unicodeScalars) { return (unit, nil) }
    if rest.first == "*", isBlank(rest[rest.index(after: rest.startIndex)]) {
      throw Failure(
        "\"\(HostileText.escaped(String(Substring(rest))))\": nothing may stand behind * (a comment begins with #)"
      )
    }
    return (unit, String(Substring(rest)))
  }

  private static let unitKey = Array("unit=".unicodeScalars)

  /// Up to a `#` that begins the line or stands behind a blank.
  private static func withoutComment(_ line: Substring.UnicodeScalarView) -> Substring.UnicodeScalarView {
    var wasBlank = true
    for place in line.indices {
      if line[place] == "#", wasBlank { return line[..<place] }
      wasBlank = isBlank(line[place])
    }
    return line
  }

  private static func trimmed(_ text: Substring.UnicodeScalarView) -> Substring.UnicodeScalarView {
    var text = text
    while let last = text.last, isBlank(last) { text.removeLast() }
    while let first = text.first, isBlank(first) { text.removeFirst() }
    return text
  }

  /// C0 but the tab, DEL, C1. Names have them escaped.
  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.generalCategory == .control && scalar != "\t"
  }

  private static func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || scalar == "\t" }

  /// A program's path or name, made so that it comes back from a line as it went in: a program may call itself
  /// anything, `*` or a blank among them.
  private static func programWord(_ program: String) -> String {
    var scalars = Array(HostileText.escaped(program).unicodeScalars)
    if scalars.first == "*", scalars.count == 1 || scalars[1] == " " {
      scalars.replaceSubrange(..<1, with: "\\x2a".unicodeScalars)
    }
    if scalars.starts(with: unitKey) { scalars.replaceSubrange(..<1, with: "\\x75".unicodeScalars) }
    for place in scalars.indices.reversed()
    where scalars[place] == "#" && (place == 0 || scalars[place - 1] == " ") {
      scalars.replaceSubrange(place...place, with: "\\x23".unicodeScalars)
    }
    if scalars.last == " " { scalars.replaceSubrange((scalars.count - 1)..., with: "\\x20".unicodeScalars) }
    if scalars.first == " " { scalars.replaceSubrange(..<1, with: "\\x20".unicodeScalars) }
    return text(scalars)
  }

  /// A unit's name as a word: systemd itself leaves no blank in one, but a control group may be called anything.
  private static func unitWord(_ unit: String) -> String {
    if unit == "*" { return "\\x2a" }
    return text(
      HostileText.escaped(unit).unicodeScalars.flatMap { $0 == " " ? Array("\\x20".unicodeScalars) : [$0] })
  }

  private static func text(_ scalars: some Sequence<Unicode.Scalar>) -> String {
    var text = ""
    text.unicodeScalars.append(contentsOf: scalars)
    return text
  }
}
