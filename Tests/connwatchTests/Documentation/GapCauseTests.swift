// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
import Foundation
import Testing

@testable import connwatch

/// Holds what is written of the causes of gaps to those there are.
struct GapCauseTests {
  @Test
  func `Every cause is documented, and no other`() throws {
    let document = try Documents.read("docs/DATABASE.md")
    #expect(Documents.firstCells(under: "Causes of gaps", in: document) == GapCause.allCases.map(\.rawValue))
    let page = try Documents.read("docs/man/connwatch.1").replacing("\n", with: " ")
    for cause in GapCause.allCases { #expect(page.contains(cause.rawValue), "\(cause.rawValue)") }
  }

  /// A cause is text in the history: where it is made it is one of the list.
  @Test
  func `No cause in the sources is text`() throws {
    let sources = Documents.root.appending(path: "Sources")
    let files = try #require(FileManager.default.enumerator(atPath: sources.path))
    var found: Set<String> = []
    for case let file as String in files where file.hasSuffix(".swift") {
      let text = String(decoding: try Data(contentsOf: sources.appending(path: file)), as: UTF8.self)
      for match in text.matches(of: /[cC]ause(?::| =) "([^"\\]+)"/) { found.insert(String(match.1)) }
    }
    #expect(found.isEmpty)
  }

  @Test
  func `A gap says what it means`() {
    func words(_ cause: String, _ detail: String? = nil) -> String {
      EventRow.words(
        Gap(
          since: Timestamp(microseconds: 0), until: Timestamp(microseconds: 12_000_000), cause: cause,
          samples: 12,
          detail: detail))
    }
    #expect(words("overrun") == "not watching for 12s: overrun")
    #expect(words("something new") == "not watching for 12s: something new")
    #expect(words("clock stepped", "by -3600.0 s") == "clock stepped by -3600.0 s")
    #expect(words("disk full") == "stored late, 12 samples of 12s: disk full")
  }

  @Test
  func `What was only written late has its tables`() {
    for cause in GapCause.allCases {
      let gap = Gap(
        since: Timestamp(microseconds: 0), until: Timestamp(microseconds: 1), cause: cause.rawValue,
        samples: 0,
        detail: nil)
      #expect(gap.hidesTables == (cause.meaning != .writtenLate))
      #expect(gap.isBlind == (cause.meaning == .unwatched))
    }
  }

  @Test(arguments: [
    ("0", "bytes(0)"), ("64M", "bytes(67108864)"), ("5%", "percent(5.0)"), ("0.5%", "percent(0.5)"),
  ])
  func `A reserve is read`(text: String, reserve: String) throws {
    #expect("\(try DiskReserve(option: text))" == reserve)
  }

  @Test(arguments: ["%", "-1%", "100%", "x%", "nan%", "64X", ""])
  func `What is no reserve is refused`(text: String) {
    #expect(throws: (any Error).self) { try DiskReserve(option: text) }
  }
}
