// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// A manual page in man(7), as far as the tests need to read it: its sections as plain text, and the tags of its
/// tagged paragraphs.
struct ManPage {
  /// A section, or a part of one.
  struct Part {
    /// The text, blanks and line breaks as single blanks.
    var text = ""
    /// What the tagged paragraphs (`.TP`, `.TQ`) are headed by.
    var tags: [String] = []

    /// The first words of the tags: keys and columns.
    var terms: [String] { tags.compactMap { $0.split(separator: " ").first.map(String.init) } }

    /// The options that head tagged paragraphs: `-t`, `--since`.
    var options: [String] {
      tags.flatMap { $0.split(whereSeparator: { " ,=".contains($0) }) }.map(String.init)
        .filter { $0.hasPrefix("-") }
    }
  }

  /// Sections by their names, those within one as `COMMANDS/list`; a section's own part is what is before them.
  private(set) var parts: [String: Part] = [:]
  /// The names of `parts` in the order of the page.
  private(set) var order: [String] = []

  subscript(_ name: String) -> Part? { parts[name] }

  init(_ source: String) {
    var section = ""
    var name = ""
    var isTag = false
    for line in source.split(separator: "\n") {
      if line.hasPrefix(".\\\"") { continue }
      guard line.hasPrefix(".") else {
        add(Self.plain(line), to: name, isTag: isTag)
        isTag = false
        continue
      }
      let words = Self.arguments(line.dropFirst())
      let arguments = words.dropFirst().map(Self.plain)
      switch words.first {
      case "SH":
        section = arguments.joined(separator: " ")
        name = section
        isTag = false
      case "SS":
        name = section + "/" + arguments.joined(separator: " ")
        isTag = false
      case "TP", "TQ": isTag = true
      case "B", "I":
        add(arguments.joined(separator: " "), to: name, isTag: isTag)
        isTag = false
      case "BR", "RB", "IR", "RI", "BI", "IB":
        add(arguments.joined(), to: name, isTag: isTag)
        isTag = false
      default: break
      }
    }
  }

  private mutating func add(_ text: String, to name: String, isTag: Bool) {
    if parts[name] == nil { order.append(name) }
    var part = parts[name] ?? Part()
    for word in text.split(separator: " ") { part.text += (part.text.isEmpty ? "" : " ") + word }
    if isTag { part.tags.append(text) }
    parts[name] = part
  }

  /// The words of a request line, quoted ones whole.
  private static func arguments(_ line: Substring) -> [Substring] {
    var words: [Substring] = []
    var rest = line
    while let first = rest.first(where: { $0 != " " }) {
      rest = rest.drop { $0 == " " }
      if first == "\"" {
        rest = rest.dropFirst()
        words.append(rest.prefix { $0 != "\"" })
        rest = rest.drop { $0 != "\"" }.dropFirst()
      } else {
        words.append(rest.prefix { $0 != " " })
        rest = rest.drop { $0 != " " }
      }
    }
    return words
  }

  /// Text without the formatter's escapes: groff_char(7).
  static func plain(_ source: Substring) -> String {
    var text = ""
    var rest = source
    while let character = rest.popFirst() {
      guard character == "\\" else {
        text.append(character)
        continue
      }
      switch rest.popFirst() {
      case "f": rest = rest.first == "(" ? rest.dropFirst(3) : rest.dropFirst()
      case "(":
        let name = String(rest.prefix(2))
        rest = rest.dropFirst(2)
        text += ["aq": "'", "dq": "\"", "ha": "^", "ti": "~", "rs": "\\"][name] ?? "?"
      case "-": text += "-"
      case " ": text += " "
      case "e": text += "\\"
      default: break
      }
    }
    return text
  }
}
