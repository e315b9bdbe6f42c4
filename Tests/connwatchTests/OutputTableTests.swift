// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import connwatch

struct OutputTableTests {
  @Test(arguments: [nil, 100, 80, 60] as [Int?], [false, true])
  func `Tables look as they did`(width: Int?, color: Bool) throws {
    let options = OutputOptions(zone: .utc, color: color, width: width)
    // No terminal of these widths holds two long addresses, so what fits is shown by the others.
    let rows = SampleRow.samples.filter { width == nil || $0.remote.address.isV4 }
    let text = try SampleRow.printed(rows, options)
    let name = "table-\(width.map(String.init) ?? "unlimited")\(color ? "-color" : "").txt"
    try expectGolden(text, name)
    for line in text.split(separator: "\n") where !color {
      #expect(!line.hasSuffix(" "))
      #expect(line.unicodeScalars.allSatisfy { !HostileText.isUnsafe($0) })
    }
  }

  @Test
  func `Colour changes nothing but the look`() throws {
    let plain = try SampleRow.printed(SampleRow.samples, OutputOptions(zone: .utc, width: 80))
    let colored = try SampleRow.printed(SampleRow.samples, OutputOptions(zone: .utc, color: true, width: 80))
    #expect(colored.replacing(/\u{1B}\[[0-9]+m/, with: "") == plain)
  }

  @Test
  func `Chosen keys head their columns and are never dropped`() throws {
    let columns = [
      "time", "local_addr", "local_port", "duration_s", "service", "states", "processes", "process",
    ]
    var rows = SampleRow.samples
    rows[1].states = [(.synSent, SampleRow.moment), (.established, SampleRow.moment + 1)]
    rows[1].processes = ["a", "b c"]
    try expectGolden(
      SampleRow.printed(rows, OutputOptions(columns: columns, zone: .utc, width: 40)), "table-chosen.txt")
  }

