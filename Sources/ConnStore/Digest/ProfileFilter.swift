// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// A filter that is asked of profiles and of whole blocks: what it says without a row of a life.
///
/// It is the same filter as ``Filter/SQL``, with the dictionaries looked up once. What a profile cannot tell is
/// ``Answer/maybe``.
struct ProfileFilter {
  /// Ordered, so that the answer of `all` is the least and that of `any` the greatest.
  enum Answer: UInt8, Comparable {
    case no, maybe, yes

    static func < (left: Answer, right: Answer) -> Bool { left.rawValue < right.rawValue }

    init(_ isSo: Bool) { self = isSo ? .yes : .no }

    var negated: Answer { self == .no ? .yes : self == .yes ? .no : .maybe }
  }

  private indirect enum Node {
    case all([Node])
    case any([Node])
    case test(Test)
    case not(Test)
  }

  private enum Test {
    case always(Bool)
    /// The sequence of states, of all lives with a state that is asked for.
    case path(NumberSet)
    case pid(Int64)
    case localAddress(NumberSet)
    case remoteAddress(NumberSet)
    case localPort(ClosedRange<UInt16>)
    case remotePort(ClosedRange<UInt16>)
    case service(ServicePorts)
    case program(NumberSet)
    case direction(Direction?)
    case proto(ProtoSet)
  }

  private let root: Node
  /// The roles that are asked for, a bit each.
  private let roles: UInt8

  /// Looks the dictionaries up.
  init(_ query: LifeQuery, _ connection: Connection) throws(StoreError) {
    roles = query.roles.reduce(0) { $0 | 1 << $1.rawValue }
    var root =
      try query.condition.map { condition throws(StoreError) in
        try Self.node(condition.expression, connection)
      } ?? .all([])
    isOfPathsAlone = query.attemptsOnly && query.condition == nil && query.roles == [.connection]
    if query.attemptsOnly {
      root = .all([.test(.path(try connection.numbers(.pathsOfAttempts))), root])
    }
    self.root = root
    var asksTraits = false
    var asksProcesses = false
    var ports: [ClosedRange<UInt16>] = []
    for test in Self.tests(root) {
      switch test {
      case .path: asksTraits = true
      case .pid: (asksTraits, asksProcesses) = (true, true)
      case .localPort(let range), .remotePort(let range): ports.append(range)
      case .always, .localAddress, .remoteAddress, .service, .program, .direction, .proto: break
      }
    }
    self.asksTraits = asksTraits
    self.asksProcesses = asksProcesses
    self.ports = Set(ports).sorted { $0.lowerBound < $1.lowerBound }
    otherPort = ports.isEmpty ? nil : (0...UInt16.max).first { port in !ports.contains { $0.contains(port) } }
  }

  /// What is known of all lives of a block by its traits alone, which are far quicker asked than its profiles.
  func answer(_ traits: DigestTraits) -> Answer { Self.answer(root, nil, nil, traits) }

  /// What is known of lives with a profile.
  ///
  /// - Parameters:
  ///   - client: the client's port, where one life is asked about.
  ///   - traits: those of the block, where one block is.
  func answer(_ profile: Profile, client: UInt16? = nil, traits: DigestTraits? = nil) -> Answer {
    guard roles & 1 << profile.role.rawValue != 0 else { return .no }
    return Self.answer(root, profile, client, traits)
  }

  /// True where the sequence of states alone decides, of which no profile tells.
  let isOfPathsAlone: Bool
  /// True where the answer can depend on states or process ids, which change after a block has been digested.
  let asksTraits: Bool
  /// True where it can depend on process ids.
  let asksProcesses: Bool

  /// The ports that are asked for. Where the client's is in none of them, it does not matter which it is.
  let ports: [ClosedRange<UInt16>]
  /// A port that is in none of ``ports``; nil where there is none, and where no port is asked for.
  let otherPort: UInt16?

  private static func tests(_ node: Node) -> [Test] {
    switch node {
    case .all(let nodes), .any(let nodes): nodes.flatMap(tests)
    case .test(let test), .not(let test): [test]
    }
  }

  // MARK: - Answers

  /// What is not given is not known.
  private static func answer(
    _ node: Node, _ profile: Profile?, _ client: UInt16?, _ traits: DigestTraits?
  ) -> Answer {
    switch node {
    case .all(let nodes):
      var least = Answer.yes
      for node in nodes {
        least = min(least, answer(node, profile, client, traits))
        if least == .no { break }
      }
      return least
    case .any(let nodes):
      var greatest = Answer.no
      for node in nodes {
        greatest = max(greatest, answer(node, profile, client, traits))
        if greatest == .yes { break }
      }
      return greatest
    case .test(let test): return answer(test, profile, client, traits)
    case .not(let test): return answer(test, profile, client, traits).negated
    }
  }

