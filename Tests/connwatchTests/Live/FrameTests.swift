// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ConnCore
@testable import ConnStore
@testable import connwatch

/// What the screen shows, cell by cell.
struct FrameTests {
  static let sizes = [(80, 24), (100, 30), (200, 50)]

  private func expect(_ frame: Frame, _ name: String) throws {
    try expectGolden(frame.golden, "live/\(name)-\(frame.size.columns)x\(frame.size.rows).txt")
    expectInOrder(frame)
  }

  /// What holds of every frame: the title is where it belongs, halves of wide characters are with each other, and a terminal
  /// without colours is told none.
  private func expectInOrder(_ frame: Frame) {
    let lines = frame.text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines[0].hasPrefix(" connwatch"))
    for row in 0..<frame.size.rows {
      for column in 0..<frame.size.columns where frame[row, column].content == .rightHalf {
        #expect(column > 0 && DisplayWidth.of(frame[row, column - 1].scalar) == 2)
      }
    }
    func colors(_ color: Bool) -> [Int] {
      let text = String(decoding: ScreenWriter.bytes(from: nil, to: frame, color: color), as: UTF8.self)
      return text.matches(of: /\u{1B}\[([0-9;]*)m/).flatMap { $0.1.split(separator: ";") }
        .compactMap { Int($0) }.filter { (30...49).contains($0) || (90...107).contains($0) }
    }
    #expect(colors(false) == [], "colours without colour")
    let isColored = frame.cells.contains { ![.plain, .bold, .dim].contains($0.look.style) }
    #expect(colors(true).isEmpty == !isColored)
  }

  @Test(arguments: sizes)
  func everyViewAtEverySize(_ size: (Int, Int)) throws {
    for view in LiveState.View.allCases {
      var scene = FrameScene.changing(size.0, size.1)
      scene.type(.character(Character(String(view.rawValue))))
      try expect(scene.frame(), view.title.lowercased())
    }
  }

  @Test(arguments: sizes)
  func helpAndWhatIsTyped(_ size: (Int, Int)) throws {
    var scene = FrameScene.changing(size.0, size.1)
    scene.type(.character("?"))
    try expect(scene.frame(), "help")
    scene.type(.escape, .character("/"))
    scene.type("state estab and sprot = :80")
    #expect(scene.state.filterError?.word == "sprot")
    try expect(scene.frame(), "filter-error")
    scene.type(.control("u"))
    scene.type("dport = :443 or sport = :80")
    #expect(scene.state.filterError == nil)
    scene.type(.enter)
    try expect(scene.frame(), "filtered")
  }

  @Test(arguments: sizes)
  func nothing(_ size: (Int, Int)) throws {
    var scene = FrameScene(size.0, size.1)
    try expect(scene.frame(), "reading")
    scene.refresh()
    try expect(scene.frame(), "empty")
  }

  @Test(arguments: sizes)
  func aGapInThePast(_ size: (Int, Int)) throws {
    var scene = FrameScene.server(size.0, size.1)
    let gap = Gap(
      since: FrameScene.begin, until: FrameScene.begin + 90_000_000, cause: "recorder stopped", samples: 89)
    var past = PastMoment(asked: FrameScene.begin + 30_000_000, shown: FrameScene.begin, why: .gap(gap))
    scene.state.past = past
    try expect(scene.frame(), "gap")
    past.why = .watched
    scene.state.past = past
    try expect(scene.frame(), "past")
  }

  @Test(arguments: sizes)
  func grouped(_ size: (Int, Int)) throws {
    var scene = FrameScene.changing(size.0, size.1)
    scene.type(.character("a"))
    _ = scene.frame()
    scene.type(.down, .down, .down)
    try expect(scene.frame(), "grouped")
  }

  @Test(arguments: sizes)
  func aHundredThousand(_ size: (Int, Int)) throws {
    var scene = FrameScene(size.0, size.1)
    let owner = FrameScene.process(812, "nginx")
    scene.refresh(
      (0..<100_000).map { index in
        FrameScene.life(
          Int64(index + 1), .tcp, .established, "192.0.2.10:80",
          "10.\(index / 30000).\(index / 250 % 120).\(index % 250 + 1):\(40000 + index % 20000)", .inbound,
          owner,
          since: Int64(-index / 1000))
      })
    _ = scene.frame()
    scene.type(.character("G"))
    try expect(scene.frame(), "100000-end")
    scene.type(.pageUp, .pageUp, .up)
    try expect(scene.frame(), "100000")
  }

