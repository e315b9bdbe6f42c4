// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import CTerminal
@preconcurrency import Glibc

/// A terminal that is shown on as a whole: its own screen instead of the lines before it, keys as they are pressed, and
/// everything as it was when it is left, also by a crash.
///
/// Of one thread; there is one at a time.
final class TerminalScreen {
  /// Why there is no screen, or none any more.
  enum Failure: Error, Equatable {
    /// It is no terminal, or this process may not have it: an errno.
    case unusable(errno: Int32)
    /// Another one is shown on.
    case taken
    /// It has gone: its window was closed, its line cut.
    case gone
  }

  /// The alternate screen, no cursor, no wrapping at the end of a row, pastes with marks around them, plain letters.
  private static let enter: StaticString = "\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l\u{1B}[?2004h\u{1B}[m"
  /// All of that back. A terminal without an alternate screen is left empty rather than with lines across a picture.
  static let leave: StaticString =
    "\u{1B}[m\u{1B}[H\u{1B}[2J\u{1B}[?2004l\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l"

  private let input: Int32
  private let output: Int32
  private let errors: Int32
  private let color: Bool
  /// The terminal's modes as they were, and as they are on the screen.
  private var before: termios
  private var raw = termios()
  private var isShown = false
  /// What is on the screen; nil where that is not known.
  private var frame: Frame?
  private var kept: KeptErrors?

  /// Shows an empty screen.
  ///
  /// - Parameters:
  ///   - input: where keys come from: a terminal.
  ///   - output: where it is written: the same terminal.
  ///   - errors: what is kept from disturbing the screen while it is shown, where it is a terminal.
  init(
    input: Int32, output: Int32, errors: Int32 = STDERR_FILENO, color: Bool = true
  ) throws(Failure) {
    guard isatty(output) == 1 else { throw .unusable(errno: errno) }
    self.input = input
    self.output = output
    self.errors = errors
    self.color = color
    before = try Self.modes(of: input)
    ctm_alternate_stack()
    try show(modes: before)
  }

  deinit { leave() }

  /// Its rows and columns as it tells them; 80 and 24 where it does not.
  func size() -> Frame.Size {
    var size = winsize()
    guard ioctl(output, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
      return Frame.Size(columns: 80, rows: 24)
    }
    return Frame.Size(columns: Int(size.ws_col), rows: Int(size.ws_row))
  }

  /// Shows a frame: writes where it differs from the one before.
  func show(_ next: Frame) throws(Failure) {
    guard isShown else { return }
    let bytes = ScreenWriter.bytes(from: frame, to: next, color: color)
    // What was written of it is not known where it fails.
    frame = nil
    guard bytes.withUnsafeBytes(write) else { throw .gone }
    frame = next
  }

  /// Forgets what is on the screen: the next frame is written whole.
  func redraw() { frame = nil }

  /// Leaves the screen and stops, as every program does that Ctrl-Z is typed to; shows the screen again when the
  /// process goes on. The next frame is written whole.
  ///
  /// - Parameter stop: returns when the process goes on.
  func suspend(stop: () -> Void = TerminalScreen.stop) throws(Failure) {
    leave()
    stop()
    // The shell may have given it other modes in the meantime.
    before = try Self.modes(of: input)
    try show(modes: before)
  }

  /// Shows the screen again after the process was stopped without being asked (SIGSTOP): somebody else may have used the
  /// terminal. The next frame is written whole.
  func resume() throws(Failure) {
    guard isShown else { return }
    var now = try Self.modes(of: input)
    if !Self.areEqual(&now, &raw) { before = now }
    ctm_crash_disarm()
    try show(modes: before)
  }

  /// Restores everything; nothing where it was done.
  func leave() {
    guard isShown else { return }
    isShown = false
    frame = nil
    withoutStopping {
      _ = write(Self.leave)
      set(&before)
    }
    kept?.release()
    kept = nil
    // Last: a crash before this restores once more, which does no harm.
    ctm_crash_disarm()
  }

