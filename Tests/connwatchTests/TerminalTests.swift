// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import connwatch

struct TerminalTests {
  static let tty = Terminal(isTTY: true, windowColumns: 120, term: "xterm-256color")

  private func changed(_ change: (inout Terminal) -> Void) -> Terminal {
    var terminal = Self.tty
    change(&terminal)
    return terminal
  }

  @Test
  func `Tables fit a terminal, and have no limit elsewhere`() {
    #expect(Self.tty.width == 120)
    #expect(changed { $0.columnsVariable = "80" }.width == 80)
    #expect(changed { $0.columnsVariable = "wide" }.width == 120)
    #expect(changed { $0.columnsVariable = "0" }.width == 120)
    #expect(changed { $0.windowColumns = nil }.width == 80)
    #expect(changed { $0.isTTY = false }.width == nil)
    #expect(
      changed {
        $0.isTTY = false; $0.columnsVariable = "80"
      }.width == nil)
  }

  @Test
  func `Colour is for terminals that can and people who want it`() {
    #expect(Self.tty.isColored(.auto))
    #expect(!changed { $0.isTTY = false }.isColored(.auto))
    #expect(!changed { $0.term = "dumb" }.isColored(.auto))
    #expect(!changed { $0.noColorVariable = "1" }.isColored(.auto))
    #expect(changed { $0.noColorVariable = "" }.isColored(.auto))
    #expect(!Self.tty.isColored(.never))
    #expect(
      changed {
        $0.isTTY = false; $0.noColorVariable = "1"; $0.term = "dumb"
      }.isColored(.always))
  }

  @Test
  func `Looking at something that is no terminal`() {
    let terminal = Terminal.look(at: -1)
    #expect(!terminal.isTTY)
    #expect(terminal.width == nil)
  }

  @Test
  func `Every style that begins also ends`() {
    for style in Style.allCases {
      var bytes = ByteBuffer()
      style.begin(&bytes)
      style.end(&bytes)
      let text = String(decoding: bytes.bytes, as: UTF8.self)
      #expect(style == .plain ? text.isEmpty : text.hasPrefix("\u{1B}[") && text.hasSuffix("\u{1B}[0m"))
    }
    #expect(Set(SocketState.named.map(Style.init(of:))).isDisjoint(with: [.plain]))
  }
}
