// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelNet

@Suite struct EventFormatTests {
  typealias Field = EventFormat.Field

  static let fields: [(String, Field?)] = [
    (
      "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;",
      Field(name: "common_type", offset: 0, size: 2, place: .here)
    ),
    (
      "\tfield:const void * skaddr;\toffset:8;\tsize:8;\tsigned:0;",
      Field(name: "skaddr", offset: 8, size: 8, place: .here)
    ),
    (
      "\tfield:const void *skaddr;\toffset:8;\tsize:4;\tsigned:0;",
      Field(name: "skaddr", offset: 8, size: 4, place: .here)
    ),
    (
      "\tfield:__u8 saddr[4];\toffset:32;\tsize:4;\tsigned:0;",
      Field(name: "saddr", offset: 32, size: 4, place: .here)
    ),
    (
      "\tfield:__data_loc char[] filename;\toffset:8;\tsize:4;\tsigned:0;",
      Field(name: "filename", offset: 8, size: 4, place: .fromRecord)
    ),
    (
      "field:__rel_loc char[] filename; offset:8; size:4;",
      Field(name: "filename", offset: 8, size: 4, place: .fromField)
    ),
    ("\tfield:int x;\toffset:-1;\tsize:4;\tsigned:1;", nil),
    ("\tfield:int x;\toffset:65536;\tsize:4;\tsigned:1;", nil),
    ("\tfield:int x;\toffset:8;\tsize:99999999999999999999;\tsigned:1;", nil),
    ("\tfield:int x;\toffset:8;", nil),
    ("\tfield:;\toffset:8;\tsize:4;", nil),
    ("print fmt: \"a=%d\", REC->a", nil),
  ]

  @Test(arguments: fields)
  func fieldIsReadFromItsLine(_ line: String, _ field: Field?) {
    #expect(Field(Substring(line)) == field)
  }

