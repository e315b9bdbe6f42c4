// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import CTerminal
@preconcurrency import Glibc

/// A terminal that is shown on as a whole: its own screen instead of the lines before it, keys as they are pressed, and
/// everything as it was when it is left, also by a crash. It never waits for the terminal: what that does not take yet is
/// written later, and no frame after it is written before.
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

  let input: Int32
  private let output: TerminalOutput
  private let errors: Int32
  private let color: Bool
  /// The terminal's modes as they were, and as they are on the screen.
  private var before: termios
  private var raw = termios()
  private var isShown = false
  /// What is on the screen, once all that is pending is written; nil where that is not known.
  private var frame: Frame?
  private var kept: KeptErrors?

  /// How long leaving waits for a terminal that takes nothing, in microseconds.
  var patience: Int64 = 1_000_000

  /// Shows an empty screen, once the terminal is this process's to write to: a shell may have started it in the background.
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
    self.output = TerminalOutput(output)
    self.errors = errors
    self.color = color
    let isOurs = Self.waitForForeground(of: input)
    before = try Self.modes(of: input)
    ctm_alternate_stack()
    if isOurs { try show(modes: before) }
  }

  deinit { leave() }

  /// Its rows and columns as it tells them; 80 and 24 where it does not.
  func size() -> Frame.Size {
    var size = winsize()
    guard ioctl(output.descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
      return Frame.Size(columns: 80, rows: 24)
    }
    return Frame.Size(columns: Int(size.ws_col), rows: Int(size.ws_row))
  }

  /// Shows a frame: writes where it differs from the one before. One that is still being written is finished first; where
  /// that does not come to an end now, this frame is not shown.
  func show(_ next: Frame) throws(Failure) {
    guard isShown, !Self.isInterrupted else { return }
    try flush()
    if output.isPending { return }
    let bytes = ScreenWriter.bytes(from: frame, to: next, color: color)
    // Woken after a stop in the middle of that, it may be in the background: ``resume()`` or the end comes first.
    if Self.isInterrupted { return }
    output.add(bytes)
    frame = next
    try flush()
  }

  /// What is to be waited for until it takes more (POLLOUT), before the next frame is shown; -1 where all is written.
  var blockedOutput: Int32 { isShown && output.isPending ? output.descriptor : -1 }

  /// Forgets what is on the screen: the next frame is written whole.
  func redraw() { frame = nil }

  /// Leaves the screen and stops, as every program does that Ctrl-Z is typed to; shows the screen again when the
  /// process goes on in the foreground. Where it goes on in order to end, there is no screen any more. The next frame is
  /// written whole.
  ///
  /// - Parameter stop: returns when the process goes on.
  func suspend(stop: () -> Void = { TerminalScreen.stop(SIGTSTP) }) throws(Failure) {
    leave()
    stop()
    guard Self.waitForForeground(of: input) else { return }
    // The shell may have given it other modes in the meantime.
    before = try Self.modes(of: input)
    try show(modes: before)
  }

  /// Shows the screen again after the process was stopped without being asked (SIGSTOP): somebody else may have used the
  /// terminal. The next frame is written whole.
  func resume() throws(Failure) {
    guard isShown, Self.waitForForeground(of: input) else { return }
    var now = try Self.modes(of: input)
    if !Self.areEqual(&now, &raw) { before = now }
    ctm_crash_disarm()
    try show(modes: before)
  }

  /// Restores everything; nothing where it was done. What is pending of a frame is left out.
  func leave() {
    guard isShown else { return }
    isShown = false
    // The screen's own beginning is not: without it, its end would erase what stood there before.
    if frame != nil { output.drop() }
    frame = nil
    output.add(Self.bytes(Self.leave))
    var isRead = false
    withoutStopping {
      isRead = output.drain(until: SignalWait.monotonic() + patience)
      output.drop()
      set(&before)
    }
    kept?.release(patience: isRead ? Int32(patience / 1000) : 0)
    kept = nil
    // Last: a crash before this restores once more, which does no harm.
    ctm_crash_disarm()
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
    restoration.output = output.descriptor
    restoration.sequences = UnsafeRawPointer(Self.leave.utf8Start).assumingMemoryBound(to: CChar.self)
    restoration.length = Int32(Self.leave.utf8CodeUnitCount)
    restoration.errors = errors
    restoration.errors_before = kept?.before ?? -1
    restoration.errors_outlet = kept?.outlet ?? -1
    restoration.errors_kept = kept?.file ?? -1
    let isArmed = withUnsafePointer(to: modes) {
      restoration.modes = UnsafeRawPointer($0)
      return ctm_crash_arm(&restoration)
    }
    guard isArmed else {
      kept?.release(patience: 0)
      kept = nil
      throw .taken
    }
    isShown = true
    frame = nil
    output.drop()
    guard set(&raw) else {
      let code = errno
      leave()
      throw .unusable(errno: code)
    }
    // As the terminal has understood them, to be compared with.
    raw = try Self.modes(of: input)
    output.add(Self.bytes(Self.enter))
    try flush()
  }

  /// Writes what the terminal takes now.
  private func flush() throws(Failure) {
    if output.flush() { return }
    // What was written of it is not known.
    output.drop()
    frame = nil
    throw .gone
  }

  private static func modes(of terminal: Int32) throws(Failure) -> termios {
    var modes = termios()
    while tcgetattr(terminal, &modes) != 0 {
      if errno != EINTR { throw .unusable(errno: errno) }
    }
    return modes
  }

  /// Sets modes at once: a terminal that is not read would be waited for otherwise (TCSADRAIN), and what was written has
  /// gone through the old ones already. What was typed ahead stays (TCSAFLUSH would drop it): for the screen when it is
  /// entered, for the shell when it is left.
  @discardableResult
  private func set(_ modes: inout termios) -> Bool {
    while tcsetattr(input, TCSANOW, &modes) != 0 {
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

  private static func bytes(_ text: StaticString) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
  }
}
