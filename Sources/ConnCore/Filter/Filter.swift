// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// A question about sockets in the grammar of ss(8), asked of live tables and of history alike.
///
/// It is kept twice: as a tree, which history turns into SQL, and as a list of tests that each say where to go on,
/// which answers for a row without recursion or allocation.
public struct Filter: Sendable {
  /// The tree.
  public let expression: FilterExpression
  /// True where it asks about processes, so that owners have to be looked up before it can answer.
  public let usesOwners: Bool
  /// The tables that can hold what it matches; the others need not be read.
  public let protos: ProtoSet
  private let program: FilterProgram

  /// Matches everything: what no words at all mean.
  public static let everything = Filter(.all([]))

  /// Makes a filter of a tree, whose depth is the caller's to bound.
  public init(_ expression: FilterExpression) {
    self.expression = expression
    usesOwners = expression.usesOwners
    protos = expression.protos
    program = FilterProgram(expression)
  }

  /// Reads a filter from the words of a command line; no words match everything.
  ///
  /// Words may also come several in one string, and operators and parentheses may touch their neighbours. A word with
  /// blanks in it that follows `process`, `unit`, `container` or `user` is that name as a whole.
  /// - Parameters:
  ///   - words: the words, as the shell gave them.
  ///   - services: the names that ports have.
  ///   - userID: finds the id of a user by name, nil where there is no such user.
  public init(_ words: [String], services: ServiceNames, userID: @escaping (String) -> UInt32?)
    throws(FilterError)
  {
    var parser = FilterParser(words, services: services, userID: userID)
    self.init(try parser.parse())
  }

  /// True where it matches everything.
  public var matchesEverything: Bool { program.acceptsAll }

  /// True where the filter matches `subject`.
  public func matches(_ subject: borrowing FilterSubject) -> Bool { program.accepts(subject) }
}