  private static func answer(
    _ test: Test, _ profile: Profile?, _ client: UInt16?, _ traits: DigestTraits?
  ) -> Answer {
    switch test {
    case .always(let isSo): return Answer(isSo)
    case .path(let wanted):
      guard let traits else { return .maybe }
      let fitting = traits.paths.count(where: wanted.contains)
      return fitting == 0 ? .no : fitting == traits.paths.count ? .yes : .maybe
    case .pid(let wanted):
      guard let traits else { return .maybe }
      return traits.has(pid: wanted, program: profile?.program) ? .maybe : .no
    default: return profile.map { answer(test, $0, client) } ?? .maybe
    }
  }

  /// The answers that a profile gives, to tests of it and of ports.
  @inline(__always)
  private static func answer(_ test: Test, _ profile: Profile, _ client: UInt16?) -> Answer {
    switch test {
    case .always, .path, .pid: return .maybe
    case .localAddress(let wanted): return Answer(wanted.contains(Int64(profile.local)))
    case .remoteAddress(let wanted): return Answer(wanted.contains(Int64(profile.remote)))
    case .localPort(let range):
      guard let port = profile.isServiceLocal ? profile.service : client else { return .maybe }
      return Answer(range.contains(port))
    case .remotePort(let range):
      guard let port = profile.isServiceLocal ? client : profile.service else { return .maybe }
      return Answer(range.contains(port))
    case .service(let ports):
      guard profile.direction != nil || profile.isServiceLocal else { return .no }
      return Answer(ports[profile.proto.transport].contains(profile.service))
    case .program(let wanted): return Answer(wanted.contains(Int64(profile.program)))
    case .direction(let wanted): return Answer(profile.direction == wanted)
    case .proto(let set): return Answer(set.contains(profile.proto))
    }
  }

  // MARK: - Making

  private static func node(
    _ expression: FilterExpression, _ connection: Connection
  ) throws(StoreError) -> Node {
    switch expression {
    case .all(let terms):
      return .all(try terms.map { term throws(StoreError) in try node(term, connection) })
    case .any(let terms):
      return .any(try terms.map { term throws(StoreError) in try node(term, connection) })
    case .test(let test):
      let tests = try self.tests(test, connection)
      return tests.count == 1 ? .test(tests[0]) : .any(tests.map(Node.test))
    case .not(let test):
      let tests = try self.tests(test, connection)
      return tests.count == 1 ? .not(tests[0]) : .all(tests.map(Node.not))
    }
  }

  /// One test, or two for either end, of which one must hold.
  private static func tests(_ test: FilterTest, _ connection: Connection) throws(StoreError) -> [Test] {
    switch test {
    case .state(let states):
      guard let query = DictionaryQuery(pathsEndingIn: states) else {
        return [.always(states.contains(.unnamed))]
      }
      return [.path(try connection.numbers(query))]
    case .address(let end, let block):
      let wanted = try connection.numbers(DictionaryQuery(addressesIn: block))
      return end.sides(.localAddress(wanted), .remoteAddress(wanted))
    case .port(let end, let range): return end.sides(.localPort(range), .remotePort(range))
    case .service(let ports): return [.service(ports)]
    case .pid(let pid): return [.pid(Int64(pid))]
    case .process, .user, .unit, .container:
      return [.program(try connection.numbers(DictionaryQuery(programsOf: test)))]
    case .direction(let direction): return [.direction(direction)]
    case .proto(let set): return [.proto(set)]
    }
  }
}

extension FilterTest.End {
  /// Which of two are asked for.
  fileprivate func sides<Side>(_ local: Side, _ remote: Side) -> [Side] {
    switch self {
    case .local: [local]
    case .remote: [remote]
    case .either: [local, remote]
    }
  }
}

extension Connection {
  /// The numbers that a query of a dictionary gives.
  fileprivate func numbers(_ query: DictionaryQuery) throws(StoreError) -> NumberSet {
    let rows = try prepare(query.sql)
    rows.bind(all: query.bindings)
    var numbers = NumberSet()
    while try rows.step() { numbers.insert(rows.integer(0)) }
    return numbers
  }
}
