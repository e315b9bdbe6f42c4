// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

@preconcurrency import Glibc
import Testing

@testable import connwatch

/// Processes of their own that die with a screen on a terminal of the test's.
struct CrashTests {
  /// Shows a screen on a terminal and writes to standard error.
  static func begin(_ name: String) throws -> TerminalScreen {
    let terminal = open(name, O_RDWR | O_NOCTTY)
    let errors = dup(terminal)
    let screen = try TerminalScreen(input: terminal, output: terminal, errors: errors)
    _ = write(errors, "last words", 10)
    return screen
  }

  private func check(_ terminal: PseudoTerminal, _ before: [UInt8]) {
    #expect(terminal.modes == before)
    #expect(terminal.shown() == ScreenTests.entered + ScreenTests.left + "last words")
  }

  @Test
  func `Aborting restores the terminal`() async throws {
    let terminal = PseudoTerminal()
    let before = terminal.modes
    await #expect(processExitsWith: .signal(SIGABRT)) { [name = terminal.name as String] in
      let screen = try CrashTests.begin(name)
      withExtendedLifetime(screen) { abort() }
    }
    check(terminal, before)
  }

  @Test
  func `A fault restores the terminal`() async throws {
    let terminal = PseudoTerminal()
    let before = terminal.modes
    await #expect(processExitsWith: .signal(SIGSEGV)) { [name = terminal.name as String] in
      let screen = try CrashTests.begin(name)
      withExtendedLifetime(screen) { UnsafeMutablePointer<Int>(bitPattern: 8)!.pointee = 1 }
    }
    check(terminal, before)
  }

  @Test
  func `A signal from outside restores the terminal`() async throws {
    let terminal = PseudoTerminal()
    let before = terminal.modes
    await #expect(processExitsWith: .signal(SIGQUIT)) { [name = terminal.name as String] in
      let screen = try CrashTests.begin(name)
      withExtendedLifetime(screen) { _ = kill(getpid(), SIGQUIT) }
      while true { pause() }
    }
    check(terminal, before)
  }

  @Test
  func `Exiting without leaving restores the terminal`() async throws {
    let terminal = PseudoTerminal()
    let before = terminal.modes
    await #expect(processExitsWith: .exitCode(3)) { [name = terminal.name as String] in
      let screen = try CrashTests.begin(name)
      withExtendedLifetime(screen) { exit(3) }
    }
    check(terminal, before)
  }

  /// Of a session of its own nobody could wake it.
  @Test
  func `Nothing stops that nobody could wake`() async throws {
    let terminal = PseudoTerminal()
    let before = terminal.modes
    await #expect(processExitsWith: .exitCode(4)) { [name = terminal.name as String] in
      guard setsid() > 0 else { exit(5) }
      let screen = try CrashTests.begin(name)
      try screen.suspend()
      screen.leave()
      exit(4)
    }
    #expect(terminal.modes == before)
    #expect(
      terminal.shown() == ScreenTests.entered + ScreenTests.left + "last words" + ScreenTests.entered
        + ScreenTests.left)
  }
}
