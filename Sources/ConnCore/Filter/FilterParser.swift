// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Reads the grammar: conditions, `and`, `or`, `not` and parentheses. What a condition is: FilterParser+Conditions.
///
/// Parentheses are kept on a stack of their own, so that no input can exhaust the thread's.
struct FilterParser {
  var lexer: FilterLexer
  let services: ServiceNames
  let userID: (String) -> UInt32?

  /// How often `and` and `or` may take turns within each other; parentheses that change nothing do not count.
  static let maximumDepth = 32

  /// An expression and how many levels of `and` and `or` it has.
  struct Term {
    var expression: FilterExpression
    var depth: Int

    init(_ expression: FilterExpression) {
      self.expression = expression
      depth = expression.depth
    }

    /// Joins terms into one; those that are joined in the same way give their own terms to it.
    init(joining terms: [Term], all: Bool) {
      if terms.count == 1 {
        self = terms[0]
        return
      }
      expression = .joined(terms.map(\.expression), all: all)
      depth = 1
      for term in terms {
        switch term.expression {
        case .all where all, .any where !all: depth = max(depth, term.depth)
        default: depth = max(depth, term.depth + 1)
        }
      }
    }
  }

  /// What was read since a parenthesis opened.
  private struct Group {
    /// The parenthesis, nil for the whole.
    var opened: Range<Int>?
    /// True where what is in it is negated: then each `and` becomes an `or`, and the reverse.
    var isNegated = false
    /// Terms joined by `and` so far.
    var terms: [Term] = []
    /// What stands before the last `or`.
    var alternatives: [Term] = []
    /// The `and`, `or` or `not` that waits for what follows it.
    var waiting: Range<Int>?
    /// True after an odd number of `not`.
    var negatesNext = false

    mutating func add(_ term: Term) {
      terms.append(term)
      waiting = nil
      negatesNext = false
    }

    mutating func endAlternative() {
      alternatives.append(Term(joining: terms, all: !isNegated))
      terms = []
    }
  }

  init(_ words: [String], services: ServiceNames, userID: @escaping (String) -> UInt32?) {
    lexer = FilterLexer(words)
    self.services = services
    self.userID = userID
  }

  mutating func parse() throws(FilterError) -> FilterExpression {
    if let bad = lexer.text.firstIndex(of: 0) {
      throw error("a NUL byte", at: bad..<bad + 1)
    }
    // States in front of everything stand by themselves, as in ss: together, and for all that follows them.
    guard let states = try leadingStates() else {
      return peek().symbol == .end ? .all([]) : try parseGroup(Group()).expression
    }
    let (symbol, range) = peek()
    switch symbol {
    case .end:
      return .test(.state(states))
    case .and, .or, .close, .comparison:
      var group = Group()
      group.add(Term(.test(.state(states))))
      return try parseGroup(group).expression
    case .open, .not, .word:
      let whole = Term(joining: [Term(.test(.state(states))), try parseGroup(Group())], all: true)
      return try checked(whole, at: range).expression
    }
  }

  /// Reads to the end, with `group` around everything.
  private mutating func parseGroup(_ group: Group) throws(FilterError) -> Term {
    var group = group
    var outer: [Group] = []
    while true {
      let (symbol, range) = lexer.next()
      switch symbol {
      case .not:
        group.negatesNext.toggle()
        group.waiting = range
      case .and, .or:
        try expectTerm(in: group, before: range)
        if symbol == .or { group.endAlternative() }
        group.waiting = range
      case .word:
        let isNegated = group.isNegated != group.negatesNext
        let term = try condition(range)
        group.add(Term(isNegated ? term.negated() : term))
      case .open:
        var inner = Group(opened: range)
        inner.isNegated = group.isNegated != group.negatesNext
        outer.append(group)
        group = inner
      case .close:
        guard let opened = group.opened, var before = outer.popLast() else {
          throw error("unmatched ')'", at: range, hint: "there is no '(' before it")
        }
        try expectTerm(in: group, before: range)
        before.add(try checked(finish(&group), at: opened))
        group = before
      case .comparison:
        throw error(
          "'\(lexer.string(range))' has nothing to compare", at: range,
          hint: "it belongs after a word such as sport, as in 'sport = 22'")
      case .end:
        try expectTerm(in: group, before: range)
        if let opened = group.opened { throw unclosed(opened) }
        return try checked(finish(&group), at: 0..<0)
      }
    }
  }

  private func finish(_ group: inout Group) -> Term {
    group.endAlternative()
    return Term(joining: group.alternatives, all: group.isNegated)
  }

  private func checked(_ term: Term, at range: Range<Int>) throws(FilterError) -> Term {
    if term.depth <= Self.maximumDepth { return term }
    throw error(
      "'and' and 'or' within each other more than \(Self.maximumDepth) deep", at: range,
      hint: "use fewer parentheses")
  }

  private mutating func leadingStates() throws(FilterError) -> StateSet? {
    var states: StateSet?
    while true {
      let start = lexer
      let (symbol, range) = lexer.next()
      let word = symbol == .word ? lexer.string(range).lowercased() : ""
      guard word == "state" || word == "exclude" || word == "excl" else {
        lexer = start
        return states
      }
      let (set, isNegated) = try stateSet(range)
      if (word == "state") != isNegated {
        states = (states ?? []).union(set)
      } else {
        states = (states ?? .all).subtracting(set)
      }
    }
  }

  private func peek() -> (symbol: FilterLexer.Symbol, range: Range<Int>) {
    var copy = lexer
    return copy.next()
  }

  private func expectTerm(in group: Group, before range: Range<Int>) throws(FilterError) {
    if let waiting = group.waiting {
      throw error(
        "'\(lexer.string(waiting))' needs a condition after it", at: waiting, hint: Self.example)
    }
    guard group.terms.isEmpty else { return }
    if let opened = group.opened, range.isEmpty || lexer.text[range.lowerBound] == UInt8(ascii: ")") {
      if range.isEmpty { throw unclosed(opened) }
      throw error("nothing between '(' and ')'", at: opened, hint: Self.example)
    }
    throw error("'\(lexer.string(range))' needs a condition before it", at: range, hint: Self.example)
  }

  private static let example = "such as 'sport = 22' or 'state established'"

  private func unclosed(_ opened: Range<Int>) -> FilterError {
    error("unmatched '('", at: opened, hint: "there is no ')' after it")
  }

  /// Makes an error that points at `range` of the text.
  func error(
    _ message: String, at range: Range<Int>, hint: String? = nil, accepted: [String] = []
  ) -> FilterError {
    FilterError(
      Self.printable(message), word: Self.printable(lexer.string(range)),
      text: Self.printable(lexer.string(0..<lexer.text.count)),
      offset: Self.printable(lexer.string(0..<range.lowerBound)).count, hint: hint.map(Self.printable),
      accepted: accepted)
  }

  /// Errors end up on a terminal: nothing in them may speak to it.
  private static func printable(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { scalar in
          if scalar.value >= 32, scalar.value < 127 { return scalar }
          switch scalar.properties.generalCategory {
          case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse: return "?"
          default: return scalar
          }
        }))
  }
}
