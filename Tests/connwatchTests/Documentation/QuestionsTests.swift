// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Testing

@testable import connwatch

/// Holds docs/QUESTIONS.md to the program and to the scenes that it is made of, as far as that goes without playing
/// them: `Scripts/questions.py` does.
struct QuestionsTests {
  /// A command of the page with what it printed there.
  struct Answer {
    var command: String
    var output: [Substring] = []

    /// The words of connwatch's own part of it: not what feeds it, nor what its output is given to.
    var words: [String]? {
      for part in command.split(separator: "|") {
        let words = part.prefix { !";<>".contains($0) }.split(separator: " ").map(String.init)
        let own = words.first == "sudo" ? Array(words.dropFirst()) : words
        if own.first == "connwatch" { return Array(own.dropFirst()) }
      }
      return nil
    }
  }

  private static func answers() throws -> [Answer] {
    var answers: [Answer] = []
    for block in Documents.code(in: try Documents.read("docs/QUESTIONS.md")) where block.language == "console"
    {
      for line in block.text.split(separator: "\n", omittingEmptySubsequences: false) {
        if line.hasPrefix("$ ") {
          answers.append(Answer(command: String(line.dropFirst(2))))
        } else if !line.isEmpty {
          answers[answers.count - 1].output.append(line)
        }
      }
    }
    return answers
  }

  @Test
  func `Every block says which scene it is of, and there is one`() throws {
    let lines = try Documents.read("docs/QUESTIONS.md").split(
      separator: "\n", omittingEmptySubsequences: false)
    var blocks = 0
    for (number, line) in lines.enumerated() where line == "```console" {
      blocks += 1
      let marker = try #require(
        lines[number - 1].wholeMatch(of: /<!-- (?:here|([a-z]+\.py)[^:]*: [a-z0-9]+(?:, [a-z]+)?) -->/),
        "line \(number + 1)")
      if let scene = marker.1 {
        #expect(FileManager.default.isReadableFile(atPath: Machine.scene(String(scene))), "\(scene)")
      }
    }
    #expect(blocks >= 10)
  }

  @Test
  func `Every command has an answer, and none was refused`() throws {
    for answer in try Self.answers() {
      #expect(!answer.output.isEmpty, "\(answer.command)")
      for line in answer.output {
        #expect(
          !line.hasPrefix("connwatch: unknown") && !line.contains("not found"), "\(answer.command): \(line)")
      }
    }
  }

  @Test
  func `What is shown can be typed, and every question has its command`() throws {
    var shown: Set<String> = []
    for answer in try Self.answers() {
      guard let words = answer.words else { continue }
      shown.insert(words.first ?? "")
      do {
        let plain = words.map { $0.filter { $0 != "'" } }
        // A time in quotes is one word.
        guard !words.contains(where: { $0.hasPrefix("'") && !$0.dropFirst().hasSuffix("'") }) else {
          continue
        }
        _ = try Connwatch.parseAsRoot(try ArgumentOrder.commandFirst(plain))
      } catch {
        Issue.record("\(answer.command): \(Connwatch.message(for: error))")
      }
    }
    #expect(
      shown.isSuperset(of: [
        "services", "history", "events", "listeners", "blocked", "port", "explain", "import",
      ]), "\(shown)")
  }

  @Test
  func `Tables have the columns that they have now`() throws {
    var compared: [String: Int] = [:]
    func compare<Row: OutputRow>(_ row: Row.Type, _ command: String) throws {
      for answer in try Self.answers() where answer.words?.first == command {
        let headers = (answer.output.first ?? "").split(separator: " ").map(String.init)
        // What is no table begins with something else.
        guard headers.first == Row.table.first?.header else { continue }
        // The host is a column where one was asked for.
        #expect(headers.filter { $0 != "HOST" } == Row.table.map(\.header), "\(answer.command)")
        compared[command, default: 0] += 1
      }
    }
    try compare(HistoryRow.self, "history")
    try compare(ServiceRow.self, "services")
    try compare(EventRow.self, "events")
    try compare(ListenerRow.self, "listeners")
    try compare(BlockedRow.self, "blocked")
    for command in ["history", "services", "events", "listeners", "blocked"] {
      #expect((compared[command] ?? 0) >= 1, "\(command)")
    }
  }
}
