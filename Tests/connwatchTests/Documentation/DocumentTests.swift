// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConnCore
import Testing

@testable import connwatch

struct DocumentTests {
  @Test
  func `Every command is in the README`() throws {
    let readme = try Documents.read("README.md")
    for command in try CommandDump.load().shown where command.commandName != "help" {
      #expect(readme.contains("connwatch \(command.commandName)"), "\(command.commandName)")
      for inner in command.shown {
        #expect(readme.contains("\(command.commandName) \(inner.commandName)"), "\(inner.commandName)")
      }
    }
  }

  @Test
  func `The version is in the change log`() throws {
    #expect(try Documents.read("CHANGELOG.md").contains("## [\(Connwatch.version)]"))
  }

  @Test(arguments: Documents.names)
  func `What can be typed can be parsed`(document: String) throws {
    // Commands in examples: the words up to a pipe, a redirection or a comment.
    let text = try Documents.read(document)
    let isPage = document.hasSuffix(".1")
    let code = isPage ? ManPage.plain(text[...]) : Documents.code(in: text).map(\.text).joined()
    var count = 0
    for line in code.split(separator: "\n") {
      guard let command = line.firstMatch(of: /^(?:\$|\#) (?:sudo )?connwatch( .*)?$/) else { continue }
      count += 1
      let words = try #require(shellWords(String(command.1 ?? "")), "\(line)")
      do {
        let ordered = try ArgumentOrder.commandFirst(words)
        if ordered != ["--version"] { _ = try Connwatch.parseAsRoot(ordered) }
      } catch {
        Issue.record("\(line): \(Connwatch.message(for: error))")
      }
    }
    if document == "README.md" { #expect(count >= 10) }
    if isPage { #expect(count >= 8) }
  }

  /// Words as a shell would split them, up to a pipe, `&`, `;`, `<`, `>` or a comment; nil where a quote is not closed.
  private func shellWords(_ line: String) -> [String]? {
    var words: [String] = []
    var word: String?
    var quote: Character?
    for character in line {
      if let open = quote {
        if character == open { quote = nil } else { word?.append(character) }
      } else if character == "'" || character == "\"" {
        quote = character
        word = word ?? ""
      } else if "|&;<>".contains(character) || (character == "#" && word == nil) {
        break
      } else if character == " " {
        if let done = word { words.append(done) }
        word = nil
      } else {
        word = (word ?? "") + String(character)
      }
    }
    if let done = word { words.append(done) }
    return quote == nil ? words : nil
  }

  @Test(arguments: Documents.names)
  func `Prose is plain`(document: String) throws {
    let text = try Documents.read(document)
    for word in [
      "blazing", "seamless", "powerful", "effortless", "cutting-edge", "next-generation", "revolutionary",
      "battle-tested", "game-chang", "world-class", "supercharge", "coming soon", "roadmap", "simply", "TODO",
      "FIXME", "/root/", "/home/",
    ] {
      #expect(!text.lowercased().contains(word.lowercased()), "\(word)")
    }
    for scalar in text.unicodeScalars where scalar.properties.isEmojiPresentation || scalar.value == 0x2014 {
      Issue.record("U+\(String(scalar.value, radix: 16, uppercase: true))")
    }
  }

  @Test(arguments: Documents.names)
  func `Addresses are those set apart for documentation, or private`(document: String) throws {
    // RFC 5737 and RFC 3849, and for measurements RFC 2544.
    let documentation = ["192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:", "198.18.", "198.19."]
    for match in try Documents.read(document).matches(of: /\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b/) {
      let address = try #require(IPAddress(String(match.0)), "\(match.0)")
      #expect(
        address.isUnspecified || address.isLoopback || address.isPrivate
          || documentation.contains { match.0.hasPrefix($0) }, "\(match.0)")
    }
  }
}
