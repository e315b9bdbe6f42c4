// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// What the keys do.
enum HelpPage {
  /// The keys, by what they are for. The manual has each of them.
  static let keys: [(title: String, keys: [(key: String, what: String)])] = [
    (
      "Views",
      [
        ("1 2 3 4", "connections, listeners, services, events"),
        ("Tab", "the next view"),
        ("Enter", "everything of a line: its states with times, its process, and earlier ones like it"),
        ("e", "explain a line in words"),
        ("a", "group by process; Enter folds a group"),
        ("?", "these keys"),
      ]
    ),
    (
      "Moving",
      [
        ("j k arrows", "a line down, a line up"),
        ("PgDn PgUp", "a screen"),
        ("g G Home End", "the first line, the last"),
      ]
    ),
    (
      "What is shown",
      [
        ("/", "filter as you type, as in connwatch list: state estab and dport = :443"),
        ("Esc", "no filter; out of where one is"),
        ("s S", "sort by the next column; the other way round"),
        ("p", "ports by number or by name"),
        ("d", "hosts by name, looked up in the background"),
        ("t", "keep connections that have closed"),
        ("x", "export what is shown: .json, .csv, or a table"),
      ]
    ),
    (
      "Time",
      [
        ("Space", "pause, and go on"),
        ("+ -", "refresh more often, less often"),
        ("[ ]", "back one sample, and on"),
        ("{ }", "back ten minutes, and on"),
        ("@", "go to a time: 03:14, -2h, yesterday 10:00"),
        ("n", "return to now"),
      ]
    ),
    (
      "Leaving",
      [("q Ctrl-C", "quit"), ("Ctrl-Z", "suspend; fg comes back"), ("Ctrl-L", "draw again")]
    ),
  ]

  /// Marks in front of a row.
  static let marks: [(mark: String, look: Look, what: String)] = [
    ("+", Look(.green), "new, for three refreshes"),
    ("~", Look(.yellow), "in another state"),
    ("-", Look(.red), "closed, and gone after three refreshes"),
    ("!", Look(.brightRed), "a listener that is not expected; in events, a stretch that nobody watched"),
  ]

  static func page(width: Int) -> Page {
    var lines: [Page.Line] = []
    let indent = 16
    for section in keys {
      if !lines.isEmpty { lines.append([]) }
      lines.append([Page.Run(section.title, .bold)])
      for (key, what) in section.keys {
        for (index, text) in wrap(what, to: width - indent - 1).enumerated() {
          let head = index == 0 ? "  " + key : ""
          let padding = String(repeating: " ", count: max(1, indent - DisplayWidth.of(head)))
          lines.append([Page.Run(head + padding, Look(.cyan)), Page.Run(text)])
        }
      }
    }
    lines.append([])
    lines.append([Page.Run("Marks", .bold)])
    for (mark, look, what) in marks {
      for (index, text) in wrap(what, to: width - indent - 1).enumerated() {
        let head = index == 0 ? "  " + mark : ""
        lines.append([
          Page.Run(head + String(repeating: " ", count: indent - DisplayWidth.of(head)), look),
          Page.Run(text),
        ])
      }
    }
    return Page(title: "Keys", lines: lines)
  }

  private static func wrap(_ text: String, to width: Int) -> [String] {
    var wrapped = ""
    Paragraph.append(text, width: max(10, width), indent: 0, to: &wrapped)
    return wrapped.split(separator: "\n").map { String($0) }
  }
}
