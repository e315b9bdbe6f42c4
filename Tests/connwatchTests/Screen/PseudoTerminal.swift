// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

@preconcurrency import Glibc

/// A terminal that a test looks at from the other side (pty(7)).
final class PseudoTerminal {
  /// The side of whoever sits before it, which a test reads and types at.
  private(set) var outside: Int32 = -1
  /// The terminal.
  private(set) var inside: Int32 = -1
  /// Its name in /dev/pts.
  let name: String

  init() {
    var name = [CChar](repeating: 0, count: 128)
    var size = winsize(ws_row: 5, ws_col: 40, ws_xpixel: 0, ws_ypixel: 0)
    precondition(openpty(&outside, &inside, &name, nil, &size) == 0)
    self.name = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    _ = fcntl(outside, F_SETFL, O_NONBLOCK)
  }

  deinit {
    hangUp()
    close(inside)
  }

  /// The window is closed.
  func hangUp() {
    if outside >= 0 { close(outside) }
    outside = -1
  }

  /// Everything that has been written to it.
  func shown() -> String {
    var all: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 4096)
    while true {
      let length = read(outside, &block, block.count)
      if length <= 0 { return String(decoding: all, as: UTF8.self) }
      all += block.prefix(length)
    }
  }

  func type(_ text: String) { type(Array(text.utf8)) }

  func type(_ bytes: [UInt8]) { precondition(write(outside, bytes, bytes.count) == bytes.count) }

  /// All of its modes, to be compared.
  var modes: [UInt8] {
    var modes = self.termios
    return [modes.c_iflag, modes.c_oflag, modes.c_cflag, modes.c_lflag].flatMap { flags in
      withUnsafeBytes(of: flags, Array.init)
    } + withUnsafeBytes(of: &modes.c_cc, Array.init)
  }

  var termios: termios {
    get {
      var modes = Glibc.termios()
      precondition(tcgetattr(inside, &modes) == 0)
      return modes
    }
    set {
      var modes = newValue
      precondition(tcsetattr(inside, TCSANOW, &modes) == 0)
    }
  }
}
