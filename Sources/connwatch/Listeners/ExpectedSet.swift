// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// The listeners that should be there, and what is to be said of those that are.
struct ExpectedSet {
  typealias Verdict = ListenerVerdict

  /// A verdict, and what was expected instead.
  struct Judgement: Equatable {
    var verdict: Verdict
    /// `expected loopback`, `expected /usr/sbin/sshd (unit ssh.service)`; nil where there is nothing to say.
    var reason: String?
  }

  /// What is written in files.
  private(set) var rules: Set<ExpectedRule>
  /// What is expected besides, because it was there while that was learnt.
  private(set) var learnt: Set<ExpectedRule>

  init(_ rules: Set<ExpectedRule> = [], learnt: Set<ExpectedRule> = []) {
    self.rules = rules
    self.learnt = learnt
  }

  /// Nothing is expected at all: there is no set yet.
  var isEmpty: Bool { rules.isEmpty && learnt.isEmpty }

  /// Judges a listener. Where its program cannot be seen, its address and port decide.
  func verdict(_ listener: Listener) -> Verdict { judge(listener).verdict }

  /// Judges a listener, and says what was expected instead.
  func judge(_ listener: Listener) -> Judgement {
    let atPort = [rules, learnt].joined().filter {
      $0.proto == listener.proto && $0.port == listener.port
    }
    guard !atPort.isEmpty else { return Judgement(verdict: .new) }
    let ofOwner = atPort.filter { $0.isMet(byOwnerOf: listener) }
    guard !ofOwner.isEmpty else {
      return Judgement(verdict: .changed, reason: Self.reason(atPort.map(\.ownerText)))
    }
    if ofOwner.contains(where: { $0.allowsScope(of: listener) }) { return Judgement(verdict: .expected) }
    return Judgement(verdict: .widened, reason: Self.reason(ofOwner.map(\.scope.text)))
  }

  /// Says of a rule that no listener answers to what it expects.
  static func judgeMissing(_ rule: ExpectedRule) -> Judgement {
    Judgement(verdict: .gone, reason: reason([rule.ownerText]))
  }

  /// What was expected, three of it at the most.
  private static func reason(_ expected: [String?]) -> String? {
    let words = Set(expected.compactMap { $0 }).sorted()
    if words.isEmpty { return nil }
    let rest = words.count > 3 ? " or \(words.count - 3) more" : ""
    return "expected " + words.prefix(3).joined(separator: " or ") + rest
  }

  /// Rules that no listener answers to. What was learnt comes and goes.
  func missing(_ listeners: [Listener]) -> [ExpectedRule] {
    rules.filter { rule in
      !listeners.contains { $0.proto == rule.proto && $0.port == rule.port }
    }
    .sorted()
  }

  /// Takes listeners for expected; where one was not, what was expected on its port before and is not there goes.
  ///
  /// - Returns: the rules that are new.
  mutating func accept(_ listeners: [Listener]) -> [ExpectedRule] {
    // One that is expected needs no rule: it would be weaker than the old one where its program cannot be seen.
    let added = Set(listeners.filter { verdict($0) != .expected }.map(ExpectedRule.init))
    for rule in added {
      rules = rules.filter { old in
        old.proto != rule.proto || old.port != rule.port
          || listeners.contains { ExpectedSet([old]).verdict($0) == .expected }
      }
    }
    rules.formUnion(added)
    return added.sorted()
  }

  /// Takes listeners of the past for expected too, and takes nothing away: the widest first, which the others need no
  /// rule beside.
  ///
  /// - Returns: the rules that are new.
  mutating func learn(_ listeners: [Listener]) -> [ExpectedRule] {
    var added: [ExpectedRule] = []
    for listener in Self.widestFirst(listeners) where verdict(listener) != .expected {
      let rule = ExpectedRule(listener)
      rules.insert(rule)
      added.append(rule)
    }
    return added.sorted()
  }

  /// Expects besides what listens while that is learnt.
  mutating func addLearnt(_ listeners: [Listener]) {
    var set = ExpectedSet(learnt)
    _ = set.learn(listeners)
    learnt = set.rules
  }

  private static func widestFirst(_ listeners: [Listener]) -> [Listener] {
    func rank(_ listener: Listener) -> (Int, Int) {
      let rule = ExpectedRule(listener)
      // Known owners first: a rule for any program would let the others pass.
      return (rule.program == nil ? 1 : 0, rule.scope == .any ? 0 : rule.scope == .v6Only ? 1 : 2)
    }
    return listeners.sorted { rank($0) < rank($1) }
  }

  /// Takes rules out.
  ///
  /// - Returns: those that were there.
  mutating func forget(where isMeant: (ExpectedRule) -> Bool) -> [ExpectedRule] {
    let removed = rules.filter(isMeant)
    rules.subtract(removed)
    return removed.sorted()
  }
}
