// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// A listener that should be there: protocol, bind scope, port and program.
struct ExpectedRule: Hashable, Comparable {
  /// Where a listener can be reached.
  enum Scope: Hashable {
    /// At every address of the machine.
    case any
    /// From this machine alone.
    case loopback
    /// At one address.
    case address(IPAddress)

    init(_ address: IPAddress) {
      self = address.isUnspecified ? .any : address.isLoopback ? .loopback : .address(address)
    }

    var text: String {
      switch self {
      case .any: "any"
      case .loopback: "loopback"
      case .address(let address): address.description
      }
    }

    /// How many can reach it: from this machine, at one address, at all.
    var reach: Int {
      switch self {
      case .loopback: 0
      case .address: 1
      case .any: 2
      }
    }
  }

  var proto: Proto
  var scope: Scope
  var port: UInt16
  /// The program's path, or its name where it has none, as a line holds it; nil for any program.
  var program: String?

  static func < (left: ExpectedRule, right: ExpectedRule) -> Bool {
    (left.port, left.proto.rawValue, left.scope.text, left.program ?? "")
      < (right.port, right.proto.rawValue, right.scope.text, right.program ?? "")
  }

  /// The rule as a line of the file: `tcp any 22 /usr/sbin/sshd`.
  var line: String { "\(proto.name) \(scope.text) \(port) \(program ?? "*")" }

  /// A program's path or name, made so that it comes back from a line as it went in: a program may call itself
  /// anything, `*` or a blank among them.
  private static func word(_ program: String) -> String {
    if program == "*" { return "\\x2a" }
    var scalars = Array(HostileText.escaped(program).unicodeScalars)
    if scalars.last == " " { scalars.replaceSubrange((scalars.count - 1)..., with: "\\x20".unicodeScalars) }
    if scalars.first == " " { scalars.replaceSubrange(..<1, with: "\\x20".unicodeScalars) }
    var word = ""
    word.unicodeScalars.append(contentsOf: scalars)
    return word
  }

  /// Reads a line; nil for a blank one or a comment.
  ///
  /// - Throws: ``Failure`` with the word that is wrong.
  init?(line: String) throws(Failure) {
    // By scalars: a name can begin with one that joins the blank before it.
    let words = line.unicodeScalars.split(maxSplits: 3, whereSeparator: Self.isBlank)
      .map { String(Substring($0)) }
    guard let first = words.first, !first.hasPrefix("#") else { return nil }
    guard words.count == 4 else {
      throw Failure("\"\(HostileText.escaped(line))\": four words are needed (tcp any 22 /usr/sbin/sshd)")
    }
    guard let proto = Proto.allCases.first(where: { $0.name == words[0] }) else {
      throw Failure("\"\(HostileText.escaped(words[0]))\" is not a protocol (tcp, tcp6, udp, udp6)")
    }
    switch words[1] {
    case "any": scope = .any
    case "loopback": scope = .loopback
    default:
      guard let address = IPAddress(words[1]) else {
        throw Failure("\"\(HostileText.escaped(words[1]))\" is not a scope (any, loopback, an address)")
      }
      scope = Scope(address)
    }
    guard let port = UInt16(words[2]), port > 0 else {
      throw Failure("\"\(HostileText.escaped(words[2]))\" is not a port (1 to 65535)")
    }
    self.proto = proto
    self.port = port
    var name = words[3].unicodeScalars[...]
    while let last = name.last, Self.isBlank(last) { name.removeLast() }
    while let first = name.first, Self.isBlank(first) { name.removeFirst() }
    program = name.elementsEqual("*".unicodeScalars) ? nil : String(Substring(name))
  }

  private static func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || scalar == "\t" }

  /// The rule that a listener which is there would be expected by.
  init(_ listener: Listener) {
    proto = listener.proto
    scope = Scope(listener.address)
    port = listener.port
    program = listener.program.map(Self.word)
  }
}

/// A socket that listens, or several of one program at one address (SO_REUSEPORT).
struct Listener {
  var proto: Proto
  var address: IPAddress
  var port: UInt16
  var owner: SocketOwner

  /// The program's path, its name where there is no path, nil where the owner is not known.
  var program: String? { owner.process.map { $0.exe ?? $0.name } }
}
