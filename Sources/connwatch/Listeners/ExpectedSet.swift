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

  private var written: ExpectedRules
  private var learning: ExpectedRules

  init(_ rules: Set<ExpectedRule> = [], learnt: Set<ExpectedRule> = []) {
    written = ExpectedRules(rules)
    learning = ExpectedRules(learnt)
  }

  /// What is written in files.
  var rules: Set<ExpectedRule> { written.all }
  /// What is expected besides, because it was there while that was learnt.
  var learnt: Set<ExpectedRule> { learning.all }

  /// Nothing is expected at all: there is no set yet.
  var isEmpty: Bool { rules.isEmpty && learnt.isEmpty }

  /// Judges a listener. Where its program cannot be seen, its address and port decide.
  func verdict(_ listener: Listener) -> Verdict { judge(listener).verdict }

  /// Judges a listener, and says what was expected instead.
  func judge(_ listener: Listener) -> Judgement {
    Self.judge(listener, written[listener.place] + learning[listener.place])
  }

  /// Judges a listener by the rules of its port.
  static func judge(_ listener: Listener, _ atPort: [ExpectedRule]) -> Judgement {
    guard !atPort.isEmpty else { return Judgement(verdict: .new) }
    let ofOwner = atPort.filter { $0.isMet(byOwnerOf: listener) }
    guard !ofOwner.isEmpty else {
      return Judgement(verdict: .changed, reason: reason(atPort.map(\.ownerText)))
    }
    if ofOwner.contains(where: { $0.allowsScope(of: listener) }) { return Judgement(verdict: .expected) }
    return Judgement(verdict: .widened, reason: reason(ofOwner.map(\.scope.text)))
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
    let places = Set(listeners.map(\.place))
    return rules.filter { !places.contains($0.place) }.sorted()
  }

  /// Takes listeners for expected; where one was not, what was expected on its port before and is not there goes.
  ///
  /// - Returns: the rules that are new.
  mutating func accept(_ listeners: [Listener]) -> [ExpectedRule] {
    // One that is expected needs no rule: it would be weaker than the old one where its program cannot be seen.
    let added = Set(listeners.filter { verdict($0) != .expected }.map(ExpectedRule.init))
    let there = Dictionary(grouping: listeners, by: \.place)
    for place in Set(added.map(\.place)) {
      for old in written[place]
      where !(there[place] ?? []).contains(where: { Self.judge($0, [old]).verdict == .expected }) {
        written.remove(old)
      }
    }
    for rule in added { written.insert(rule) }
    return added.sorted()
  }

  /// Takes listeners of the past for expected too, and takes nothing away.
  ///
  /// - Returns: the rules that are new.
  mutating func learn(_ listeners: [Listener]) -> [ExpectedRule] { written.learn(listeners) }

  /// Expects besides what listens while that is learnt.
  mutating func addLearnt(_ listener: Listener) {
    if listener.owner.process != nil {
      // Now it is known who is there: not everybody, as it was while nobody knew.
      for old in learning[listener.place] where old.program == nil { learning.remove(old) }
    }
    _ = learning.learn([listener])
  }

  /// Takes rules out.
  ///
  /// - Returns: those that were there.
  mutating func forget(where isMeant: (ExpectedRule) -> Bool) -> [ExpectedRule] {
    let removed = rules.filter(isMeant)
    for rule in removed { written.remove(rule) }
    return removed.sorted()
  }
}
