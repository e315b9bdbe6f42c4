// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// A statement that gives the numbers of a dictionary's entries which fit a test.
struct DictionaryQuery {
  private(set) var sql: String
  private(set) var bindings: [SQLValue] = []

  /// Of `address`: those in a block.
  init(addressesIn block: AddressBlock) {
    sql = "SELECT id FROM address WHERE "
    if block.first == block.last {
      write("bytes=?", .blob(block.first.bytes))
      return
    }
    write("bytes BETWEEN ? AND ?", .blob(block.first.bytes), .blob(block.last.bytes))
    if block.leavesOutV4 {
      let v4 = AddressBlock.everyV4
      write(" AND bytes NOT BETWEEN ? AND ?", .blob(v4.first.bytes), .blob(v4.last.bytes))
    }
  }

  /// Of `path`: those whose last state is one of these; nil where that is all of them or none, by whether a state
  /// without a name is one of these.
  init?(pathsEndingIn states: StateSet) {
    let hasUnnamed = states.contains(.unnamed)
    // A state without a name is one that is none of those with a name.
    let listed = SocketState.named.filter { states.contains($0) != hasUnnamed }
    if listed.isEmpty { return nil }
    sql = "SELECT id FROM path WHERE last \(hasUnnamed ? "NOT IN" : "IN")"
    sql += "(" + Array(repeating: "?", count: listed.count).joined(separator: ",") + ")"
    bindings = listed.map { .text($0.name) }
  }

  /// Of `path`: those of connections that never were any.
  static let pathsOfAttempts: DictionaryQuery = {
    let paths: [[SocketState]] =
      [.synSent, .synReceived].flatMap { first in
        [[first], [first, .close]]
      } + [[.synSent, .synReceived], [.synSent, .synReceived, .close]]
    let texts = paths.map { states in "'[" + states.map { "\"\($0.name)\"" }.joined(separator: ",") + "]'" }
    return DictionaryQuery(sql: "SELECT id FROM path WHERE states IN (\(texts.joined(separator: ",")))")
  }()

  private init(sql: String) { self.sql = sql }

  /// Of `program`: those that a test of the program fits; none for a test of anything else.
  init(programsOf test: FilterTest) {
    sql = "SELECT id FROM program WHERE "
    switch test {
    case .process(let pattern): writeProcess(pattern)
    case .user(let uid): write("uid=?", .integer(Int64(uid)))
    case .unit(let pattern):
      writePattern("unit", pattern)
      sql += " OR "
      writePattern("unit", pattern, after: ".service")
    case .container(let pattern): write("container GLOB ?", .text(pattern.glob + "*"))
    case .state, .address, .port, .service, .pid, .direction, .proto: sql += "0"
    }
  }

  private mutating func write(_ condition: String, _ values: SQLValue...) {
    sql += condition
    bindings += values
  }

  private mutating func writePattern(_ column: String, _ pattern: NamePattern, after suffix: String = "") {
    if pattern.hasWildcard {
      write(column + " GLOB ?", .text(pattern.glob + suffix))
    } else {
      write(column + "=?", .text(pattern.text + suffix))
    }
  }

  private mutating func writeProcess(_ pattern: NamePattern) {
    writePattern("name", pattern)
    if pattern.isPath {
      sql += " OR "
      writePattern("exe", pattern)
    } else if pattern.hasWildcard {
      // Trimming all that is not a slash from the end leaves the path up to its last slash.
      write(" OR substr(exe,length(rtrim(exe,replace(exe,'/','')))+1) GLOB ?", .text(pattern.glob))
    } else {
      write(" OR exe=? OR exe GLOB ?", .text(pattern.text), .text("*/" + pattern.glob))
    }
  }
}

extension NamePattern {
  /// The pattern for SQLite's GLOB, to which more than `*` means something.
  fileprivate var glob: String {
    var glob = ""
    for character in text.unicodeScalars {
      switch character {
      case "?", "[": glob += "[\(character)]"
      default: glob.unicodeScalars.append(character)
      }
    }
    return glob
  }
}
