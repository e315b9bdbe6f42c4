// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import KernelNet

@Suite struct PageDecoderTests {
  static let lost: UInt64 = 1 << 31
  static let stored: UInt64 = 1 << 30

  /// What scene.page holds, but for the sockets' ends.
  static let scene = """
    tcp CLOSE>LISTEN 127.0.0.1:8080 0.0.0.0:0 19463
    tcp CLOSE>SYN_SENT 127.0.0.1:40000 127.0.0.1:8080 19463
    tcp SYN_SENT>ESTABLISHED 127.0.0.1:40000 127.0.0.1:8080 19463
    tcp LISTEN>SYN_RECV 127.0.0.1:8080 127.0.0.1:40000 0
    tcp SYN_RECV>ESTABLISHED 127.0.0.1:8080 127.0.0.1:40000 0
    tcp ESTABLISHED>FIN_WAIT1 127.0.0.1:40000 127.0.0.1:8080 19463
    tcp ESTABLISHED>CLOSE_WAIT 127.0.0.1:8080 127.0.0.1:40000 0
    tcp CLOSE_WAIT>LAST_ACK 127.0.0.1:8080 127.0.0.1:40000 19463
    tcp LAST_ACK>CLOSE 127.0.0.1:8080 127.0.0.1:40000 19463
    tcp LISTEN>CLOSE 127.0.0.1:8080 0.0.0.0:0 19463
    tcp6 CLOSE>LISTEN :::8080 :::0 19463
    tcp6 CLOSE>SYN_SENT ::1:40000 ::1:8080 19463
    tcp6 SYN_SENT>ESTABLISHED ::1:40000 ::1:8080 19463
    tcp6 LISTEN>SYN_RECV ::1:8080 ::1:40000 0
    tcp6 SYN_RECV>ESTABLISHED ::1:8080 ::1:40000 0
    tcp6 ESTABLISHED>FIN_WAIT1 ::1:40000 ::1:8080 19463
    tcp6 ESTABLISHED>CLOSE_WAIT ::1:8080 ::1:40000 0
    tcp6 FIN_WAIT1>FIN_WAIT2 ::1:40000 ::1:8080 0
    tcp6 FIN_WAIT2>CLOSE ::1:40000 ::1:8080 0
    tcp6 CLOSE_WAIT>LAST_ACK ::1:8080 ::1:40000 19463
    tcp6 LAST_ACK>CLOSE ::1:8080 ::1:40000 19463
    tcp6 LISTEN>CLOSE :::8080 :::0 19463
    tcp CLOSE>SYN_SENT 127.0.0.1:40001 127.0.0.1:1 19463
    reset 18446612688348252480
    tcp SYN_SENT>CLOSE 127.0.0.1:40001 127.0.0.1:1 19463
    created 19507 by 19463 python3
    renamed 19507 true
    executed 19507 19507 /bin/true
    """.split(separator: "\n").map(String.init)

  @Test func realPageIsReadWhole() throws {
    let (lines, loss) = try TracePages.decoder().lines(try TracePages.fixture("scene.page"))
    #expect(loss == TraceLoss())
    let times = lines.compactMap { UInt64($0.prefix { $0 != " " }) }
    #expect(times == times.sorted())
    let told = lines.map { $0.drop { $0 != " " }.dropFirst() }.filter { !$0.hasPrefix("destroyed") }
    #expect(told.map(String.init) == Self.scene)
    #expect(lines.count { $0.contains("destroyed") } == 6)
  }

