// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// A line and what is said of it.
struct ExplainedLine {
  /// Its number among the lines given, from 1.
  var number: Int
  /// As it was given, cut where it is longer than anybody reads.
  var line: String
  /// What it tells; nil where it cannot be read.
  var row: EvidenceRow?
  /// Why it cannot be read, and what would be accepted.
  var error: String?

  /// How much of a line is shown.
  static let shown = 1024

  init(number: Int, line: some StringProtocol, row: EvidenceRow?, error: String? = nil) {
    self.number = number
    // By scalars, which are never more than four bytes: a character can have any number of them.
    let isCut = line.utf8.count > Self.shown
    var text = ""
    text.unicodeScalars.append(contentsOf: line.unicodeScalars.prefix(isCut ? Self.shown : .max))
    self.line = isCut ? text + "…" : text
    self.row = row
    self.error = error
  }
}

extension EvidenceReader {
  /// Reads lines; those with nothing to explain are left out.
  static func read(_ lines: some Sequence<some StringProtocol>, services: ServiceNames) -> [ExplainedLine] {
    var reader = EvidenceReader(services: services)
    var all: [ExplainedLine] = []
    for (index, line) in lines.enumerated() {
      let number = index + 1
      switch reader.read(line) {
      case .rows(let rows): all += rows.map { ExplainedLine(number: number, line: line, row: $0) }
      case .amends(let program):
        if let last = all.indices.last, all[last].row?.program == nil { all[last].row?.program = program }
      case .context: break
      case .unreadable(let why, let hint):
        all.append(ExplainedLine(number: number, line: line, row: nil, error: "\(why) (\(hint))"))
      }
    }
    return all
  }

  /// The words of a command line as lines: where one has blanks in it, or all together are no line and each is one,
  /// each is a line; else they are one. nil where they are neither.
  static func read(words: [String], services: ServiceNames) -> [ExplainedLine]? {
    let each = read(words, services: services)
    let hasBlanks = words.contains { $0.utf8.contains { $0 == 32 || $0 == 9 } }
    if hasBlanks || words.count == 1 { return each }
    let joined = read([words.joined(separator: " ")], services: services)
    if joined.contains(where: { $0.row != nil }) { return joined }
    return !each.isEmpty && each.allSatisfy { $0.row != nil } ? each : nil
  }
}