  @Test
  func `Without a header, and without rows`() throws {
    #expect(try SampleRow.printed([], OutputOptions(header: false)) == "")
    #expect(
      try SampleRow.printed([], OutputOptions(width: 200))
        == "PROTO  STATE  LOCAL  REMOTE  SERVICE  DIRECTION  AGE  PID  PROCESS\n")
    #expect(
      try SampleRow.printed(
        [SampleRow.samples[0]], OutputOptions(header: false, columns: ["proto", "local_port"]))
        == "tcp  22\n")
  }

  @Test
  func `A table printed bit by bit keeps its columns, and has one header`() throws {
    let output = StandardOutput.collecting()
    let options = OutputOptions(columns: ["local_addr", "proto"])
    var printer = try RowPrinter(SampleRow.self, options: options, to: output)
    for row in SampleRow.samples.reversed() { try printer.print([row]) }
    try output.flush()
    let lines = String(decoding: output.collected, as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 8)
    #expect(lines[0] == "LOCAL_ADDR    PROTO")
    #expect(lines.last == "0.0.0.0       tcp")
  }

  @Test
  func `Host names take the place of addresses, escaped`() throws {
    let names = [IPAddress(v4: 0x0102_0304): "host\u{1B}.example"]
    let text = try SampleRow.printed(
      [SampleRow.samples[1]],
      OutputOptions(header: false, columns: ["remote_addr", "local_addr"], names: names))
    #expect(text == #"host\x1b.example  192.168.1.10"# + "\n")
  }

  @Test(arguments: [
    ("nginx", "nginx", 5), ("", "", 0), ("a\tb", #"a\x09b"#, 6), ("\u{7F}", #"\x7f"#, 4),
    ("\u{85}", #"\x85"#, 4),
    ("\u{2028}", #"\u{2028}"#, 8), ("\u{202E}x", #"\u{202e}x"#, 9), ("\u{E0041}", #"\u{e0041}"#, 9),
    ("日本", "日本", 4), ("한글", "한글", 4), ("e\u{301}", "e\u{301}", 1), ("🦊", "🦊", 2), ("Ａ", "Ａ", 2),
    ("é", "é", 1), ("₣", "₣", 1), ("\u{1100}\u{1161}", "\u{1100}\u{1161}", 2), ("…", "…", 1),
    ("\u{FFFD}", "\u{FFFD}", 1),
    ("a\\x1b", "a\\x1b", 5),
  ])
  func `Hostile text is escaped and measured`(text: String, escaped: String, width: Int) {
    var bytes = ByteBuffer()
    #expect(HostileText.append(text, to: &bytes) == width)
    #expect(Array(bytes.bytes) == Array(escaped.utf8))
  }

  @Test(arguments: [
    ("nginx", 5, "ngin…"), ("日本語", 5, "日本…"), ("日本語", 4, "日…"), ("abc", 1, "…"),
    ("e\u{301}fg", 3, "e\u{301}f…"), ("x", 0, ""),
  ])
  func `Cutting keeps whole characters`(text: String, width: Int, cut: String) {
    var source = ByteBuffer()
    source.append(raw: text)
    var bytes = ByteBuffer()
    DisplayWidth.append(source.bytes, cutTo: width, to: &bytes)
    #expect(Array(bytes.bytes) == Array(cut.utf8))
  }

  @Test
  func `Columns are dropped in their order, then the flexible one is cut, never more`() {
    let needs = [
      TableLayout.Need(width: 20, headerWidth: 5, dropOrder: nil, isFlexible: false),
      TableLayout.Need(width: 10, headerWidth: 5, dropOrder: 2, isFlexible: false),
      TableLayout.Need(width: 8, headerWidth: 5, dropOrder: 1, isFlexible: false),
      TableLayout.Need(width: 15, headerWidth: 7, dropOrder: nil, isFlexible: true),
    ]
    func fit(_ limit: Int?) -> [[Int]] { TableLayout.fit(needs, into: limit).map { [$0.column, $0.width] } }
    #expect(fit(nil) == [[0, 20], [1, 10], [2, 8], [3, 15]])
    #expect(fit(59) == [[0, 20], [1, 10], [2, 8], [3, 15]])
    #expect(fit(58) == [[0, 20], [1, 10], [3, 15]])
    #expect(fit(48) == [[0, 20], [3, 15]])
    #expect(fit(36) == [[0, 20], [3, 14]])
    #expect(fit(10) == [[0, 20], [3, 7]])
  }

  @Test(arguments: [
    (0, "0s"), (999, "0s"), (1000, "1ms"), (250_000, "250ms"), (3_999_999, "3s"), (59_999_999, "59s"),
    (60_000_000, "1m00s"), (252_000_000, "4m12s"), (7_500_000_000, "2h05m"), (86_400_000_000, "1d0h"),
    (273_600_000_000, "3d4h"), (-3_000_000, "-3s"), (Int64.max, "106751991d4h"),
  ])
  func `Ages are compact`(age: Int64, text: String) {
    var bytes = ByteBuffer()
    TimeText.append(age: age, to: &bytes)
    #expect(Array(bytes.bytes) == Array(text.utf8))
  }

  @Test(arguments: [
    (0, "0"), (1023, "1023"), (1024, "1.0K"), (1535, "1.4K"), (1536, "1.5K"), (10_239, "9.9K"),
    (10_240, "10K"),
    (1_048_575, "1023K"), (1 << 20, "1.0M"), (31 << 30, "31G"), (5 << 40, "5.0T"), (7 << 50, "7.0P"),
    (UInt64.max, "15E"),
  ])
  func `Sizes are short`(size: UInt64, text: String) {
    var bytes = ByteBuffer()
    bytes.append(size: size)
    #expect(String(decoding: bytes.bytes, as: UTF8.self) == text)
  }

  @Test(arguments: [
    (1, "0.00ms"), (45, "0.04ms"), (9_999, "9.99ms"), (10_000, "10.0ms"), (99_999, "99.9ms"),
    (100_000, "100ms"), (12_345_678, "12345ms"),
  ])
  func `Round-trip times have about three digits`(microseconds: Int64, text: String) {
    var bytes = ByteBuffer()
    bytes.append(shortMilliseconds: microseconds)
    #expect(String(decoding: bytes.bytes, as: UTF8.self) == text)
  }
}
