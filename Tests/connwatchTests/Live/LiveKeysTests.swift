// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ConnCore
@testable import connwatch

/// What keys do, without a terminal and without a clock.
struct LiveKeysTests {
  /// A scene of so many connections, the newest of them the last.
  private func scene(_ count: Int, rows: Int = 24) -> FrameScene {
    var scene = FrameScene(100, rows)
    scene.refresh((1...Int64(count)).map { connection($0) })
    _ = scene.frame()
    return scene
  }

  private func connection(_ id: Int64) -> Life {
    FrameScene.life(
      id, .tcp, .established, "192.0.2.10:80", "198.51.100.7:\(20000 + id)", .inbound,
      FrameScene.process(7, "nginx"), since: id)
  }

  /// The lives on the screen, from its first line on.
  private func shown(_ scene: FrameScene) -> [Int64] {
    scene.state.visiblePlaces.map { scene.book.lives[$0].id }
  }

  @Test
  func theCursorMovesAndStaysOnTheScreen() {
    var scene = scene(50)
    let seen = scene.state.visibleLines
    #expect(seen == 17)
    for (key, index) in [
      (Key.up, 0), (.down, 1), (.character("j"), 2), (.character("k"), 1), (.pageDown, 17), (.pageDown, 33),
      (.pageUp, 17), (.end, 49), (.down, 49), (.pageDown, 49), (.home, 0), (.character("G"), 49),
      (.character("g"), 0),
      (.control("d"), 8), (.control("u"), 0),
    ] as [(Key, Int)] {
      scene.type(key)
      #expect(scene.state.cursor.index == index, "\(key)")
      #expect(scene.state.visible.contains(index))
    }
  }

  @Test
  func anEmptyTableHasNoCursorToMove() {
    var scene = FrameScene(80, 24)
    for key in [
      Key.down, .up, .pageDown, .end, .home, .enter, .character("e"), .character("s"), .character("a"),
    ] {
      scene.type(key)
      _ = scene.frame()
      #expect(scene.state.cursor.index == 0)
      #expect(scene.state.currentLine == nil)
    }
  }

  @Test
  func linesKeepTheirPlacesAfterAMovement() {
    var scene = scene(5)
    #expect(shown(scene) == [5, 4, 3, 2, 1])
    scene.type(.down, .down, now: 1_000_000)
    scene.refresh([connection(6)], finished: [connection(4).with { $0.closedOffset = 1 }])
    _ = scene.frame(at: 3_900_000)
    #expect(shown(scene) == [5, 4, 3, 2, 1, 6])
    _ = scene.frame(at: 4_000_000)
    #expect(shown(scene) == [6, 5, 4, 3, 2, 1])
    #expect(scene.state.currentLine == .life(3))
    #expect(scene.state.cursor.index == 3)
  }

  @Test
  func theCursorFollowsItsLineAndTheTopFollowsTheNewest() {
    var scene = scene(60)
    _ = scene.frame()
    for id in Int64(61)...64 { scene.refresh([connection(id)]) }
    _ = scene.frame()
    #expect(scene.state.currentLine == .life(64), "at the top one sees what comes")
    scene.type(.down, now: 0)
    let line = scene.state.currentLine
    let row = scene.state.cursor.index - scene.state.cursor.top
    scene.refresh((65...90).map { connection($0) })
    _ = scene.frame(at: 10_000_000)
    #expect(scene.state.currentLine == line)
    #expect(scene.state.cursor.index - scene.state.cursor.top == row, "it stays where it is on the screen")
  }

  @Test
  func theCursorOfALineThatIsGoneStaysWhereItWas() {
    var scene = scene(5)
    scene.type(.down, .down, now: 0)
    scene.refresh(finished: [connection(3).with { $0.closedOffset = 1 }])
    for _ in 0..<4 { scene.refresh() }
    _ = scene.frame(at: 10_000_000)
    #expect(shown(scene) == [5, 4, 2, 1])
    #expect(scene.state.currentLine == .life(2))
  }

  @Test
  func whatAKeyAsksFor() {
    let asked: [(Key, [LiveEffect])] = [
      (.character("q"), [.quit]), (.control("c"), [.quit]), (.control("z"), [.suspend]),
      (.control("l"), [.redraw]),
      (.enter, [.detail]), (.character("e"), [.explain]), (.character("x"), [.askExport]),
      (.character("n"), [.now]), (.character("t"), [.setKeepsClosed(true)]),
      (.character(" "), [.setPaused(true)]),
      (.character("["), [.step(.sampleEarlier)]), (.character("]"), [.step(.sampleLater)]),
      (.character("{"), [.step(.tenMinutesEarlier)]), (.character("}"), [.step(.tenMinutesLater)]),
      (.character("+"), [.setInterval(500_000)]), (.character("-"), [.setInterval(2_000_000)]),
      (.character("Z"), []), (.alt("q"), []), (.function(12), []), (.paste("q"), []), (.insert, []),
    ]
    for (key, effects) in asked {
      var scene = scene(3)
      let done = scene.type(key)
      #expect(done == effects, "\(key)")
    }
    var state = LiveState(size: Frame.Size(columns: 80, rows: 24))
    let steps: [(Character, Int64, [LiveEffect])] = [
      ("-", 60_000_000, []), ("+", 100_000, []), ("+", 700_000, [.setInterval(500_000)]),
    ]
    for (key, interval, effects) in steps {
      let done = state.take(.character(key), now: 0, interval: interval)
      #expect(done == effects)
    }
  }