  /// Stops the process group, as the terminal does at Ctrl-Z, so that a shell sees its whole job stop. In a group whose
  /// session has nobody who could wake it nothing stops.
  static func stop() {
    var action = sigaction()
    var earlier = sigaction()
    action.__sigaction_handler.sa_handler = SIG_DFL
    sigaction(SIGTSTP, &action, &earlier)
    kill(0, SIGTSTP)
    // Blocked it waits; here it is let through, and this is where the process stops.
    var signals = sigset_t()
    var blocked = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGTSTP)
    pthread_sigmask(SIG_UNBLOCK, &signals, &blocked)
    pthread_sigmask(SIG_SETMASK, &blocked, nil)
    sigaction(SIGTSTP, &earlier, nil)
    // What woke it is no news to whoever waits for signals.
    sigemptyset(&signals)
    sigaddset(&signals, SIGCONT)
    var none = timespec()
    sigtimedwait(&signals, nil, &none)
  }
}

extension TerminalScreen {
  /// Makes it the screen of these modes, and arms what restores them.
  private func show(modes: termios) throws(Failure) {
    raw = modes
    cfmakeraw(&raw)
    // Lines that others write there (wall) begin on the left as before.
    raw.c_oflag = modes.c_oflag
    withUnsafeMutableBytes(of: &raw.c_cc) { characters in
      characters[Int(VMIN)] = 1
      characters[Int(VTIME)] = 0
    }
    if kept == nil { kept = KeptErrors(errors) }
    var restoration = ctm_restoration()
    restoration.terminal = input
    restoration.output = output
    restoration.sequences = UnsafeRawPointer(Self.leave.utf8Start).assumingMemoryBound(to: CChar.self)
    restoration.length = Int32(Self.leave.utf8CodeUnitCount)
    restoration.errors = errors
    restoration.errors_before = kept?.before ?? -1
    restoration.errors_kept = kept?.file ?? -1
    let isArmed = withUnsafePointer(to: modes) {
      restoration.modes = UnsafeRawPointer($0)
      return ctm_crash_arm(&restoration)
    }
    guard isArmed else {
      kept?.release()
      kept = nil
      throw .taken
    }
    isShown = true
    frame = nil
    guard set(&raw) else {
      let code = errno
      leave()
      throw .unusable(errno: code)
    }
    // As the terminal has understood them, to be compared with.
    raw = try Self.modes(of: input)
    guard write(Self.enter) else { throw .gone }
  }

  private static func modes(of terminal: Int32) throws(Failure) -> termios {
    var modes = termios()
    while tcgetattr(terminal, &modes) != 0 {
      if errno != EINTR { throw .unusable(errno: errno) }
    }
    return modes
  }

  /// Sets modes when all that was written has gone out, which the old ones apply to. What was typed ahead stays
  /// (TCSAFLUSH would drop it): for the screen when it is entered, for the shell when it is left.
  @discardableResult
  private func set(_ modes: inout termios) -> Bool {
    while tcsetattr(input, TCSADRAIN, &modes) != 0 {
      if errno != EINTR { return false }
    }
    return true
  }

  /// In the background a terminal stops whoever sets its modes; not one that is about to end.
  private func withoutStopping(_ body: () -> Void) {
    var signals = sigset_t()
    var blocked = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGTTOU)
    pthread_sigmask(SIG_BLOCK, &signals, &blocked)
    body()
    pthread_sigmask(SIG_SETMASK, &blocked, nil)
  }

  private static func areEqual(_ left: inout termios, _ right: inout termios) -> Bool {
    left.c_iflag == right.c_iflag && left.c_oflag == right.c_oflag && left.c_cflag == right.c_cflag
      && left.c_lflag == right.c_lflag
      && withUnsafeBytes(of: &left.c_cc) { left in
        withUnsafeBytes(of: &right.c_cc) { right in left.elementsEqual(right) }
      }
  }

  /// Writes all, and waits for the terminal where it must not be waited for in write(2) itself.
  ///
  /// - Returns: false where it has gone.
  private func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = Glibc.write(output, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if written >= 0 {
        rest = rest.dropFirst(written)
      } else if errno == EAGAIN {
        var room = pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
        poll(&room, 1, -1)
      } else if errno != EINTR {
        return false
      }
    }
    return true
  }

  private func write(_ text: StaticString) -> Bool {
    write(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }
}
