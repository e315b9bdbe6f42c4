// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A terminal that a test types at and looks at: a tmux server of its own with one shell in it.
///
/// The server is a child of the stage's, and not a daemon: when the test ends it is killed, and with it all that runs
/// in the terminal.
final class TmuxScreen {
  /// What a terminal shows at one moment.
  struct Picture {
    /// Its rows, without the blanks at their ends.
    var lines: [String]
    var columns: Int
    var rows: Int
    /// The screen of a full-screen program is shown, and not the one of the shell.
    var isAlternate: Bool
    var showsCursor: Bool
    var cursor: (row: Int, column: Int)
    /// The window's title, as the program has set it.
    var title: String

    var text: String { lines.joined(separator: "\n") }
    /// The last row.
    var bottom: String { lines.last ?? "" }

    func contains(_ text: String) -> Bool { lines.contains { $0.contains(text) } }

    /// The row of a socket of loopback by its two ports, as the view of connections has it.
    func row(_ local: Int, _ remote: Int) -> String? {
      lines.first { line in
        let words = line.split(separator: " ")
        guard let place = words.firstIndex(of: "127.0.0.1:\(local)") else { return false }
        return words[(place + 1)...].contains("127.0.0.1:\(remote)")
      }
    }

    /// What stands in front of that row.
    func mark(_ local: Int, _ remote: Int) -> Character? { row(local, remote)?.first }

    /// The first row that has all of these.
    func line(_ texts: String...) -> String? {
      lines.first { line in texts.allSatisfy { line.contains($0) } }
    }

    /// Rows from this one to that one, both left out.
    func lines(after first: String, before last: String) -> [String] {
      guard let start = lines.firstIndex(where: { $0.contains(first) }) else { return [] }
      let rest = lines[(start + 1)...]
      return Array(rest.prefix { !$0.contains(last) })
    }

    /// True where no row is longer than the terminal is wide.
    var fits: Bool { lines.count == rows && lines.allSatisfy { Self.width(of: $0) <= columns } }

    /// The column in which a text begins in a row, counted in cells.
    func column(of text: String, in line: String) -> Int? {
      line.range(of: text).map { Self.width(of: String(line[..<$0.lowerBound])) }
    }

    /// The cells that a text takes, as the C library counts them.
    static func width(of text: String) -> Int {
      text.unicodeScalars.reduce(0) { $0 + max(0, Int(Self.wcwidth(wchar_t($1.value)))) }
    }

    /// wcwidth(3), which the module of the C library leaves out.
    private static func wcwidth(_ character: wchar_t) -> Int32 {
      let earlier = uselocale(utf8)
      defer { uselocale(earlier) }
      return function(character)
    }