  @Test
  func theFilterIsAppliedAsItIsTypedAndEscapeClearsIt() {
    var scene = scene(5)
    scene.type(.character("/"))
    scene.type("dport = :20003")
    #expect(scene.state.filterText == "dport = :20003")
    _ = scene.frame()
    #expect(shown(scene) == [3])
    // Keys are text now.
    scene.type("q?")
    #expect(scene.state.filterError != nil)
    #expect(scene.state.page == nil)
    scene.type(.enter)
    #expect(scene.state.prompt != nil, "what is no filter stays to be mended")
    scene.type(.backspace, .backspace, .enter)
    #expect(scene.state.prompt == nil)
    #expect(scene.state.filterText == "dport = :20003")
    scene.type(.escape)
    _ = scene.frame()
    #expect(shown(scene) == [5, 4, 3, 2, 1])
    scene.type(.character("/"), .paste("state listen"), .escape)
    #expect(scene.state.prompt == nil)
    #expect(scene.state.filterText == "")
    #expect(scene.state.filterError == nil)
  }

  @Test
  func viewsAreReachedByNumberAndByTab() {
    var scene = scene(3)
    var seen: [LiveState.View] = []
    for key in [
      Key.character("2"), .character("4"), .character("3"), .character("1"), .tab, .tab, .backTab, .backTab,
      .backTab,
    ] {
      scene.type(key)
      seen.append(scene.state.view)
    }
    #expect(
      seen == [
        .listeners, .events, .services, .connections, .listeners, .services, .listeners, .connections,
        .events,
      ])
  }

  @Test
  func sortingGoesThroughEveryColumnAndBack() {
    var scene = scene(3)
    var seen: [SortColumn] = []
    for _ in SortColumn.allCases {
      scene.type(.character("s"))
      seen.append(scene.state.connections.sort)
    }
    #expect(Set(seen) == Set(SortColumn.allCases))
    #expect(scene.state.connections.sort == .age)
    scene.type(.character("S"))
    _ = scene.frame()
    #expect(shown(scene) == [1, 2, 3])
  }

  @Test
  func aPageIsScrolledAndLeft() {
    var scene = scene(3)
    scene.type(.character("?"))
    let lines = scene.state.page?.page.lines.count ?? 0
    #expect(lines > 22)
    scene.type(.down, .down)
    #expect(scene.state.page?.top == 2)
    scene.type(.end, .down)
    #expect(scene.state.page?.top == lines - 20)
    scene.type(.home)
    #expect(scene.state.page?.top == 0)
    let done = scene.type(.character("x"), .character("q"))
    #expect(done == [], "keys of the table mean nothing here")
    #expect(scene.state.page == nil)
  }

  @Test
  func aGroupIsFolded() {
    var scene = scene(4)
    scene.type(.character("a"))
    _ = scene.frame()
    #expect(scene.state.lineCount == 5)
    scene.type(.enter)
    _ = scene.frame()
    #expect(scene.state.lineCount == 1)
    scene.type(.enter)
    _ = scene.frame()
    #expect(scene.state.lineCount == 5)
  }

  @Test
  func aLineIsEdited() {
    var editor = LineEditor("dport = :443")
    let steps: [(Key, String, Int)] = [
      (.backspace, "dport = :44", 11), (.control("a"), "dport = :44", 0),
      (.character("!"), "!dport = :44", 1),
      (.delete, "!port = :44", 1), (.left, "!port = :44", 0), (.left, "!port = :44", 0),
      (.backspace, "!port = :44", 0), (.end, "!port = :44", 11), (.right, "!port = :44", 11),
      (.control("w"), "!port = ", 8), (.paste("é名"), "!port = é名", 10), (.control("w"), "!port = ", 8),
      (.control("w"), "!port ", 6), (.home, "!port ", 0), (.right, "!port ", 1), (.control("k"), "!", 1),
      (.control("u"), "", 0), (.delete, "", 0), (.control("w"), "", 0),
    ]
    for (key, text, place) in steps {
      let isTaken = editor.take(key)
      #expect(isTaken)
      #expect(editor.string == text, "\(key)")
      #expect(editor.place == place, "\(key)")
    }
    let isTaken = editor.take(.up)
    #expect(!isTaken)
    _ = editor.take(.paste(String(repeating: "x", count: 70_000)))
    #expect(editor.string.count == LineEditor.limit)
  }

  @Test
  func aSparklineHasABarAValue() {
    #expect(Sparkline.text([0, 1, 4, 8], isUnicode: true) == " ▁▄█")
    #expect(Sparkline.text([0, 0], isUnicode: true) == "  ")
    #expect(Sparkline.text([], isUnicode: true) == "")
    #expect(Sparkline.text([0, 0.001, 100], isUnicode: false) == " .@")
  }
}
