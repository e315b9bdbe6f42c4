// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

@preconcurrency import Glibc
import Testing

@testable import connwatch

// One screen at a time.
extension ScreenTests {
  static let entered = "\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l\u{1B}[?2004h\u{1B}[m"
  static let left = "\u{1B}[m\u{1B}[H\u{1B}[2J\u{1B}[?2004l\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l"

  @Test
  func `Leaving restores all that entering has changed`() throws {
    let terminal = PseudoTerminal()
    // Something that is nobody's default.
    terminal.termios.c_cc.4 = 9
    terminal.termios.c_iflag |= tcflag_t(IXANY)
    let before = terminal.modes
    let screen = try TerminalScreen(input: terminal.inside, output: terminal.inside, errors: -1)
    #expect(terminal.shown() == Self.entered)
    #expect(terminal.termios.c_lflag & tcflag_t(ECHO | ICANON | ISIG | IEXTEN) == 0)
    #expect(terminal.termios.c_iflag & tcflag_t(IXON | ICRNL | ISTRIP) == 0)
    #expect(terminal.modes != before)
    screen.leave()
    #expect(terminal.modes == before)
    #expect(terminal.shown() == Self.left)
    screen.leave()
    #expect(terminal.shown() == "")
    try screen.show(Frame(screen.size()))
    #expect(terminal.shown() == "")
    // A screen that nobody holds any more.
    _ = try TerminalScreen(input: terminal.inside, output: terminal.inside, errors: -1)
    #expect(terminal.modes == before)
    #expect(terminal.shown() == Self.entered + Self.left)
  }

  @Test
  func `What was typed ahead is there on both sides`() throws {
    let terminal = PseudoTerminal()
    terminal.type("q")
    let screen = try TerminalScreen(input: terminal.inside, output: terminal.inside, errors: -1)
    let events = try #require(ScreenEvents(input: terminal.inside))
    #expect(events.wait(until: .max) == [.key(.character("q"))])
    terminal.type("ls\r")
    screen.leave()
    var block = [UInt8](repeating: 0, count: 16)
    #expect(read(terminal.inside, &block, block.count) == 3)
  }

  @Test
  func `A frame is written as far as it differs`() throws {
    let terminal = PseudoTerminal()
    let screen = try TerminalScreen(input: terminal.inside, output: terminal.inside, errors: -1)
    #expect(screen.size() == Frame.Size(columns: 40, rows: 5))
    _ = terminal.shown()
    var frame = Frame(screen.size())
    frame.put("one", row: 1, column: 2)
    try screen.show(frame)
    let whole = terminal.shown()
    #expect(whole == "\u{1B}[m\u{1B}[H\u{1B}[2J\u{1B}[?25l\u{1B}[2;3Hone")
    try screen.show(frame)
    #expect(terminal.shown() == "")
    screen.redraw()
    try screen.show(frame)
    #expect(terminal.shown() == whole)
    try screen.resume()
    try screen.show(frame)
    #expect(terminal.shown() == Self.entered + whole)

    var size = winsize(ws_row: 7, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0)
    #expect(ioctl(terminal.outside, UInt(TIOCSWINSZ), &size) == 0)
    #expect(screen.size() == Frame.Size(columns: 80, rows: 24))
  }

  @Test
  func `What is written to standard error waits until the screen is left`() throws {
    let terminal = PseudoTerminal()
    let errors = dup(terminal.inside)
    defer { close(errors) }
    let screen = try TerminalScreen(input: terminal.inside, output: terminal.inside, errors: errors)
    let many = String(repeating: "0123456789", count: 150)
    #expect(write(errors, "one\n", 4) == 4)
    #expect(write(errors, many, 1500) == 1500)
    #expect(isatty(errors) == 0)
    #expect(terminal.shown() == Self.entered)
    screen.leave()
    #expect(terminal.shown() == Self.left + "one\r\n" + many)
    #expect(isatty(errors) == 1)
    // What is no terminal stays where it is.
    let file = open("/dev/null", O_WRONLY)
    defer { close(file) }
    let other = try TerminalScreen(input: terminal.inside, output: terminal.inside, errors: file)
    var status = stat()
    #expect(fstat(file, &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
    other.leave()
  }