  @Test
  func longAddressesHaveALineEach() throws {
    for (columns, rows) in Self.sizes + [(52, 12)] {
      var scene = FrameScene(columns, rows)
      let owner = FrameScene.process(4_194_303, "a-long-name-of-")
      let end = "2001:db8:aaaa:bbbb:cccc:dddd:eeee:"
      scene.refresh(
        (0..<6).map { index in
          FrameScene.life(
            Int64(index + 1), .tcp6, .established, "[\(end)fff\(index)]:65535", "[\(end)100\(index)]:443",
            .outbound, owner)
        })
      _ = scene.frame()
      try expect(scene.frame(), "long")
      let text = scene.frame().text
      for index in 0..<(rows > 12 ? 6 : 2) {
        #expect(text.contains("[\(end)fff\(5 - index)]:65535"))
        #expect(text.contains("[\(end)100\(5 - index)]:443"))
      }
    }
  }

  @Test
  func whatIsNotStoredIsSaidAsLongAsThatLasts() {
    var scene = FrameScene.changing(100, 30)
    scene.status.recordsTo = "/var/lib/connwatch/connwatch.db"
    #expect(scene.frame().text.contains("  recording "))
    scene.status.storeFailure = "/var/lib/connwatch/connwatch.db: no space left on the disk"
    let text = scene.frame().text
    #expect(text.contains("  NOT STORING "))
    #expect(text.contains("! not stored yet: /var/lib/connwatch/connwatch.db: no space left on the disk"))
    // Neither a note nor a page hides it.
    scene.state.notes = ["something else"]
    #expect(scene.frame().text.contains("not stored yet"))
    scene.type(.character("?"))
    #expect(scene.frame().text.contains("NOT STORING"))
  }

  @Test
  func aGapAmongEventsIsALineOfItsOwn() {
    var scene = FrameScene.changing(80, 24)
    let gap = Gap(
      since: FrameScene.begin + 3_000_000, until: FrameScene.begin + 15_000_000, cause: "overrun", samples: 11
    )
    scene.refresh(gaps: [gap])
    scene.type(.character("4"))
    #expect(scene.frame().text.contains("! 10:00:03Z  not watching for 12s: overrun"))
    scene.type(.character("/"))
    scene.type("state listen")
    #expect(!scene.frame().text.contains("not watching"), "a filter is about sockets")
  }

  @Test
  func tooSmallIsSaid() {
    for (columns, rows) in [(51, 24), (80, 7), (1, 1), (0, 0), (20, 3)] {
      var scene = FrameScene.changing(columns, rows)
      let frame = scene.frame()
      #expect(frame.size == Frame.Size(columns: columns, rows: rows))
      if columns > 30 { #expect(frame.text.hasPrefix("too small: 52x8 at least")) }
    }
    var scene = FrameScene.changing(52, 8)
    #expect(scene.frame().text.contains("LOCAL"))
  }

  /// A process may call itself anything.
  @Test
  func hostileNamesStayInTheirCells() throws {
    let names = [
      "\u{1B}[2J\u{1B}]0;x\u{7}", "名前の長いプロセスです", "e\u{301}\u{302}\u{303}\u{304}\u{305}", "\u{202E}gnp.exe",
      "👩‍👩‍👧‍👦👍🏽",
      "\u{FE0F}\u{200D}x\u{FE0F}", String(repeating: "A", count: 4096), "a\nb\tc\rd", "\u{9B}31mred", "",
      "\u{0}",
      String(repeating: "\u{301}", count: 500),
    ]
    var scene = FrameScene(80, 24)
    scene.refresh(
      names.enumerated().map { index, name in
        FrameScene.life(
          Int64(index + 1), .tcp, .established, "192.0.2.10:80", "198.51.100.\(index + 1):4000\(index % 10)",
          .inbound, FrameScene.process(Int32(100 + index), name))
      })
    let frame = scene.frame()
    try expect(frame, "hostile")
    for cell in frame.cells {
      #expect(!HostileText.isUnsafe(cell.scalar))
      #expect([cell.firstMark, cell.secondMark].allSatisfy { $0.map { !HostileText.isUnsafe($0) } ?? true })
    }
    scene.type(.character("a"))
    expectInOrder(scene.frame())
    for _ in 0..<names.count {
      scene.type(.down)
      expectInOrder(scene.frame())
    }
  }

  @Test
  func aTerminalWithoutUTF8IsShownASCII() {
    var scene = FrameScene.changing(100, 30)
    scene.state.settle(scene.book, scene.names, now: 0)
    var surroundings = scene.surroundings
    surroundings.isUnicode = false
    let frame = LiveFrame(book: scene.book, status: scene.status, surroundings: surroundings).make(
      &scene.state)
    #expect(frame.text.utf8.allSatisfy { $0 < 128 })
  }
}
