// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

@preconcurrency import Glibc

// How a shell's job stops and goes on.
extension TerminalScreen {
  /// Stops the process group, as the terminal does at Ctrl-Z, so that a shell sees its whole job stop. In a group whose
  /// session has nobody who could wake it nothing stops.
  ///
  /// - Parameter signal: SIGTSTP, or SIGTTOU for want of the terminal.
  /// - Returns: true where the process was stopped and goes on; told only where SIGCONT is blocked.
  @discardableResult
  static func stop(_ signal: Int32) -> Bool {
    var action = sigaction()
    var earlier = sigaction()
    action.__sigaction_handler.sa_handler = SIG_DFL
    sigaction(signal, &action, &earlier)
    kill(0, signal)
    // Blocked it waits; here it is let through, and this is where the process stops.
    var signals = sigset_t()
    var blocked = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, signal)
    pthread_sigmask(SIG_UNBLOCK, &signals, &blocked)
    pthread_sigmask(SIG_SETMASK, &blocked, nil)
    sigaction(signal, &earlier, nil)
    // What woke it is no news to whoever waits for signals.
    sigemptyset(&signals)
    sigaddset(&signals, SIGCONT)
    var none = timespec()
    return sigtimedwait(&signals, nil, &none) == SIGCONT
  }

  /// Waits until the terminal is this process group's, as the terminal makes everybody wait who sets its modes or reads:
  /// stopped. A process that was woken in order to end looks at that first, or it would stop again.
  ///
  /// - Returns: false where it is to end.
  static func waitForForeground(of terminal: Int32) -> Bool {
    while !isEnding {
      let group = tcgetpgrp(terminal)
      // It may be no session's, or another one's: it then stops nobody, or says so itself.
      if group < 0 || group == getpgrp() || !stop(SIGTTOU) { return !isEnding }
    }
    return false
  }

  /// A signal that is waited for asks the process to end.
  private static var isEnding: Bool { isPending([SIGINT, SIGTERM, SIGHUP]) }

  /// It asks for that, or the process goes on after a stop, and nobody has looked yet.
  static var isInterrupted: Bool { isPending([SIGINT, SIGTERM, SIGHUP, SIGCONT]) }

  /// One of these signals is blocked and has come.
  private static func isPending(_ signals: [Int32]) -> Bool {
    var pending = sigset_t()
    sigpending(&pending)
    return signals.contains { sigismember(&pending, $0) == 1 }
  }
}
