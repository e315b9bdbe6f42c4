// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// A condition: a word, a comparison where it takes one, and a value.
extension FilterParser {
  typealias Comparison = FilterLexer.Comparison

  /// The words that begin a condition, in the order in which they are offered.
  static let words = [
    "state", "exclude", "src", "dst", "sport", "dport", "host", "net", "port", "service", "process", "pid",
    "user", "unit", "container", "direction", "proto",
  ]

  /// What ss(8) has and we do not, and what to use instead.
  private static let unsupported = [
    "dev": "the socket tables do not say which device a socket uses",
    "fwmark": "the socket tables do not hold firewall marks",
    "cgroup": "use unit NAME or container ID",
    "autobound": "use sport and the ephemeral ports",
  ]

  /// Reads the condition that begins with the word at `range`, which has been read.
  mutating func condition(_ range: Range<Int>) throws(FilterError) -> FilterExpression {
    let word = lexer.string(range).lowercased()
    switch word {
    case "state", "exclude", "excl":
      let (states, isNegated) = try stateSet(range)
      return .leaf(.state(states), isNegated: (word == "state") == isNegated)
    case "src": return try ends(range, .local)
    case "dst": return try ends(range, .remote)
    case "host", "net": return try ends(range, .either)
    case "sport": return try ports(range, .local)
    case "dport": return try ports(range, .remote)
    case "port": return try ports(range, .either)
    case "service":
      let (value, isNegated) = try plainValue(range, needs: "a service name or a port number")
      return .leaf(.service(try servicePorts(value)), isNegated: isNegated)
    case "process":
      let (value, isNegated) = try name(range, needs: "the name of a command or program")
      return .leaf(.process(NamePattern(lexer.string(value))), isNegated: isNegated)
    case "pid":
      let (value, isNegated) = try plainValue(range, needs: "a process id")
      guard let pid = Int32(lexer.string(value)), pid > 0 else {
        throw error(
          "'\(lexer.string(value))' is not a process id", at: value, hint: "a number from 1 to 2147483647")
      }
      return .leaf(.pid(pid), isNegated: isNegated)
    case "user":
      let (value, isNegated) = try name(range, needs: "a user's name or id")
      return .leaf(.user(try user(value)), isNegated: isNegated)
    case "unit":
      let (value, isNegated) = try name(range, needs: "the name of a systemd unit")
      return .leaf(.unit(NamePattern(lexer.string(value))), isNegated: isNegated)
    case "container":
      let (value, isNegated) = try name(range, needs: "the beginning of a container's id or name")
      return .leaf(.container(NamePattern(lexer.string(value))), isNegated: isNegated)
    case "direction":
      let (value, isNegated) = try plainValue(range, needs: "in, out or unknown")
      return .leaf(.direction(try direction(value)), isNegated: isNegated)
    case "proto":
      let (value, isNegated) = try plainValue(range, needs: "tcp, tcp6, udp or udp6")
      return .leaf(.proto(try protos(value)), isNegated: isNegated)
    default:
      throw unknownWord(range)
    }
  }

  // MARK: - Parts

  /// Reads `=` or `!=`, or nothing, which means `=`. Returns true for `!=`.
  mutating func equality(_ word: Range<Int>, letters: Bool = true) throws(FilterError) -> Bool {
    guard let (comparison, range) = lexer.comparison(letters: letters) else { return false }
    guard comparison == .equal || comparison == .notEqual else {
      throw error(
        "'\(lexer.string(word))' cannot be compared with '\(lexer.string(range))'", at: range,
        accepted: ["=", "!="])
    }
    return comparison == .notEqual
  }

  /// Reads a value of one word, with `=` or `!=` before it.
  mutating func plainValue(
    _ word: Range<Int>, needs: String
  ) throws(FilterError) -> (value: Range<Int>, isNegated: Bool) {
    let isNegated = try equality(word)
    return (try value(of: word, needs: needs), isNegated)
  }

  /// Reads a value of one word.
  mutating func value(of word: Range<Int>, needs: String) throws(FilterError) -> Range<Int> {
    let value = lexer.value()
    if value.isEmpty || ["and", "or", "not"].contains(lexer.string(value).lowercased()) {
      throw error("'\(lexer.string(word))' needs \(needs)", at: value.isEmpty ? word : value)
    }
    return value
  }