  @Test
  func `Stopping leaves the screen and comes back to other modes`() throws {
    let terminal = PseudoTerminal()
    let before = terminal.modes
    let screen = try TerminalScreen(input: terminal.inside, output: terminal.inside, errors: -1)
    let raw = terminal.modes
    try screen.show(Frame(screen.size()))
    _ = terminal.shown()
    var shell: [UInt8] = []
    try screen.suspend {
      #expect(terminal.modes == before)
      #expect(terminal.shown() == Self.left)
      terminal.termios.c_cc.2 = 21
      shell = terminal.modes
    }
    #expect(terminal.shown() == Self.entered)
    #expect(terminal.modes != shell)
    try screen.show(Frame(screen.size()))
    #expect(!terminal.shown().isEmpty)
    // Stopped without being asked: a shell has set its own modes, or has not.
    terminal.termios.c_lflag |= tcflag_t(ECHO | ICANON | ISIG)
    let other = terminal.modes
    try screen.resume()
    #expect(terminal.modes != other)
    try screen.resume()
    screen.leave()
    #expect(terminal.modes == other)
    #expect(raw != other)
  }

  @Test
  func `What is woken in order to end enters no screen`() throws {
    for signal in [SIGINT, SIGTERM, SIGHUP] {
      let terminal = PseudoTerminal()
      let before = terminal.modes
      let events = try #require(ScreenEvents(input: terminal.inside))
      let screen = try TerminalScreen(input: terminal.inside, output: terminal.inside, errors: -1)
      _ = terminal.shown()
      try screen.suspend { pthread_kill(pthread_self(), signal) }
      try screen.show(Frame(screen.size()))
      #expect(terminal.shown() == Self.left)
      #expect(terminal.modes == before)
      let early = try TerminalScreen(input: terminal.inside, output: terminal.inside, errors: -1)
      early.leave()
      #expect(terminal.shown() == "")
      #expect(events.wait(until: .max) == [.stop(signal)])
    }
  }

  @Test
  func `Nothing is written between a stop and its end`() throws {
    let terminal = PseudoTerminal()
    let events = try #require(ScreenEvents(input: terminal.inside))
    let screen = try TerminalScreen(input: terminal.inside, output: terminal.inside, errors: -1)
    _ = terminal.shown()
    for (signal, event) in [(SIGTERM, .stop(SIGTERM)), (SIGCONT, .resumed)] as [(Int32, ScreenEvent)] {
      pthread_kill(pthread_self(), signal)
      try screen.show(Frame(screen.size()))
      #expect(terminal.shown() == "")
      #expect(events.wait(until: .max) == [event])
    }
    try screen.resume()
    try screen.show(Frame(screen.size()))
    #expect(terminal.shown().hasPrefix(Self.entered + "\u{1B}[m\u{1B}[H"))
  }

  @Test
  func `A terminal that has gone is told, and what is none`() throws {
    let terminal = PseudoTerminal()
    let screen = try TerminalScreen(input: terminal.inside, output: terminal.inside, errors: -1)
    #expect(throws: TerminalScreen.Failure.taken) {
      try TerminalScreen(input: terminal.inside, output: terminal.inside, errors: -1)
    }
    terminal.hangUp()
    #expect(throws: TerminalScreen.Failure.gone) { try screen.show(Frame(screen.size())) }
    screen.leave()

    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    defer { ends.forEach { close($0) } }
    #expect(throws: TerminalScreen.Failure.unusable(errno: ENOTTY)) {
      try TerminalScreen(input: ends[0], output: ends[1], errors: -1)
    }
  }
}