    private static let function = unsafeBitCast(
      dlsym(nil, "wcwidth"), to: (@convention(c) (wchar_t) -> Int32).self)
    nonisolated(unsafe) private static let utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nil)
  }

  /// What the shell asks with.
  static let prompt = "shell>"

  /// Everything that programs have written to the terminal, byte by byte.
  let written: String
  private let stage: Stage
  private let socket: String
  let server: Child
  private var commands = 0
  private(set) var latest = Picture(
    lines: [], columns: 0, rows: 0, isAlternate: false, showsCursor: true, cursor: (0, 0), title: "")

  private init(_ stage: Stage, _ socket: String, _ server: Child, written: String) {
    self.stage = stage
    self.socket = socket
    self.server = server
    self.written = written
  }

  /// Opens a terminal with a shell in the stage's directory, and waits for its prompt.
  static func open(
    _ stage: Stage, in namespace: String? = nil, columns: Int = 80, rows: Int = 24,
    environment: [String: String?] = [:]
  ) async throws -> TmuxScreen {
    let socket = stage.path("tmux-\(UUID().uuidString.prefix(4))")
    let server = try stage.start(
      ["tmux", "-S", socket, "-f", "/dev/null", "-D"], in: namespace, environment: environment)
    try await eventually("tmux to listen\n\(server.errors)") { access(socket, F_OK) == 0 }
    let screen = TmuxScreen(stage, socket, server, written: socket + ".bytes")
    try await screen.tmux(
      ["set-option", "-g", "status", "off"] + [";", "set-option", "-g", "escape-time", "0"]
        + [";", "set-option", "-g", "default-shell", "/bin/sh"]
        + [";", "new-session", "-d", "-s", "s", "-x", "\(columns)", "-y", "\(rows)", "-c", stage.directory]
        + ["env", "PS1=\(prompt) ", "/bin/sh"]
        + [";", "pipe-pane", "-t", "s", "-O", "cat >> \(screen.written)"])
    try await screen.wait("a prompt") { $0.lines.first?.hasPrefix(prompt) == true }
    return screen
  }

  @discardableResult
  private func tmux(_ words: [String]) async throws -> String {
    try await stage.tool(["tmux", "-S", socket] + words)
  }

  // MARK: - Typing

  /// Presses keys by their names: `Enter`, `C-z`, `PageDown`.
  func press(_ keys: String...) async throws { try await tmux(["send-keys", "-t", "s"] + keys) }

  /// Types a text, all of it at once.
  func type(_ text: String) async throws { try await tmux(["send-keys", "-t", "s", "-l", "--", text]) }

  /// Sends bytes as they are, in one or several pieces.
  func send(_ pieces: [UInt8]...) async throws {
    var words: [String] = []
    for piece in pieces {
      words +=
        (words.isEmpty ? [] : [";"]) + ["send-keys", "-t", "s", "-H"] + piece.map { String($0, radix: 16) }
    }
    try await tmux(words)
  }

  /// Pastes, with the marks that a program has asked for around it.
  func paste(_ text: String) async throws {
    try await tmux([
      "set-buffer", "-b", "b", "--", text, ";", "paste-buffer", "-p", "-r", "-b", "b", "-t", "s",
    ])
  }

  /// Types a command at the prompt.
  func enter(_ line: String) async throws {
    try await type(line)
    try await press("Enter")
  }

  /// Runs a command in the shell, on an empty screen, and waits for the prompt after it.
  @discardableResult
  func shell(_ line: String) async throws -> Picture {
    commands += 1
    let done = "done-\(commands)"
    try await tmux(["send-keys", "-t", "s", "-R", ";", "clear-history", "-t", "s"])
    try await enter("\(line); echo \(done)")
    return try await wait("the end of \(line)") { picture in
      picture.isAtPrompt && picture.lines.contains(done)
    }
  }

  /// Waits until the shell asks again.
  @discardableResult
  func promptReturns() async throws -> Picture {
    try await wait("the shell to ask again") { $0.isAtPrompt }
  }

  func resize(_ columns: Int, _ rows: Int) async throws {
    try await tmux(["resize-window", "-t", "s", "-x", "\(columns)", "-y", "\(rows)"])
  }

  /// Sets the window's title from outside.
  func setTitle(_ title: String) async throws { try await tmux(["select-pane", "-t", "s", "-T", title]) }

  // MARK: - Looking

  /// What is shown now.
  @discardableResult
  func look() async throws -> Picture {
    let answer = try await tmux([
      "display-message", "-p", "-t", "s",
      "#{alternate_on} #{cursor_flag} #{cursor_y} #{cursor_x} #{pane_width} #{pane_height} #{pane_title}",
      ";", "capture-pane", "-p", "-t", "s",
    ])
    var lines = answer.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let words = lines.removeFirst().split(separator: " ", maxSplits: 6, omittingEmptySubsequences: false)
    let numbers = words.prefix(6).compactMap { Int($0) }
    guard words.count == 7, numbers.count == 6 else { throw TestFailure("tmux: \(answer)") }
    if lines.last?.isEmpty == true { lines.removeLast() }
    latest = Picture(
      lines: lines, columns: numbers[4], rows: numbers[5], isAlternate: numbers[0] == 1,
      showsCursor: numbers[1] == 1, cursor: (numbers[2], numbers[3]), title: String(words[6]))
    return latest
  }

  /// The rows with their colours and other looks, as escape sequences.
  func looks() async throws -> [String] {
    try await tmux(["capture-pane", "-p", "-e", "-t", "s"]).split(
      separator: "\n", omittingEmptySubsequences: false
    ).map(String.init)
  }

  /// Waits until the terminal shows something.
  @discardableResult
  func wait(
    _ what: String, within seconds: Double = 20, _ condition: (Picture) throws -> Bool
  ) async throws -> Picture {
    try await eventually("\(what) on the screen:\n\(latest.text)", within: seconds) {
      try condition(try await look())
    }
    return latest
  }

  /// Waits until a row has all of these texts.
  @discardableResult
  func waitForLine(_ texts: String...) async throws -> Picture {
    try await wait("a line with \(texts)") { picture in
      picture.lines.contains { line in texts.allSatisfy { line.contains($0) } }
    }
  }

  /// Waits until a text is nowhere.
  @discardableResult
  func waitForNo(_ text: String) async throws -> Picture {
    try await wait("no \(text)") { !$0.contains(text) }
  }
}

extension TmuxScreen.Picture {
  /// The shell asks, and nothing is typed yet.
  var isAtPrompt: Bool {
    !isAlternate && lines.last { !$0.isEmpty } == TmuxScreen.prompt
  }
}