  @Test func layoutFollowsTheFormat() throws {
    // All of it 8 bytes further on, as where a kernel has more common fields.
    var moved: [TraceLayout.Event: String] = [:]
    for event in TraceLayout.Event.allCases {
      moved[event] = try TracePages.format(event).split(separator: "\n").map { line in
        guard !line.contains("common_"), let field = Field(line) else { return String(line) }
        return String(line).replacing("offset:\(field.offset);", with: "offset:\(field.offset + 8);")
      }.joined(separator: "\n")
    }
    let decoder = try TracePages.decoder(moved)
    // The records of the real page, with eight bytes put in after the common fields.
    let page = try TracePages.fixture("scene.page")
    var records: [[UInt8]] = []
    var at = 16
    while at < page.count {
      let words = Int(page[at] & 31)
      try #require(1...28 ~= words || words == 30)
      if words == 30 {
        records.append(Array(page[at..<at + 8]))
        at += 8
        continue
      }
      var data = Array(page[at + 4..<at + 4 + words * 4])
      data.insert(contentsOf: [UInt8](repeating: 0xEE, count: 8), at: 8)
      let header = page[at..<at + 4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      records.append(TracePages.long(header >> 5, data))
      at += 4 + words * 4
    }
    let time = page[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let (lines, loss) = decoder.lines(TracePages.page(time: time, records))
    // The path of the program is where the record says, which has moved too.
    let wanted = try TracePages.decoder().lines(page).lines.filter { !$0.contains("executed") }
    #expect(lines.filter { !$0.contains("executed") } == wanted)
    #expect(loss == TraceLoss())
  }

  /// How a text is referred to, the reference, and the text.
  static let texts: [(kind: String, location: UInt32, path: String)] = [
    ("__data_loc", 5 << 16 | 20, "/bin/"), ("__data_loc", 99 << 16 | 20, ""),
    ("__data_loc", 5 << 16 | 0xFFFF, ""),
    ("__rel_loc", 5 << 16 | 8, "/bin/"), ("__rel_loc", 4 << 16 | 9, "bin/"),
    ("__rel_loc", 9 << 16 | 8, "/bin/x"),
  ]

  @Test(arguments: texts)
  func textIsWhereTheRecordSays(_ kind: String, _ location: UInt32, _ path: String) throws {
    let format = try TracePages.format(.executed).replacing("__data_loc", with: kind)
    let decoder = try TracePages.decoder([.executed: format])
    let id = decoder.layout.executed.id
    let words: [UInt32] = [7, location, 7, 8]
    let text = Array("/bin/x\0\0\0\0\0\0".utf8)
    let data = TracePages.bytes(id) + [0, 0] + words.flatMap { TracePages.bytes($0) } + text
    let (lines, _) = decoder.lines(TracePages.page(time: 0, [TracePages.short(0, data)]))
    #expect(lines == ["0 executed 7 8 \(path)"])
  }

  @Test func eventWithoutResetsWillDo() throws {
    let decoder = try TracePages.decoder(without: .reset)
    #expect(decoder.layout.reset == nil)
    #expect(!decoder.layout.events.contains(.reset))
    let all = try TracePages.decoder().lines(try TracePages.fixture("scene.page")).lines
    let without = decoder.lines(try TracePages.fixture("scene.page")).lines
    #expect(without == all.filter { !$0.contains("reset") })
  }

  @Test func renamedThreadIsTheOneThatDidItWhereTheKernelDoesNotSay() throws {
    let format = try TracePages.format(.renamed).split(separator: "\n").filter { !$0.contains("pid_t pid") }
    let decoder = try TracePages.decoder([.renamed: format.joined(separator: "\n")])
    #expect(
      decoder.lines(try TracePages.fixture("scene.page")).lines.contains {
        $0.hasSuffix("renamed 19507 true")
      })
  }

  @Test(arguments: [TraceLayout.Event.failed, .unreachable])
  func eventsOfLaterKernelsMayBeMissing(_ event: TraceLayout.Event) throws {
    let decoder = try TracePages.decoder(without: event)
    #expect(!decoder.layout.events.contains(event))
    let failed = TracePages.short(0, try TracePages.failed(error: 111))
    let answered = TracePages.short(1, try TracePages.answered(code: 1))
    #expect(decoder.lines(TracePages.page(time: 0, [failed, answered])).lines.count == 1)
  }

  @Test(arguments: TraceLayout.Event.allCases.filter { ![.reset, .failed, .unreachable].contains($0) })
  func missingEventIsNamed(_ event: TraceLayout.Event) {
    let error = #expect(throws: TraceError.self) { try TracePages.decoder(without: event) }
    #expect(error?.kind == .missing)
    #expect(error?.description == "\(event.rawValue): this kernel has no such event")
  }

  static let needed: [(TraceLayout.Event, String)] = [
    (.state, "newstate"), (.state, "saddr_v6"), (.destroyed, "sock_cookie"),
    (.created, "clone_flags"), (.executed, "filename"), (.state, "common_pid"),
  ]

  @Test(arguments: needed)
  func missingFieldIsNamed(_ event: TraceLayout.Event, _ field: String) throws {
    let lines = try TracePages.format(event).split(separator: "\n")
    let without = lines.filter { Field($0)?.name != field }.joined(separator: "\n")
    let error = #expect(throws: TraceError.self) { try TracePages.decoder([event: without]) }
    #expect(error?.description == "\(event.rawValue): this kernel's event has no field \(field)")
    // Of a size that nobody can read.
    let odd = lines.map { line in
      Field(line)?.name == field ? String(line).replacing("size:", with: "size:3") : String(line)
    }
    #expect(throws: TraceError.self) { try TracePages.decoder([event: odd.joined(separator: "\n")]) }
  }

  @Test func pageHeaderTellsSizesOfItsOwn() throws {
    let text = String(decoding: try TracePages.fixture("header_page.format"), as: UTF8.self)
    #expect(try PageLayout(Array(text.utf8)).size == 4096)
    let large = try PageLayout(Array(text.replacing("size:4080", with: "size:65520").utf8))
    #expect(large.size == 65_536)
    #expect(throws: TraceError.self) { try PageLayout(Array(text.replacing("commit", with: "x").utf8)) }
    #expect(throws: TraceError.self) { try PageLayout([]) }
  }
}
