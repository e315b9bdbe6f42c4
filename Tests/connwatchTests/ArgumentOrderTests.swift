// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import connwatch

@Suite struct ArgumentOrderTests {
  @Test(arguments: [
    ("", "list"),
    ("-tulpn", "list -tulpn"),
    ("--json history", "history --json"),
    ("history --since -90m", "history --since=-90m"),
    ("--since -90m history", "history --since=-90m"),
    ("-S -90m history", "history --since=-90m"),
    ("-U -90m -f events", "events --until=-90m -f"),
    ("history -S -90m -U -1m", "history --since=-90m --until=-1m"),
    ("--db a.db db", "db --db=a.db"),
    ("--db a.db db info", "db info --db=a.db"),
    ("db --db a.db info", "db info --db=a.db"),
    ("db --db info", "db --db=info"),
    ("--expected f listeners accept 22", "listeners accept --expected=f 22"),
    ("listeners --expected f --check", "listeners --expected=f --check"),
    ("--at 03:14 direction in", "list --at=03:14 direction in"),
    ("sport = :22", "list sport = :22"),
    ("sport=:22", "list sport=:22"),
    ("!process curl", "list !process curl"),
    ("-tan state established", "list -tan state established"),
    ("-- sport = :22", "list -- sport = :22"),
    ("history -- --since", "history -- --since"),
    ("list -s", "list -s"),
    ("--help", "--help"),
    ("-h", "-h"),
    ("history --help", "history --help"),
    ("--help history", "history --help"),
    ("-V", "--version"),
    ("--json -V history", "--version"),
    ("--columns", "list --columns"),
    ("help history", "help history"),
    ("--limit 5 history", "history --limit=5"),
  ])
  func theCommandComesFirst(_ words: String, _ ordered: String) throws {
    let given = words.split(separator: " ").map(String.init)
    #expect(try ArgumentOrder.commandFirst(given).joined(separator: " ") == ordered)
  }

  @Test(arguments: ["hstory", "Listeners", "10.0.0.1", "", "-", ":22", "established", "\u{1B}[31m"])
  func unknownFirstWords(_ word: String) {
    #expect(throws: Failure.self) { try ArgumentOrder.commandFirst([word]) }
  }
}
