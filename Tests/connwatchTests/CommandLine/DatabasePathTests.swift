// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import connwatch

@Suite struct DatabasePathTests {
  private func facts(
    option: String? = nil, variable: String? = nil, home: String? = "/home/u", state: String? = nil,
    there: Set<String> = [], hidden: Set<String> = [], writable: Set<String> = []
  ) -> DatabasePath.Facts {
    DatabasePath.Facts(
      option: option, variable: variable, stateHome: state, home: home, exists: { there.contains($0) },
      isHidden: { hidden.contains($0) }, isWritableDirectory: { writable.contains($0) })
  }

  private let user = "/home/u/.local/state/connwatch/connwatch.db"

  @Test func readersTakeTheFirstThatExists() {
    #expect(DatabasePath.toRead(facts()) == nil)
    #expect(DatabasePath.toRead(facts(option: "/a", variable: "/b", there: [user])) == "/a")
    #expect(DatabasePath.toRead(facts(variable: "/b", there: [user])) == "/b")
    #expect(DatabasePath.toRead(facts(there: [user, DatabasePath.system])) == DatabasePath.system)
    #expect(DatabasePath.toRead(facts(there: [user])) == user)
    #expect(
      DatabasePath.toRead(facts(state: "/s", there: ["/s/connwatch/connwatch.db"]))
        == "/s/connwatch/connwatch.db")
    #expect(DatabasePath.toRead(facts(there: [user], hidden: [DatabasePath.system])) == user)
    #expect(DatabasePath.toRead(facts(hidden: [DatabasePath.system])) == DatabasePath.system)
  }

  @Test func theRecorderTakesTheFirstItMayWrite() throws {
    #expect(try DatabasePath.toWrite(facts(option: "/a")) == "/a")
    #expect(try DatabasePath.toWrite(facts(variable: "/b")) == "/b")
    #expect(try DatabasePath.toWrite(facts(writable: ["/var/lib/connwatch"])) == DatabasePath.system)
    #expect(try DatabasePath.toWrite(facts()) == user)
    #expect(throws: Failure.self) { try DatabasePath.toWrite(facts(home: nil)) }
  }

  @Test(arguments: [("/a/b", "/a"), ("/a", "/"), ("a/b", "a"), ("a", "."), ("/a/b/c.db", "/a/b")])
  func parents(_ path: String, _ parent: String) {
    #expect(DatabasePath.parent(of: path) == parent)
  }
}
