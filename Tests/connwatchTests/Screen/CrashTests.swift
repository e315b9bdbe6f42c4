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

  /// The real-time signals begin at 34 and end at 64.
  @Test(arguments: [SIGUSR1, SIGALRM, SIGVTALRM, SIGPROF, SIGXCPU, SIGIO, SIGPWR, SIGSTKFLT, 34, 64])
  func `A signal that ends the process restores the terminal`(_ signal: Int32) async throws {
    let terminal = PseudoTerminal()
    let before = terminal.modes
    await #expect(processExitsWith: .signal(signal)) {
      [name = terminal.name as String, signal = signal as Int32] in
      let screen = try CrashTests.begin(name)
      withExtendedLifetime(screen) { _ = kill(getpid(), signal) }
      while true { pause() }
    }
    check(terminal, before)
  }

  @Test
  func `A terminal that is not read does not keep a process from ending`() async throws {
    let terminal = PseudoTerminal()
    let before = terminal.modes
    await #expect(processExitsWith: .signal(SIGUSR2)) { [name = terminal.name as String] in
      let screen = try CrashTests.begin(name)
      _ = try ScreenTests.fill(screen)
      if screen.blockedOutput < 0 { exit(1) }
      withExtendedLifetime(screen) { _ = kill(getpid(), SIGUSR2) }
      while true { pause() }
    }
    #expect(terminal.modes == before)
  }

  @Test
  func `A file that may grow no more is an error, not an end`() async throws {
    let terminal = PseudoTerminal()
    await #expect(processExitsWith: .exitCode(6)) { [name = terminal.name as String] in
      let screen = try CrashTests.begin(name)
      var limit = rlimit(rlim_cur: 1, rlim_max: 1)
      setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
      let file = fileno(tmpfile()!)
      let isTold = write(file, "abc", 3) == 1 && write(file, "d", 1) < 0 && errno == EFBIG
      screen.leave()
      var action = sigaction()
      sigaction(SIGXFSZ, nil, &action)
      exit(isTold && action.__sigaction_handler.sa_handler == nil ? 6 : 7)
    }
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