  /// Reads a name, with `=` or `!=` before it.
  private mutating func name(
    _ word: Range<Int>, needs: String
  ) throws(FilterError) -> (value: Range<Int>, isNegated: Bool) {
    let isNegated = try equality(word, letters: false)
    let name = lexer.name()
    if name.isUnfinished {
      throw error(
        "the quote before '\(lexer.string(name.range.dropFirst()))' is never closed", at: name.range,
        hint: "end the name with the same quote")
    }
    if name.range.isEmpty { throw error("'\(lexer.string(word))' needs \(needs)", at: word) }
    // The longest path there is; SQLite too has a limit for patterns.
    if name.range.count > 4096 { throw error("a name longer than 4096 bytes", at: name.range) }
    return (name.range, isNegated)
  }

  /// Reads what follows `state` or `exclude`.
  mutating func stateSet(_ word: Range<Int>) throws(FilterError) -> (set: StateSet, isNegated: Bool) {
    let (value, isNegated) = try plainValue(word, needs: "a state, such as established or listen")
    let name = lexer.string(value)
    if let set = StateSet(name) { return (set, isNegated) }
    throw error(
      "unknown state '\(name)'", at: value,
      hint: didYouMean(Suggestion.nearest(to: name, among: StateSet.offered)),
      accepted: StateSet.offered)
  }

  // MARK: - Values

  private func direction(_ value: Range<Int>) throws(FilterError) -> Direction? {
    switch lexer.string(value).lowercased() {
    case "in", "inbound": return .inbound
    case "out", "outbound": return .outbound
    case "unknown": return nil
    default:
      throw error(
        "unknown direction '\(lexer.string(value))'", at: value,
        accepted: ["in", "out", "inbound", "outbound", "unknown"])
    }
  }

  private func protos(_ value: Range<Int>) throws(FilterError) -> ProtoSet {
    switch lexer.string(value).lowercased() {
    case "tcp": return .tcpTables
    case "tcp6": return ProtoSet(.tcp6)
    case "udp": return .udpTables
    case "udp6": return ProtoSet(.udp6)
    default:
      throw error(
        "unknown protocol '\(lexer.string(value))'", at: value, accepted: ["tcp", "tcp6", "udp", "udp6"])
    }
  }

  private func user(_ value: Range<Int>) throws(FilterError) -> UInt32 {
    let name = lexer.string(value)
    if name.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }) {
      if let uid = UInt32(name), uid != SocketRow.noUID { return uid }
      throw error("'\(name)' is not a user id", at: value, hint: "a number from 0 to 4294967294")
    }
    if let uid = userID(name) { return uid }
    throw error(
      "unknown user '\(name)'", at: value, hint: "users may also be given by number, such as 'user 0'")
  }

  func didYouMean(_ word: String?) -> String? { word.map { "did you mean '\($0)'?" } }

  /// A word that begins no condition; it may be a value without its word.
  private func unknownWord(_ range: Range<Int>) -> FilterError {
    let word = lexer.string(range)
    if let instead = Self.unsupported[word.lowercased()] {
      return error("'\(word)' is not supported", at: range, hint: instead, accepted: Self.words)
    }
    var meant = Suggestion.nearest(to: word, among: Self.words)
    if StateSet(word) != nil {
      meant = "state \(word)"
    } else if UInt16(word) != nil {
      meant = "port \(word)"
    } else if case .success = addressPart(word) {
      meant = "host \(word)"
    } else if ["tcp", "tcp6", "udp", "udp6"].contains(word.lowercased()) {
      meant = "proto \(word)"
    } else if meant == nil, !services.ports(named: word).isEmpty {
      meant = "service \(word)"
    }
    return error("unknown word '\(word)'", at: range, hint: didYouMean(meant), accepted: Self.words)
  }
}

extension FilterExpression {
  static func leaf(_ test: FilterTest, isNegated: Bool) -> FilterExpression {
    isNegated ? .not(test) : .test(test)
  }
}