  /// What is told of sockets that failed, and what is none of ours.
  @Test func failuresAreReadWithTheirEnds() throws {
    let ends = "10.0.0.1:40000 10.0.0.2:80"
    let rows: [(data: [UInt8], line: String?)] = [
      (try TracePages.failed(error: 111), "failed tcp \(ends) refused"),
      (try TracePages.failed(error: 113), "failed tcp \(ends) unreachable"),
      (try TracePages.failed(error: 101), "failed tcp \(ends) unreachable"),
      (try TracePages.failed(error: 110, family: 10), "failed tcp6 \(ends) timedOut"),
      (try TracePages.failed(error: 0), "failed tcp \(ends) kept in mind"),
      (try TracePages.failed(error: 104), nil),
      (try TracePages.failed(error: 0, ports: (40000, 0)), nil),
      (try TracePages.failed(error: 111, family: 1), nil),
      (try TracePages.failed(error: 111, transport: 17), nil),
      (Array(try TracePages.failed(error: 111).dropLast(4)), nil),
      (try TracePages.answered(code: 3), "answered 10.0.0.1 10.0.0.2 refused"),
      (try TracePages.answered(code: 1), "answered 10.0.0.1 10.0.0.2 unreachable"),
      (try TracePages.answered(code: 13), "answered 10.0.0.1 10.0.0.2 unreachable"),
      (try TracePages.answered(code: 4), nil),
      (try TracePages.answered(type: 11, code: 0), nil),
    ]
    for row in rows {
      let (lines, loss) = try TracePages.decoder().lines(
        TracePages.page(time: 0, [TracePages.short(0, row.data)]))
      #expect(lines == (row.line.map { ["0 \($0)"] } ?? []))
      #expect(loss == TraceLoss())
    }
  }

  /// What each kind of record does, in a page that begins at nanosecond 1,000.
  @Test func everyKindOfRecordMovesTheClockAsTheKernelMeansIt() throws {
    let gone = try TracePages.destroyed(5, cookie: 9)
    let another = TracePages.short(1, gone)
    let uneven = TracePages.long(7, gone + [1]) + [0, 0, 0]
    let takenBack = TracePages.word(29, 5, 8) + [0, 0, 0, 0]
    let rows: [(what: String, records: [[UInt8]], lines: [String])] = [
      ("no records", [], []),
      ("the length in the header", [TracePages.short(7, gone)], ["1007 destroyed 5 9"]),
      ("the length in a word", [TracePages.long(7, gone)], ["1007 destroyed 5 9"]),
      (
        "a length that is no multiple of four",
        [uneven, another],
        ["1007 destroyed 5 9", "1008 destroyed 5 9"]
      ),
      (
        "one that was taken back", [takenBack, another],
        ["1006 destroyed 5 9"]
      ),
      ("the end of the page", [TracePages.word(29, 0, 4), another], []),
      (
        "a longer time", [TracePages.word(30, 3, 2), another],
        ["\(1000 + (2 << 27) + 3 + 1) destroyed 5 9"]
      ),
      (
        "another time", [TracePages.word(31, 3, 2), another],
        ["\((2 << 27) + 3 + 1) destroyed 5 9"]
      ),
      ("an event of somebody else", [TracePages.short(7, [255, 255, 0, 0, 0, 0, 0, 0])], []),
      ("an event that is too short", [TracePages.short(7, Array(gone.prefix(60)))], []),
      ("an event of no length", [TracePages.long(7, []), another], ["1008 destroyed 5 9"]),
    ]
    let decoder = try TracePages.decoder()
    for row in rows {
      let (lines, loss) = decoder.lines(TracePages.page(time: 1000, row.records))
      #expect(lines == row.lines, "\(row.what)")
      #expect(loss == TraceLoss(), "\(row.what)")
    }
  }

  @Test func timeStampKeepsTheBitsItHasNoRoomFor() throws {
    let gone = TracePages.short(0, try TracePages.destroyed(5))
    let high: UInt64 = 3 << 59
    let decoder = try TracePages.decoder()
    let same = decoder.lines(TracePages.page(time: high + 100, [TracePages.word(31, 101, 0), gone]))
    #expect(same.lines == ["\(high + 101) destroyed 5 0"])
    let over = decoder.lines(TracePages.page(time: high + 100, [TracePages.word(31, 99, 0), gone]))
    #expect(over.lines == ["\((4 << 59) + 99) destroyed 5 0"])
  }

  /// Flags in the page's header, what follows its events, and what is missing.
  static let losses: [(flags: UInt64, after: [UInt8], loss: TraceLoss)] = [
    (0, [], TraceLoss()),
    (lost, [], TraceLoss(isUnknown: true)),
    (lost | stored, TracePages.bytes(UInt64(77)), TraceLoss(count: 77)),
    (lost | stored, TracePages.bytes(UInt64.max), TraceLoss(count: .max)),
    // No room was left for the count.
    (lost | stored, [1, 0, 0, 0], TraceLoss(isUnknown: true)),
    (stored, TracePages.bytes(UInt64(77)), TraceLoss()),
  ]

