// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// What is said of openings that the kernel counted and that were not all recorded.
enum CoverageWords {
  /// What was missed, nil where it is not worth a word: up to two openings, or up to one in a hundred.
  ///
  /// - Parameters:
  ///   - coverage: of TCP; nothing else is counted.
  ///   - isTraced: true where the kernel's trace was read, which misses nothing short-lived.
  ///   - isRoot: true for one whom no further privilege would help.
  static func sentence(_ coverage: Coverage, isTraced: Bool, isRoot: Bool) -> String? {
    let missed = coverage.openings - coverage.recorded
    guard missed > 2, missed > coverage.openings / 100 else { return nil }
    if isTraced { return share(coverage) }
    return share(coverage)
      + (isRoot
        ? ": short-lived ones are missed without the kernel's trace"
        : ": short-lived ones are missed without privileges (sudo connwatch record sees them all)")
  }

  /// How much was seen, also where it is all.
  static func share(_ coverage: Coverage) -> String {
    let openings = coverage.openings
    // One that was counted in one minute can have been recorded in the next.
    let recorded = min(coverage.recorded, openings)
    let words = "saw \(grouped(recorded)) of \(grouped(openings)) openings"
    guard recorded < openings else { return words }
    let percent = min(99, Int(Double(recorded) / Double(openings) * 100))
    return words + ", \(percent) %" + attempts(coverage.attemptFails)
  }

  private static func attempts(_ count: Int64) -> String {
    switch count {
    case ...0: ""
    case 1: ", 1 attempt among them came to nothing"
    default: ", \(grouped(count)) attempts among them came to nothing"
    }
  }

  /// A whole number with a comma between thousands.
  private static func grouped(_ number: Int64) -> String {
    var text = ""
    let digits = String(max(0, number))
    for (place, digit) in digits.enumerated() {
      if place > 0, (digits.count - place).isMultiple(of: 3) { text.append(",") }
      text.append(digit)
    }
    return text
  }
}

extension [Coverage] {
  /// All namespaces together, nil where nothing was counted.
  var total: Coverage? {
    guard !isEmpty else { return nil }
    return reduce(into: Coverage()) { $0 += $1 }
  }
}
