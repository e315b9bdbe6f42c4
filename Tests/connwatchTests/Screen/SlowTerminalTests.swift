// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

@preconcurrency import Glibc
import Testing

@testable import connwatch

// One screen at a time.
extension ScreenTests {
  private static let large = Frame.Size(columns: 300, rows: 200)

  static func frame(of letter: Character) -> Frame {
    var frame = Frame(large)
    for row in 0..<large.rows {
      frame.put(String(repeating: letter, count: large.columns), row: row, column: 0)
    }
    return frame
  }

  /// Shows frames that nobody reads, until the terminal takes no more.
  ///
  /// - Returns: the one that is stuck.
  static func fill(_ screen: TerminalScreen) throws -> Frame {
    var shown = Frame(large)
    for letter in "abcdefghijklmnop" where screen.blockedOutput < 0 {
      shown = frame(of: letter)
      try screen.show(shown)
    }
    return shown
  }

  /// A terminal that does not take any more, with its screen.
  private func stuck() throws -> (PseudoTerminal, TerminalScreen) {
    let terminal = PseudoTerminal()
    let screen = try TerminalScreen(input: terminal.inside, output: terminal.inside, errors: -1)
    #expect(terminal.shown() == Self.entered)
    _ = try Self.fill(screen)
    #expect(screen.blockedOutput >= 0)
    return (terminal, screen)
  }

  @Test
  func `Keys and signals are heard while nobody reads`() throws {
    let (terminal, screen) = try stuck()
    let events = try #require(ScreenEvents(input: terminal.inside))
    for letter in "xyz" {
      try screen.show(Self.frame(of: letter))
      events.blockedOutput = screen.blockedOutput
      terminal.type("q")
      pthread_kill(pthread_self(), SIGTERM)
      #expect(events.wait(until: 0) == [.stop(SIGTERM), .key(.character("q")), .due])
    }
  }

  @Test
  func `What is read again is right`() throws {
    let (terminal, screen) = try stuck()
    let events = try #require(ScreenEvents(input: terminal.inside))
    // One that is never seen, and one after it.
    try screen.show(Self.frame(of: "y"))
    var last = Frame(Self.large)
    last.put("done", row: 3, column: 7)
    try screen.show(last)
    var shown = ""
    for _ in 0..<100 where screen.blockedOutput >= 0 {
      events.blockedOutput = screen.blockedOutput
      shown += terminal.shown()
      #expect(events.wait(until: .max) == [.writable])
      try screen.show(last)
    }
    #expect(screen.blockedOutput == -1)
    shown += terminal.shown()
    var grid = TerminalGrid(columns: Self.large.columns, rows: Self.large.rows)
    grid.take(Array(shown.utf8))
    #expect(grid.complaints == [])
    #expect(grid.places.map(\.text).joined().filter { $0 != " " } == "done")
    #expect(grid.places[3 * Self.large.columns + 7].text == "d")
  }

  @Test
  func `Leaving does not wait for ever`() throws {
    let terminal = PseudoTerminal()
    let before = terminal.modes
    let errors = dup(terminal.inside)
    defer { close(errors) }
    let screen = try TerminalScreen(input: terminal.inside, output: terminal.inside, errors: errors)
    _ = try Self.fill(screen)
    let many = [UInt8](repeating: 0x2E, count: 100_000)
    #expect(write(errors, many, many.count) == many.count)
    screen.patience = 1000
    screen.leave()
    #expect(terminal.modes == before)
    #expect(isatty(errors) == 1)
    // What others write there waits as before.
    #expect(fcntl(terminal.inside, F_GETFL) & O_NONBLOCK == 0)
    #expect(fcntl(errors, F_GETFL) & O_NONBLOCK == 0)
  }

  @Test
  func `Leaving gets through to a terminal that is read again`() throws {
    let (terminal, screen) = try stuck()
    let reader = Reader(terminal.outside)
    screen.patience = 60_000_000
    screen.leave()
    let bytes = reader.finish { _ = write(terminal.inside, "\u{4}", 1) }
    #expect(String(decoding: bytes, as: UTF8.self).hasSuffix(Self.left + "\u{4}"))
    #expect(screen.blockedOutput == -1)
  }

  @Test
  func `A slow terminal gets all of a frame`() throws {
    let terminal = PseudoTerminal()
    let events = try #require(ScreenEvents(input: terminal.inside))
    let screen = try TerminalScreen(input: terminal.inside, output: terminal.inside, errors: -1)
    let reader = Reader(terminal.outside)
    let frame = Self.frame(of: "x")
    try screen.show(frame)
    while screen.blockedOutput >= 0 {
      events.blockedOutput = screen.blockedOutput
      #expect(events.wait(until: .max) == [.writable])
      try screen.show(frame)
    }
    screen.leave()
    let bytes = reader.finish { _ = write(terminal.inside, "\u{4}", 1) }
    #expect(bytes.filter { $0 == UInt8(ascii: "x") }.count == 60_000)
  }
}
