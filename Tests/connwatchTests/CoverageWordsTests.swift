// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import connwatch

struct CoverageWordsTests {
  private static let hint =
    ": short-lived ones are missed without privileges (sudo connwatch record sees them all)"
  private static let rootHint = ": short-lived ones are missed without the kernel's trace"

  private static func coverage(_ recorded: Int64, of openings: Int64, failed: Int64 = 0) -> Coverage {
    // Both sides count.
    Coverage(
      activeOpens: openings - openings / 3, passiveOpens: openings / 3, attemptFails: failed,
      recorded: recorded)
  }

  @Test(arguments: [
    (coverage(412, of: 9310), "saw 412 of 9,310 openings, 4 %"),
    (coverage(0, of: 3), "saw 0 of 3 openings, 0 %"),
    (coverage(1_234_567, of: 100_000_000), "saw 1,234,567 of 100,000,000 openings, 1 %"),
    (coverage(989, of: 1000), "saw 989 of 1,000 openings, 98 %"),
    (coverage(98_999, of: 99_999), "saw 98,999 of 99,999 openings, 98 %"),
    (coverage(10, of: 100, failed: 1), "saw 10 of 100 openings, 10 %, 1 attempt among them came to nothing"),
    (
      coverage(10, of: 2000, failed: 1500),
      "saw 10 of 2,000 openings, 0 %, 1,500 attempts among them came to nothing"
    ),
  ])
  func `What was missed is said, and why, unless it was traced`(_ coverage: Coverage, _ words: String) {
    #expect(CoverageWords.sentence(coverage, isTraced: false, isRoot: false) == words + Self.hint)
    #expect(CoverageWords.sentence(coverage, isTraced: false, isRoot: true) == words + Self.rootHint)
    #expect(CoverageWords.sentence(coverage, isTraced: true, isRoot: false) == words)
    #expect(CoverageWords.share(coverage) == words)
  }

  @Test(arguments: [
    (coverage(9310, of: 9310, failed: 9), "saw 9,310 of 9,310 openings"),
    (coverage(0, of: 0), "saw 0 of 0 openings"),
    (coverage(1, of: 3), "saw 1 of 3 openings, 33 %"),
    (coverage(99_000, of: 100_000), "saw 99,000 of 100,000 openings, 99 %"),
    // Never 100 % of a part.
    (coverage(99_999_999, of: 100_000_000), "saw 99,999,999 of 100,000,000 openings, 99 %"),
    (
      coverage(999, of: 1000, failed: 2),
      "saw 999 of 1,000 openings, 99 %, 2 attempts among them came to nothing"
    ),
    // Recorded in the minute after the one it was counted in.
    (coverage(12, of: 10), "saw 10 of 10 openings"),
  ])
  func `What is hardly worth a word is only said where it is asked for`(_ coverage: Coverage, _ words: String)
  {
    for isTraced in [false, true] {
      #expect(CoverageWords.sentence(coverage, isTraced: isTraced, isRoot: false) == nil)
    }
    #expect(CoverageWords.share(coverage) == words)
  }

  @Test
  func `Namespaces are taken together`() {
    #expect([Coverage]().total == nil)
    let parts = [Self.coverage(3, of: 9, failed: 1), Coverage(netns: "web", activeOpens: 1, recorded: 1)]
    #expect(parts.total == Coverage(activeOpens: 7, passiveOpens: 3, attemptFails: 1, recorded: 4))
  }
}
