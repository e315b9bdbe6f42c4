// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import connwatch

/// From words to lines, and from lines to their places.
struct ExplainReadingTests {
  private func read(_ words: [String]) -> [String]? {
    EvidenceReader.read(words: words, services: .builtIn)?.map { line in
      "\(line.number) \(line.row.map { "\($0.format.rawValue) \($0.local.port ?? 0)" } ?? line.error ?? "")"
    }
  }

  @Test(
    arguments: [
      (["1372"], ["1 bare 1372"]), (["1372", "80/tcp", "ssh"], ["1 bare 1372", "2 bare 80", "3 bare 22"]),
      (["tcp", "1372"], ["1 bare 1372"]), (["23/tcp", "open", "telnet"], ["1 nmap 23"]),
      (["23/tcp open telnet", "25/tcp open smtp"], ["1 nmap 23", "2 nmap 25"]),
      (["TCP", "mirage:1372", "vnt4.webhosting.com:80", "ESTABLISHED"], ["1 netstat-windows 1372"]),
      (["192.0.2.1:80", "192.0.2.2:4000"], ["1 bare 80"]),
      (["___", "23", "[telnet]", "Telnet"], ["1 port-scan 23"]),
      (["state", "established"], nil), (["dport", "=", ":443"], nil), (["process", "ssh"], nil),
      (["host", "192.0.2.1"], nil),
      (["not", "sport", "22"], nil), (["192.0.2.1:80", "nonsense"], nil),
    ] as [([String], [String]?)])
  func `Words are a line, or lines, or neither`(words: [String], lines: [String]?) {
    #expect(read(words) == lines)
  }

  @Test
  func `The program on the line behind belongs to its row`() {
    let lines = EvidenceReader.read(
      [
        "Active Connections", "  TCP  0.0.0.0:135  0.0.0.0:0  LISTENING", " [svchost.exe]", "",
        "nonsense here",
      ],
      services: .builtIn)
    #expect(lines.map(\.number) == [2, 5])
    #expect(lines[0].row?.program == "svchost.exe")
    #expect(lines[1].error?.hasPrefix("not a line") == true)
  }

  @Test
  func `A long line is cut where it is shown`() {
    let long = ExplainedLine(number: 1, line: String(repeating: "e\u{301}", count: 5000), row: nil)
    #expect(long.line.unicodeScalars.count == ExplainedLine.shown + 1)
    #expect(long.line.hasSuffix("…"))
    #expect(ExplainedLine(number: 1, line: "1372", row: nil).line == "1372")
  }

  @Test
  func `Text is wrapped at blanks, by what it takes on a terminal`() {
    var text = ""
    Paragraph.append("one two  three", width: 9, indent: 2, to: &text)
    #expect(text == "  one two\n  three\n")
    text = ""
    Paragraph.append("日本 日本 a", width: 10, indent: 1, to: &text)
    #expect(text == " 日本 日本\n a\n")
    text = ""
    Paragraph.append("a-word-that-is-too-long b", width: 8, indent: 2, to: &text)
    #expect(text == "  a-word-that-is-too-long\n  b\n")
    text = ""
    Paragraph.append("", width: 8, indent: 2, to: &text)
    #expect(text == "")
  }

  @Test(
    arguments: [
      (nil, true), ("localhost", true), ("Mirage", true), ("mirage.example.org", true), ("mirage2", false),
      ("vnt4.webhosting.com", false), ("192.0.2.10", true), ("192.0.2.11", false), ("127.0.0.9", true),
      ("::1", true),
      ("0.0.0.0", true),
    ] as [(String?, Bool)])
  func `Whose an end is`(host: String?, isOurs: Bool) throws {
    let own = OwnHost(addresses: [try #require(IPAddress("192.0.2.10"))], name: "mirage")
    #expect(own.owns(EvidenceEnd(host: host, address: host.flatMap { IPAddress($0) }, port: 80)) == isOurs)
  }

  @Test
  func `This machine has an address`() {
    #expect(OwnHost.look().name?.isEmpty == false)
  }
}
