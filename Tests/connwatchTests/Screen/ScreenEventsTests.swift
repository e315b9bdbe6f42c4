// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

@preconcurrency import Glibc
import Testing

@testable import connwatch

/// One at a time: there is one screen in a process, and signals are blocked by the thread.
@Suite(.serialized) struct ScreenTests {
  private func typed(_ bytes: [UInt8]) throws -> [ScreenEvent] {
    let (terminal, events) = try Self.terminal()
    terminal.type(bytes)
    return events.wait(until: .max)
  }

  /// A terminal in raw mode, and the events of it.
  private static func terminal() throws -> (PseudoTerminal, ScreenEvents) {
    let terminal = PseudoTerminal()
    var modes = terminal.termios
    cfmakeraw(&modes)
    terminal.termios = modes
    return (terminal, try #require(ScreenEvents(input: terminal.inside)))
  }

  @Test
  func `Keys come in their order`() throws {
    #expect(
      try typed(Array("a\u{1B}[A\r".utf8)) == [.key(.character("a")), .key(.up), .key(.enter)])
    let paste = String(repeating: "word ", count: 700)
    #expect(try typed(Array("\u{1B}[200~\(paste)\u{1B}[201~".utf8)) == [.key(.paste(paste))])
    #expect(try typed([3]) == [.key(.control("c"))])
  }

  @Test
  func `ESC is a key when nothing follows it`() throws {
    let (terminal, events) = try Self.terminal()
    terminal.type("\u{1B}")
    #expect(events.wait(until: .max) == [.key(.escape)])
    terminal.type("x")
    #expect(events.wait(until: .max) == [.key(.character("x"))])
    // A sequence in two parts, and one whose second part never comes.
    terminal.type("\u{1B}[")
    #expect(events.wait(until: 0) == [.due])
    terminal.type("B")
    #expect(events.wait(until: .max) == [.key(.down)])
    terminal.type("\u{1B}[1;5")
    #expect(events.wait(until: SignalWait.monotonic() + 4 * ScreenEvents.patience) == [.due])
    terminal.type("C")
    #expect(events.wait(until: .max) == [.key(.character("C"))])
  }

  @Test
  func `The time comes, also while somebody types`() throws {
    let (terminal, events) = try Self.terminal()
    #expect(events.wait(until: 0) == [.due])
    #expect(events.wait(until: .min) == [.due])
    #expect(events.wait(until: SignalWait.monotonic() + 2000) == [.due])
    terminal.type("k")
    #expect(events.wait(until: 0) == [.key(.character("k")), .due])
  }

  @Test
  func `Another thread wakes it`() throws {
    let (terminal, events) = try Self.terminal()
    defer { withExtendedLifetime(terminal) {} }
    events.wake()
    events.wake()
    #expect(events.wait(until: .max) == [.woken])
    #expect(events.wait(until: 0) == [.due])
    let waker = events.waker
    var thread = pthread_t()
    let context = Unmanaged.passRetained(waker)
    #expect(
      pthread_create(
        &thread, nil,
        { context in
          Unmanaged<Waker>.fromOpaque(context!).takeRetainedValue().wake()
          return nil
        }, context.toOpaque()) == 0)
    #expect(events.wait(until: .max) == [.woken])
    pthread_join(thread, nil)
  }

  @Test
  func `Signals are events`() throws {
    let (terminal, events) = try Self.terminal()
    for (signals, expected) in [
      ([SIGWINCH, SIGWINCH], [.resize]), ([SIGTERM], [.stop(SIGTERM)]), ([SIGINT], [.stop(SIGINT)]),
      ([SIGHUP, SIGWINCH], [.stop(SIGHUP), .resize]), ([SIGTSTP], [.suspend]), ([SIGCONT], [.resumed]),
      ([SIGCONT, SIGTSTP], [.suspend]), ([SIGTSTP, SIGCONT], [.resumed]),
    ] as [([Int32], [ScreenEvent])] {
      for signal in signals { pthread_kill(pthread_self(), signal) }
      #expect(events.wait(until: .max) == expected)
    }
    pthread_kill(pthread_self(), SIGWINCH)
    terminal.type("x")
    events.wake()
    #expect(events.wait(until: 0) == [.resize, .woken, .key(.character("x")), .due])
  }

  @Test
  func `Signals are blocked only while it is there`() throws {
    func blocked() -> [Bool] {
      var signals = sigset_t()
      pthread_sigmask(SIG_BLOCK, nil, &signals)
      return [SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP, SIGCONT, SIGQUIT].map {
        sigismember(&signals, $0) == 1
      }
    }
    let before = blocked()
    do {
      let (terminal, events) = try Self.terminal()
      withExtendedLifetime((terminal, events)) {
        #expect(blocked() == [true, true, true, true, true, true, before[6]])
      }
    }
    #expect(blocked() == before)
  }

  @Test
  func `Input that has ended is told once`() throws {
    let (terminal, events) = try Self.terminal()
    terminal.type("a\u{1B}")
    #expect(events.wait(until: 0) == [.key(.character("a")), .due])
    terminal.hangUp()
    #expect(events.wait(until: .max) == [.key(.escape), .inputEnded])
    #expect(events.wait(until: 0) == [.due])
    let nothing = try #require(ScreenEvents(input: open("/dev/null", O_RDONLY)))
    #expect(nothing.wait(until: .max) == [.inputEnded])
  }
}
