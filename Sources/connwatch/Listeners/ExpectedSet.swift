// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// The listeners that should be there, and what is to be said of those that are.
struct ExpectedSet {
  /// What is to be said of a listener.
  enum Verdict: String, CaseIterable {
    /// It is among those that should be there.
    case expected
    /// Nothing is said of its port.
    case new
    /// Another program is expected on its port.
    case changed
    /// It can be reached by more than it should: bound to all addresses instead of one or of loopback.
    case widened
    /// It should be there, and is not.
    case gone

    /// True for what `--check` finds fault with.
    var isFinding: Bool { self == .new || self == .changed || self == .widened }
  }

  private(set) var rules: Set<ExpectedRule>

  init(_ rules: Set<ExpectedRule> = []) { self.rules = rules }

  /// Judges a listener. Where its program cannot be seen, its address and port decide.
  func verdict(_ listener: Listener) -> Verdict {
    let wanted = ExpectedRule(listener)
    let atPort = rules.filter { $0.proto == wanted.proto && $0.port == wanted.port }
    guard !atPort.isEmpty else { return .new }
    let ofProgram = atPort.filter {
      $0.program == nil || wanted.program == nil || $0.program == wanted.program
    }
    guard !ofProgram.isEmpty else { return .changed }
    // Narrower than allowed is no harm: what may be reached by all may be reached by fewer.
    let isAllowed = ofProgram.contains {
      $0.scope == wanted.scope || $0.scope == .any || wanted.scope == .loopback
    }
    return isAllowed ? .expected : .widened
  }

  /// Rules that no listener answers to.
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

  /// Takes rules out.
  ///
  /// - Returns: those that were there.
  mutating func forget(where isMeant: (ExpectedRule) -> Bool) -> [ExpectedRule] {
    let removed = rules.filter(isMeant)
    rules.subtract(removed)
    return removed.sorted()
  }
}
