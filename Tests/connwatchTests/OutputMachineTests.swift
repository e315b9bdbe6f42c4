// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Foundation
import Testing

@testable import connwatch

private func json(_ text: String) -> String {
  var bytes = ByteBuffer()
  JSONText.append(text, to: &bytes)
  return String(decoding: bytes.bytes, as: UTF8.self)
}

private func csv(_ text: String) -> String {
  var bytes = ByteBuffer()
  CSVText.append(text, to: &bytes)
  return String(decoding: bytes.bytes, as: UTF8.self)
}

/// Texts made to break a format.
private func hostileText(_ random: inout SystemRandomNumberGenerator) -> String {
  let likely: [Unicode.Scalar] = [
    "\"", "\\", "\n", "\r", ",", ";", "\u{0}", "\u{1B}", "\u{2028}", "\u{85}", "a", "é", "日", "🦊",
  ]
  var text = String.UnicodeScalarView()
  for _ in 0..<Int.random(in: 0...40, using: &random) {
    let any = Unicode.Scalar(UInt32.random(in: 0...0x10FFFF, using: &random))
    text.append(Bool.random(using: &random) ? likely.randomElement(using: &random)! : any ?? "x")
  }
  return String(text)
}

struct OutputJSONTests {
  @Test(arguments: [
    ("", #""""#), ("nginx", #""nginx""#), ("a\"b\\c/d", #""a\"b\\c/d""#), ("\n\r\t", #""\n\r\t""#),
    ("\u{0}\u{1F}", #""\u0000\u001f""#), ("\u{7F}\u{80}\u{85}", #""\u007f\u0080\u0085""#),
    ("\u{2028}\u{2029}", #""\u2028\u2029""#), ("\u{202E}", #""\u202e""#), ("\u{E0041}", #""\udb40\udc41""#),
    ("日本🦊", #""日本🦊""#), ("\u{A0}", "\"\u{A0}\""),
  ])
  func `Strings are escaped`(text: String, escaped: String) { #expect(json(text) == escaped) }

  @Test
  func `Objects keep every key`() throws {
    let full = SampleRow(
      service: "https", direction: .inbound, uid: 33, age: 1_500_000,
      states: [(.synReceived, SampleRow.moment), (.established, SampleRow.moment + 42)],
      processes: ["a", "b"], localPorts: [80, 443],
      owner: SocketOwner(
        process: OwningProcess(
          pid: 7, startTime: 1, name: "n", exe: "/n", unit: "n.service", container: "c"), others: 2))
    let text = try SampleRow.printed(
      [full, SampleRow(), SampleRow(owner: SocketOwner(unknown: .notYetAccepted))],
      OutputOptions(format: .json))
    try expectGolden(text, "rows.json")
    for line in text.split(separator: "\n") {
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      #expect(Set(object?.keys.map { $0 } ?? []) == Set(SampleRow.keys.map(\.rawValue)))
    }
  }

  @Test
  func `Chosen keys come in the order asked for`() throws {
    let options = OutputOptions(format: .json, columns: ["local_port", "PROTO", "remote-addr"])
    let text = try SampleRow.printed([SampleRow()], options)
    #expect(text == #"{"local_port":51234,"proto":"tcp","remote_addr":"1.2.3.4"}"# + "\n")
  }

  @Test
  func `Every line of random rows is one object that reads back the same`() throws {
    var random = SystemRandomNumberGenerator()
    let rows = (0..<500).map { _ in
      SampleRow(
        service: hostileText(&random), age: Int64.random(in: .min ... .max),
        processes: [hostileText(&random)],
        owner: SampleRow.owner(hostileText(&random), exe: hostileText(&random)))
    }
    let text = try SampleRow.printed(rows, OutputOptions(format: .json))
    let lines = text.utf8.split(separator: UInt8(ascii: "\n"))
    #expect(lines.count == rows.count)
    #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || !HostileText.isUnsafe($0) })
    for (line, row) in zip(lines, rows) {
      let object = try #require(
        try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
      let process = try #require(object["process"] as? [String: Any])
      // Compared as scalars: == takes canonically equivalent texts for the same.
      func same(_ any: Any?, _ text: String?) -> Bool {
        (any as? String).map { Array($0.unicodeScalars) } == text.map { Array($0.unicodeScalars) }
      }
      #expect(same(object["service"], row.service))
      #expect(same((object["processes"] as? [Any])?.first, row.processes[0]))
      #expect(same(process["name"], row.owner.process?.name))
      #expect(same(process["exe"], row.owner.process?.exe))
    }
  }

  @Test(arguments: [
    (0, "0"), (1, "0.000001"), (-1, "-0.000001"), (1_500_000, "1.5"), (100_000, "0.1"), (10_000_000, "10"),
    (-3_000_000, "-3"), (Int64.max, "9223372036854.775807"), (Int64.min, "-9223372036854.775808"),
  ])
  func `Seconds are decimal`(microseconds: Int64, text: String) {
    var bytes = ByteBuffer()
    bytes.append(seconds: microseconds)
    #expect(String(decoding: bytes.bytes, as: UTF8.self) == text)
  }

  @Test(arguments: [
    (0, "0.000"), (45, "0.045"), (999, "0.999"), (1000, "1.000"), (12_345_678, "12345.678"),
    (-1500, "-1.500"),
    (Int64.max, "9223372036854775.807"), (Int64.min, "-9223372036854775.808"),
  ])
  func `Milliseconds have three decimals`(microseconds: Int64, text: String) {
    var bytes = ByteBuffer()
    bytes.append(milliseconds: microseconds)
    #expect(String(decoding: bytes.bytes, as: UTF8.self) == text)
  }

  @Test
  func `Numbers of every length are written as they are`() {
    var number: UInt64 = 1
    var numbers: [Int64] = [0, .min, .max]
    while number < UInt64(Int64.max) / 10 {
      number *= 10
      numbers += [-1, 0, 1].map { Int64(number) + $0 }
    }
    for _ in 0..<10_000 { numbers.append(Int64.random(in: .min ... .max) >> Int64.random(in: 0...63)) }
    for number in numbers {
      var bytes = ByteBuffer(capacity: 1)
      bytes.append(decimal: number)
      #expect(String(decoding: bytes.bytes, as: UTF8.self) == String(number))
    }
  }
}

struct OutputCSVTests {
  @Test(arguments: [
    ("", ""), ("plain", "plain"), ("a,b", #""a,b""#), ("a\"b", #""a""b""#), ("a\nb", "\"a\nb\""),
    ("a\rb", "\"a\rb\""),
    ("a;b", "a;b"), (" a ", " a "), ("日本", "日本"), ("\u{1B}", "\u{1B}"),
  ])
  func `Fields are quoted where they must be`(text: String, field: String) { #expect(csv(text) == field) }

  @Test
  func `Columns are those of the contract`() throws {
    var full = SampleRow(
      service: "a,b", direction: .inbound, uid: 33, age: 1_500_000,
      states: [(.synReceived, SampleRow.moment), (.established, SampleRow.moment + 42)],
      processes: ["a", "b"], localPorts: [80, 443],
      owner: SampleRow.owner("say \"hi\"", exe: "/bin/hi", others: 1))
    full.proto = .tcp6
    try expectGolden(
      SampleRow.printed(
        [full, SampleRow(), SampleRow(owner: SocketOwner(unknown: .noPermission))],
        OutputOptions(format: .csv)),
      "rows.csv")
    #expect(
      try SampleRow.printed(
        [SampleRow()], OutputOptions(format: .csv, header: false, columns: ["process", "proto"]))
        == ",,,,,,,tcp\n")
  }

  @Test
  func `Random rows read back field by field`() throws {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<500 {
      let texts = [hostileText(&random), hostileText(&random)]
      let row = SampleRow(service: texts[0], owner: SampleRow.owner(texts[1]))
      let line = try SampleRow.printed(
        [row], OutputOptions(format: .csv, header: false, columns: ["proto", "service", "process"]))
      let fields = parse(Array(line.unicodeScalars))
      #expect(fields.count == 9)
      #expect(fields[1] == Array(texts[0].unicodeScalars))
      #expect(fields[3] == Array(texts[1].unicodeScalars))
    }
  }

  /// A reader of one RFC 4180 record that ends with a line feed.
  private func parse(_ text: [Unicode.Scalar]) -> [[Unicode.Scalar]] {
    var fields: [[Unicode.Scalar]] = [[]]
    var isQuoted = false
    var at = 0
    while at < text.count - 1 {
      switch text[at] {
      case "\"" where isQuoted && text[at + 1] == "\"":
        fields[fields.count - 1].append("\"")
        at += 1
      case "\"": isQuoted.toggle()
      case "," where !isQuoted: fields.append([])
      case let scalar: fields[fields.count - 1].append(scalar)
      }
      at += 1
    }
    return fields
  }
}

struct OutputColumnTests {
  @Test(arguments: [
    ("prot", "did you mean \"proto\"? "), ("lcoal_port", "did you mean \"local_port\"? "),
    ("pid", "did you mean \"process\"? "), ("xyzzy", ""), ("", ""),
  ])
  func `An unknown key is named, with the nearest and all`(key: String, guess: String) {
    let error = #expect(throws: ColumnError.self) { try selectColumns(["proto", key], of: SampleRow.self) }
    #expect(
      error?.description == "--columns: no column \"\(key)\" (\(guess)accepted: "
        + SampleRow.keys.map(\.rawValue).joined(separator: ", ") + ")")
  }

  @Test
  func `A key named twice is refused, a table's own column is no key`() {
    #expect(throws: ColumnError.self) { try selectColumns(["proto", "PROTO"], of: SampleRow.self) }
    #expect(throws: ColumnError.self) { try selectColumns(["age"], of: SampleRow.self) }
    #expect(throws: ColumnError.self) {
      try selectColumns([String(repeating: "a", count: 100_000)], of: SampleRow.self)
    }
  }
}
