// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore

extension Filter {
  /// A condition for `WHERE`, with everything of the user's in `bindings`.
  public struct SQL: Hashable, Sendable {
    /// The condition, ready to stand between `AND`s; `l` in it is a row of `life` or of `open_life`.
    public var sql: String
    /// One value a `?`, in order.
    public var bindings: [SQLValue]
    /// What the condition says, for whoever can tell without a row.
    var expression: FilterExpression
  }

  /// The filter as SQL: true for exactly the lives that ``matches(_:)`` is true for in their latest state.
  ///
  /// - Throws: ``FilterError`` for a filter that is larger than SQLite takes (https://sqlite.org/limits.html).
  public func sql() throws(FilterError) -> SQL {
    let tree = FilterSQLTree(expression)
    if tree.stack > FilterSQLTree.maximumStack || tree.depth > FilterSQLTree.maximumDepth {
      throw Self.tooLarge("nested too deeply", hint: "use fewer parentheses")
    }
    var writer = FilterSQLWriter()
    writer.write(tree)
    if writer.bindings.count > FilterSQLWriter.maximumBindings
      || writer.sql.utf8.count > FilterSQLWriter.maximumLength
    {
      throw Self.tooLarge(
        "too many conditions", hint: "a network can stand for many addresses, a range for ports")
    }
    return SQL(sql: writer.sql, bindings: writer.bindings, expression: expression)
  }

  private static func tooLarge(_ why: String, hint: String) -> FilterError {
    FilterError("\(why) for the database", hint: hint)
  }
}

/// An expression in the shape that SQLite's parser takes the most of.
///
/// SQLite bounds an expression's depth, and a chain `a OR b OR c` is as deep as it has terms: long chains are cut in
/// pieces, each in parentheses. Before version 3.46 its parser has a stack of 100 places, of which a term in
/// parentheses takes one if it comes first in its chain and three elsewhere: the most nested term comes first.
struct FilterSQLTree {
  var expression: FilterExpression
  var terms: [FilterSQLTree] = []
  /// The places of the parser's stack that it takes, apart from those of its leaves.
  var stack = 0
  /// The depth of the SQL expression.
  var depth = 16

  /// The longest chain.
  private static let chain = 16
  /// Leaves take fewer than 40 places, and the query around the filter needs some.
  static let maximumStack = 44
  /// Of SQLite's 1,000, with room for the query around it.
  static let maximumDepth = 900

  init(_ expression: FilterExpression) {
    self.expression = expression
    switch expression {
    case .all(let inner), .any(let inner): take(inner.map { FilterSQLTree($0) })
    case .test, .not: break
    }
  }

  private init(piece terms: ArraySlice<FilterSQLTree>, of expression: FilterExpression) {
    self.expression = expression
    take(Array(terms))
  }

  private mutating func take(_ inner: [FilterSQLTree]) {
    terms = inner
    while terms.count > Self.chain {
      terms = stride(from: 0, to: terms.count, by: Self.chain).map { start in
        let piece = terms[start..<min(start + Self.chain, terms.count)]
        return piece.count == 1 ? piece[start] : FilterSQLTree(piece: piece, of: expression)
      }
    }
    if terms.contains(where: { $0.stack > 0 }) {
      // Terms that need the same stay in the order in which they were written.
      let order = terms.indices.sorted { left, right in
        (terms[right].stack, left) < (terms[left].stack, right)
      }
      terms = order.map { terms[$0] }
    }
    for (place, term) in terms.enumerated() {
      stack = max(stack, term.stack + (place == 0 ? 1 : 3))
      depth = max(depth, term.depth + terms.count - max(place, 1))
    }
  }
}

private struct FilterSQLWriter {
  var sql = ""
  var bindings: [SQLValue] = []

  /// SQLite takes 32,766; the query around the filter needs some.
  static let maximumBindings = 32_000
  /// SQLite takes 1,000,000 bytes.
  static let maximumLength = 900_000

  mutating func write(_ tree: FilterSQLTree) {
    switch tree.expression {
    case .all: write(tree.terms, between: " AND ", empty: "1")
    case .any: write(tree.terms, between: " OR ", empty: "0")
    case .test(let test): write(test)
    case .not(let test):
      if test.isNullable {
        // NULL is a no like any other, so that its negation is a yes.
        sql += "NOT ifnull("
        write(test)
        sql += ",0)"
      } else {
        sql += "NOT "
        write(test)
      }
    }
  }

