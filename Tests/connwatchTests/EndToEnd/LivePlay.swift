// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// `connwatch live` in a terminal of a namespace.
struct LivePlay {
  let stage: Stage
  let screen: TmuxScreen
  /// The terminal's modes before, as stty(1) tells them.
  private(set) var modes = ""

  /// Opens a terminal. `./live` there begins what is tested, and writes its process's number to a file.
  static func begin(
    _ stage: Stage, in namespace: String, columns: Int = 80, rows: Int = 24,
    environment: [String: String?] = ["SWIFT_BACKTRACE": "enable=no"]
  ) async throws -> LivePlay {
    let script = """
      #!/bin/sh
      ulimit -c 0
      echo $$ > '\(stage.path("live.pid"))'
      exec '\(try #require(Machine.connwatch))' live --interval "${EVERY:-200ms}" "$@"
      """
    let path = stage.path("live")
    try script.write(toFile: path, atomically: true, encoding: .utf8)
    chmod(path, 0o755)
    let screen = try await TmuxScreen.open(
      stage, in: namespace, columns: columns, rows: rows, environment: environment)
    var play = LivePlay(stage: stage, screen: screen)
    play.modes = try await play.currentModes()
    return play
  }

  /// Starts it, and waits until it shows a table.
  @discardableResult
  func live(_ options: String = "", every: String = "200ms") async throws -> TmuxScreen.Picture {
    try? FileManager.default.removeItem(atPath: stage.path("live.pid"))
    try await screen.enter("EVERY=\(every) ./live \(options)")
    return try await shown()
  }

  /// Waits until it shows a table.
  @discardableResult
  func shown() async throws -> TmuxScreen.Picture {
    try await screen.wait("the live view") {
      $0.isAlternate && $0.bottom.contains("quit") && !$0.contains("reading…")
    }
  }

  /// The process that shows.
  func pid() async throws -> pid_t {
    var pid: pid_t = 0
    try await eventually("the process's number") {
      let text = try? String(contentsOfFile: stage.path("live.pid"), encoding: .utf8)
      pid = text.flatMap { Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) } ?? 0
      return pid > 0
    }
    return pid
  }

  /// The terminal's modes as they are while the shell asks.
  func currentModes() async throws -> String {
    try await screen.shell("stty -a > modes; stty -g >> modes")
    return try String(contentsOfFile: stage.path("modes"), encoding: .utf8)
  }

  /// The status of the last command: asks the shell, which must be at its prompt.
  func lastStatus() async throws -> Int32 {
    let path = stage.path("status")
    try? FileManager.default.removeItem(atPath: path)
    try await screen.enter("echo $? > status")
    var status: Int32?
    try await eventually("a status") {
      let text = try? String(contentsOfFile: path, encoding: .utf8)
      status = text.flatMap { Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
      return status != nil
    }
    return status ?? -1
  }

  /// Quits, and waits for the shell.
  @discardableResult
  func quit() async throws -> TmuxScreen.Picture {
    try await screen.press("q")
    return try await screen.promptReturns()
  }

  /// Expects the terminal, where the shell asks, to be as it was before.
  func expectRestored(sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let picture = try await screen.look()
    #expect(!picture.isAlternate, sourceLocation: sourceLocation)
    #expect(picture.showsCursor, sourceLocation: sourceLocation)
    // Lines wrap again, and a paste comes without marks around it.
    let long = String(repeating: "x", count: picture.columns)
    try await screen.paste(": " + long)
    let prompt = TmuxScreen.prompt + " : "
    let first = prompt + long.dropLast(prompt.count)
    try await screen.wait("a pasted line that wraps") { picture in
      guard let place = picture.lines.lastIndex(of: first), place + 1 < picture.lines.count else {
        return false
      }
      return picture.lines[place + 1] == String(repeating: "x", count: prompt.count)
    }
    try await screen.press("C-c")
    try await screen.promptReturns()
    let after = try await currentModes()
    #expect(!modes.isEmpty && after == modes, sourceLocation: sourceLocation)
  }
}
