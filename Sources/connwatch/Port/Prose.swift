// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Sentences for a person, in lines that fit a terminal.
enum Prose {
  /// The width of a line where the terminal does not ask for less.
  static let width = 80

  /// Breaks text at blanks; a word that is longer than a line has one for itself.
  ///
  /// - Parameters:
  ///   - text: as it may be shown: what others chose has been escaped.
  ///   - width: columns of a line, at least 20; 80 where nil or more.
  ///   - indent: blanks before every line but the first.
  static func wrapped(_ text: String, width: Int?, indent: Int = 0) -> String {
    let most = min(max(width ?? Self.width, 20), Self.width)
    var lines: [String] = []
    var line = ""
    var lineWidth = 0
    for word in text.split(separator: " ") {
      let wordWidth = word.unicodeScalars.reduce(0) { $0 + DisplayWidth.of($1) }
      if lineWidth > 0, lineWidth + 1 + wordWidth > most {
        lines.append(line)
        line = String(repeating: " ", count: indent)
        lineWidth = indent
      } else if lineWidth > 0 {
        line += " "
        lineWidth += 1
      }
      line += word
      lineWidth += wordWidth
    }
    lines.append(line)
    return lines.joined(separator: "\n") + "\n"
  }

  /// `a`, `a and b`, `a, b and c`.
  static func list(_ words: [String], _ joint: String = "and") -> String {
    words.count < 2
      ? words.joined() : words.dropLast().joined(separator: ", ") + " \(joint) " + words[words.count - 1]
  }

  /// `1 connection`, `3 connections`.
  static func count(_ number: Int, _ one: String, _ many: String? = nil) -> String {
    number == 1 ? "1 \(one)" : "\(number) \(many ?? one + "s")"
  }
}
