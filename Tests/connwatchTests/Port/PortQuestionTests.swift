// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import connwatch

struct PortQuestionTests {
  private let services = ServiceNames(file: Array("farm 100/tcp\nfarm 200/tcp\nssh 22/tcp\n".utf8))

  @Test(
    arguments: [
      ("22", UInt16(22), [Transport.tcp, .udp]), ("53/udp", 53, [.udp]), ("53/TCP", 53, [.tcp]),
      ("ssh", 22, [.tcp]), ("SSH", 22, [.tcp]), ("domain", 53, [.tcp, .udp]), ("domain/udp", 53, [.udp]),
      ("dns", 53, [.tcp, .udp]), ("wireguard", 51820, [.udp]), ("65535", 65535, [.tcp, .udp]),
    ] as [(String, UInt16, [Transport])])
  func `A port is a number or a name`(word: String, port: UInt16, transports: [Transport]) throws {
    let question = try PortQuestion(word, services)
    #expect(question.port == port)
    #expect(question.transports == transports)
  }

  @Test(
    arguments: [
      ("0", "1 to 65535"), ("65536", "1 to 65535"), ("99999999999999999999", "1 to 65535"),
      ("22/sctp", "is not a port"), ("22/", "is not a port"), ("", "no port has that name"),
      ("sssh", "did you mean \"ssh\""), ("farm", "several ports (say which: 100, 200)"),
      ("a\u{1B}[31m", #"a\x1b[31m"#), ("-1", "is not a port"), ("ssh/udp", "no port has that name"),
    ])
  func `What is none is refused`(word: String, message: String) {
    let failure = #expect(throws: Failure.self) { try PortQuestion(word, services) }
    #expect(failure?.description.contains(message) == true, "\(failure?.description ?? "")")
  }

  @Test
  func `Sentences are broken at blanks`() {
    #expect(Prose.wrapped("a bb ccc", width: 80) == "a bb ccc\n")
    #expect(
      Prose.wrapped("one two three four five six", width: 20, indent: 2)
        == "one two three four\n  five six\n")
    let long = String(repeating: "x", count: 90)
    #expect(Prose.wrapped("a \(long) b", width: nil) == "a\n\(long)\nb\n")
    #expect(Prose.list(["a", "b", "c"]) == "a, b and c")
    #expect(Prose.list(["a"]) == "a")
    #expect(Prose.count(1, "host") == "1 host" && Prose.count(2, "process", "processes") == "2 processes")
  }
}