  @Test(arguments: losses)
  func lostEventsAreCounted(_ flags: UInt64, _ after: [UInt8], _ loss: TraceLoss) throws {
    let gone = TracePages.short(7, try TracePages.destroyed(5))
    let page = TracePages.page(time: 1000, flags: flags, after: after, [gone])
    let (lines, found) = try TracePages.decoder().lines(page)
    #expect(lines == ["1007 destroyed 5 0"])
    #expect(found == loss)
  }

  @Test func whatMakesNoSenseEndsThePageAndIsALoss() throws {
    let gone = TracePages.short(7, try TracePages.destroyed(5))
    let rows: [[[UInt8]]] = [
      [gone, TracePages.bytes(UInt32(28))],
      [gone, TracePages.bytes(UInt32(0))],
      [gone, TracePages.word(0, 1, 3)],
      [gone, TracePages.word(0, 1, .max)],
      [gone, TracePages.word(29, 1, 0)],
      [gone, TracePages.bytes(UInt32(30))],
      [gone, TracePages.bytes(UInt32(31))],
    ]
    let decoder = try TracePages.decoder()
    for row in rows {
      let (lines, loss) = decoder.lines(TracePages.page(time: 1000, row))
      #expect(lines == ["1007 destroyed 5 0"])
      #expect(loss == TraceLoss(isUnknown: true))
    }
    #expect(decoder.lines([]).loss == TraceLoss(isUnknown: true))
    // A length beyond the page.
    #expect(decoder.lines(TracePages.page(time: 1, flags: 1, [])).loss == TraceLoss(isUnknown: true))
  }

  @Test func pageCutAnywhereIsALossAndItsBeginning() throws {
    let page = try TracePages.fixture("scene.page")
    let decoder = try TracePages.decoder()
    let whole = decoder.lines(page).lines
    for length in 0..<page.count {
      // The header says that there is more.
      #expect(decoder.lines(Array(page[..<length])).loss.isUnknown)
      guard length >= 16 else { continue }
      // The header agrees, so only the last record is cut.
      let cut = page[..<8] + TracePages.bytes(UInt64(length - 16)) + page[16..<length]
      let lines = decoder.lines(Array(cut)).lines
      #expect(lines == Array(whole.prefix(lines.count)))
    }
  }

  @Test func onlyTCPOverEitherFamilyIsToldAndInterruptsHaveNoThread() throws {
    let page = try TracePages.fixture("scene.page")
    let decoder = try TracePages.decoder()
    // The first record: a header, then its data.
    let first = Array(page[20..<(20 + 72)])
    let changed = { (at: Int, value: UInt8) in
      var data = first
      data[at] = value
      return decoder.lines(TracePages.page(time: 1000, [TracePages.short(0, data)])).lines
    }
    #expect(changed(2, 0) == ["1000 tcp CLOSE>LISTEN 127.0.0.1:8080 0.0.0.0:0 19463"])
    for flag: UInt8 in [0x08, 0x10, 0x18] {
      #expect(changed(2, flag) == ["1000 tcp CLOSE>LISTEN 127.0.0.1:8080 0.0.0.0:0 0"])
    }
    // Interrupts or bottom halves off, a reschedule wanted: still on behalf of the thread.
    for flag: UInt8 in [0x01, 0x04, 0x80] { #expect(changed(2, flag) == changed(2, 0)) }
    #expect(changed(30, 132) == [])
    #expect(changed(31, 1) == [])
    #expect(changed(28, 1) == [])
    #expect(changed(28, 10) == ["1000 tcp6 CLOSE>LISTEN 127.0.0.1:8080 0.0.0.0:0 19463"])
    #expect(changed(20, 12) == ["1000 tcp CLOSE>SYN_RECV 127.0.0.1:8080 0.0.0.0:0 19463"])
    #expect(changed(20, 99) == ["1000 tcp CLOSE>UNKNOWN_63 127.0.0.1:8080 0.0.0.0:0 19463"])
  }
}
