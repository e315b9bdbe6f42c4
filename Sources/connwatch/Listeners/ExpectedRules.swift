// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Rules, found by protocol and port: there can be one for each port.
struct ExpectedRules {
  /// What a rule and its listeners have in common.
  struct Place: Hashable {
    var proto: Proto
    var port: UInt16
  }

  private(set) var all: Set<ExpectedRule>
  private var byPlace: [Place: [ExpectedRule]]

  init(_ rules: Set<ExpectedRule> = []) {
    all = rules
    byPlace = Dictionary(grouping: rules, by: \.place)
  }

  /// The rules of a port.
  subscript(place: Place) -> [ExpectedRule] { byPlace[place] ?? [] }

  mutating func insert(_ rule: ExpectedRule) {
    if all.insert(rule).inserted { byPlace[rule.place, default: []].append(rule) }
  }

  mutating func remove(_ rule: ExpectedRule) {
    if all.remove(rule) != nil { byPlace[rule.place]?.removeAll { $0 == rule } }
  }

  /// Takes listeners of the past for expected, and takes nothing away: the widest first, which the others need no rule
  /// beside. One whose owner is not known is expected for any program, but only where none is known on its port:
  /// otherwise that one would be expected no more than all others.
  ///
  /// - Returns: the rules that are new.
  mutating func learn(_ listeners: [Listener]) -> [ExpectedRule] {
    // A server that is started again and again is learnt once.
    var distinct: [Distinct: Listener] = [:]
    for listener in listeners {
      let key = Distinct(rule: ExpectedRule(listener), unit: listener.owner.process?.unit)
      if distinct[key] == nil { distinct[key] = listener }
    }
    var added: [ExpectedRule] = []
    for (key, listener) in distinct.sorted(by: { $0.key.rank < $1.key.rank }) {
      let atPort = self[key.rule.place]
      if listener.owner.process == nil, atPort.contains(where: { $0.program != nil }) { continue }
      if ExpectedSet.judge(listener, atPort).verdict == .expected { continue }
      insert(key.rule)
      added.append(key.rule)
    }
    return added.sorted()
  }

  private struct Distinct: Hashable {
    var rule: ExpectedRule
    var unit: String?

    /// Known owners first, then the widest.
    var rank: (Int, Int) {
      (rule.program == nil ? 1 : 0, rule.scope == .any ? 0 : rule.scope == .v6Only ? 1 : 2)
    }
  }
}

extension ExpectedRule {
  var place: ExpectedRules.Place { ExpectedRules.Place(proto: proto, port: port) }
}

extension Listener {
  var place: ExpectedRules.Place { ExpectedRules.Place(proto: proto, port: port) }
}
