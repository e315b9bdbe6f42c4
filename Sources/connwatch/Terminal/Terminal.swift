// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

@preconcurrency import Glibc

/// When output is coloured.
enum ColorChoice: String, CaseIterable, Sendable {
  /// On a terminal that can, unless NO_COLOR says no.
  case auto
  /// Always, also into a pipe.
  case always
  /// Never.
  case never
}

/// What is known of the place that standard output goes to. The decisions are pure, so that tests can state facts.
struct Terminal: Equatable, Sendable {
  /// True for a terminal, isatty(3).
  var isTTY: Bool
  /// The columns that the terminal says it has (TIOCGWINSZ), nil where it does not say.
  var windowColumns: Int?
  /// `$COLUMNS`.
  var columnsVariable: String?
  /// `$NO_COLOR` (no-color.org).
  var noColorVariable: String?
  /// `$TERM`.
  var term: String?

  /// Looks at a descriptor and the environment.
  static func look(at descriptor: Int32 = STDOUT_FILENO) -> Terminal {
    var size = winsize()
    let isTTY = isatty(descriptor) == 1
    let isKnown = isTTY && ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    return Terminal(
      isTTY: isTTY, windowColumns: isKnown ? Int(size.ws_col) : nil, columnsVariable: variable("COLUMNS"),
      noColorVariable: variable("NO_COLOR"), term: variable("TERM"))
  }

  private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  /// The columns to fit a table in, nil for no limit: `$COLUMNS`, what the terminal says, or 80; no limit where it
  /// is no terminal, since nothing wraps in a file.
  var width: Int? {
    guard isTTY else { return nil }
    if let columnsVariable, let columns = Int(columnsVariable), columns > 0 { return columns }
    return windowColumns ?? 80
  }

  /// True where output is coloured. An option given outweighs the environment.
  func isColored(_ choice: ColorChoice) -> Bool {
    switch choice {
    case .always: true
    case .never: false
    case .auto: isTTY && (noColorVariable ?? "").isEmpty && term != "dumb"
    }
  }
}
