// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The files that people read.
enum Documents {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  static let names = [
    "README.md", "CHANGELOG.md", "docs/DATABASE.md", "docs/PERFORMANCE.md", "docs/QUESTIONS.md",
    "docs/man/connwatch.1",
  ]

  static func read(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: root.appending(path: name)), as: UTF8.self)
  }

  static func manPage() throws -> ManPage { ManPage(try read("docs/man/connwatch.1")) }

  /// What is fenced as code in Markdown, with the language it is said to be in.
  static func code(in markdown: String) -> [(language: String, text: String)] {
    var blocks: [(language: String, text: String)] = []
    var isInside = false
    for line in markdown.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```") {
        if !isInside { blocks.append((String(line.dropFirst(3)), "")) }
        isInside.toggle()
      } else if isInside {
        blocks[blocks.count - 1].text += line + "\n"
      }
    }
    return blocks
  }

  /// The statements in a document: those in blocks of SQL, and those given to the sqlite3 program.
  static func statements(in markdown: String) -> [String] {
    code(in: markdown).flatMap { language, text -> [String] in
      if language == "sql" {
        return text.split(separator: ";").map(String.init).filter { $0.contains { $0.isLetter } }
      }
      return text.matches(of: /\$ (?:sudo )?sqlite3[^'"]*(?:'([^']*)'|"([^"]*)")/).map {
        String($0.1 ?? $0.2 ?? "")
      }
    }
  }

  /// The first cells of the tables under a heading, without their back quotes.
  static func firstCells(under heading: String, in markdown: String) -> [String] {
    var cells: [String] = []
    var isUnder = false
    for line in markdown.split(separator: "\n") {
      if line.hasPrefix("#") {
        isUnder = line.drop { $0 == "#" || $0 == " " } == heading
      } else if isUnder, line.hasPrefix("| `") {
        cells.append(String(line.dropFirst(3).prefix { $0 != "`" }))
      }
    }
    return cells
  }
}
