// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Text in lines of a width.
enum Paragraph {
  /// Appends a text that has been escaped, wrapped at blanks, each line indented. A word that is wider than a line has
  /// one of its own.
  static func append(_ text: String, width: Int, indent: Int, to lines: inout String) {
    let margin = String(repeating: " ", count: indent)
    var used = 0
    for word in text.split(separator: " ") {
      let columns = DisplayWidth.of(String(word))
      if used > 0, indent + used + 1 + columns > width {
        lines += "\n"
        used = 0
      }
      lines += used == 0 ? margin : " "
      lines += word
      used += columns + (used == 0 ? 0 : 1)
    }
    if used > 0 { lines += "\n" }
  }
}
