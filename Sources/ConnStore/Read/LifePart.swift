// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Part of the finished lives that a query is for: the conditions of a statement, and bounds of their numbers.
struct LifePart {
  /// The table with its alias `l`, and an INDEXED BY where one is wanted.
  var table = "life l"
  /// Conditions of time, with their values.
  var time: (conditions: [String], bindings: [SQLValue]) = ([], [])
  /// What the query asks of a life itself, with its values.
  var filter: (conditions: [String], bindings: [SQLValue]) = ([], [])
  /// The numbers that there can be.
  var numbers: Range<Int64>
  var order: LifeQuery.Order

  /// Makes the statement for numbers that are bound last: the first and the last one.
  ///
  /// - Parameters:
  ///   - select: makes a statement up to and without WHERE, from a table with its alias `l`.
  ///   - isFiltered: false where the rows are known to fit the filter.
  func prepare(
    _ select: (String) -> String, isFiltered: Bool, on connection: Connection
  ) throws(StoreError) -> LifeRows {
    let conditions = time.conditions + (isFiltered ? filter.conditions : []) + ["l.id BETWEEN ? AND ?"]
    let statement = try connection.prepare(
      select(table) + " WHERE " + conditions.joined(separator: " AND ") + " ORDER BY l.id "
        + (order == .newestFirst ? "DESC" : "ASC"))
    let bindings = time.bindings + (isFiltered ? filter.bindings : [])
    statement.bind(all: bindings)
    return LifeRows(statement: statement, place: Int32(bindings.count + 1))
  }
}

/// A statement that gives the rows of lives between two numbers.
struct LifeRows {
  let statement: Statement
  /// Where the first of the two is bound.
  let place: Int32

  /// Hands over the rows; false where `body` wanted no more.
  func each<Failure: Error>(
    _ numbers: ClosedRange<Int64>, _ body: (Statement) throws(Failure) -> Bool
  ) throws -> Bool {
    statement.bind(place, numbers.lowerBound)
    statement.bind(place + 1, numbers.upperBound)
    defer { statement.reset() }
    while try statement.step() {
      guard try body(statement) else { return false }
    }
    return true
  }
}