  private mutating func write(_ terms: [FilterSQLTree], between: String, empty: String) {
    if terms.isEmpty {
      sql += empty
      return
    }
    sql += "("
    for (place, term) in terms.enumerated() {
      if place > 0 { sql += between }
      write(term)
    }
    sql += ")"
  }

  // MARK: - Tests

  private mutating func write(_ test: FilterTest) {
    switch test {
    case .state(let states): writeStates(states)
    case .address(let end, let block):
      writeEnds(end) { writer, side in writer.write("l.\(side)addr", in: DictionaryQuery(addressesIn: block))
      }
    case .port(let end, let range):
      writeEnds(end) { writer, side in writer.writePort("l.\(side)port", range) }
    case .service(let ports): writeService(ports)
    case .pid(let pid): write("l.pid=?", .integer(Int64(pid)))
    case .process, .user, .unit, .container: write("l.program", in: DictionaryQuery(programsOf: test))
    case .direction(let direction): sql += "l.flags&12=\((direction?.rawValue ?? 0) << 2)"
    case .proto(let set): writeProtos(set)
    }
  }

  private mutating func write(_ condition: String, _ values: SQLValue...) {
    sql += condition
    bindings += values
  }

  private mutating func writeEnds(
    _ end: FilterTest.End, _ body: (inout FilterSQLWriter, _ side: String) -> Void
  ) {
    switch end {
    case .local: body(&self, "l")
    case .remote: body(&self, "r")
    case .either:
      sql += "("
      body(&self, "l")
      sql += " OR "
      body(&self, "r")
      sql += ")"
    }
  }

  private mutating func writeStates(_ states: StateSet) {
    if let paths = DictionaryQuery(pathsEndingIn: states) {
      write("l.path", in: paths)
    } else {
      sql += states.contains(.unnamed) ? "1" : "0"
    }
  }

  /// Writes that a column has one of the numbers that `query` gives.
  private mutating func write(_ column: String, in query: DictionaryQuery) {
    sql += "\(column) IN(\(query.sql))"
    bindings += query.bindings
  }

  private mutating func writeList(_ values: [SQLValue]) {
    sql += "(" + Array(repeating: "?", count: values.count).joined(separator: ",") + ")"
    bindings += values
  }

  private mutating func writePort(_ column: String, _ range: ClosedRange<UInt16>) {
    if range.lowerBound == range.upperBound {
      write(column + "=?", .integer(Int64(range.lowerBound)))
    } else {
      write(column + " BETWEEN ? AND ?", .integer(Int64(range.lowerBound)), .integer(Int64(range.upperBound)))
    }
  }

  /// The service is the local end of what came in and of listeners, the remote end of what went out.
  private mutating func writeService(_ ports: ServicePorts) {
    if ports.tcp == ports.udp {
      writeService(ports.tcp)
      return
    }
    sql += "("
    for (place, transport) in Transport.allCases.filter({ !ports[$0].isEmpty }).enumerated() {
      if place > 0 { sql += " OR " }
      sql += transport == .tcp ? "l.flags&2=0 AND " : "l.flags&2=2 AND "
      writeService(ports[transport])
    }
    sql += ")"
  }

  private mutating func writeService(_ ports: [UInt16]) {
    if ports.isEmpty {
      sql += "0"
      return
    }
    let values = ports.map { SQLValue.integer(Int64($0)) }
    sql += "(l.rport IN"
    writeList(values)
    sql += " AND l.flags&12=8 OR l.lport IN"
    writeList(values)
    // In, or not known and a listener.
    sql += " AND (l.flags&12=4 OR l.flags&60=16))"
  }

  private mutating func writeProtos(_ set: ProtoSet) {
    if set == .tcpTables {
      sql += "l.flags&2=0"
    } else if set == .udpTables {
      sql += "l.flags&2=2"
    } else {
      let listed = Proto.allCases.filter { set.contains($0) }.map { String($0.rawValue) }
      sql += listed.isEmpty ? "0" : "l.flags&3 IN(" + listed.joined(separator: ",") + ")"
    }
  }
}

extension FilterTest {
  /// True where the answer in SQL may be NULL: nobody held the socket, or nobody saw who did.
  fileprivate var isNullable: Bool {
    if case .user = self { return true }
    return usesOwner
  }
}
