// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Testing

@testable import connwatch

/// A long filter goes through the argument parser as few words, and comes out as it was.
struct FilterBundleTests {
  private static let many =
    Array(repeating: ["port", "22", "or"], count: 30).flatMap(\.self) + ["port", "23"]

  @Test(arguments: [
    many, ["--json"] + many, many + ["--json"], ["process", "a b"] + many,
    ["process", "--json", "curl"] + many,
    many + ["or", "process", ""], many + ["--", "-x", "--json", "y"], ["", ""] + many,
    ["--since=-1h", "(", ")"] + many,
  ])
  func `The words come out as they went in`(words: [String]) throws {
    let whole = try HistoryCommand.parse(words)
    let packed = FilterBundle.packed(["history"] + words)
    #expect(packed.count < 8)
    let command = try HistoryCommand.parse(Array(packed.dropFirst()))
    #expect(command.filterArguments.words == whole.filterArguments.words)
  }

  @Test func `A short one is left alone, and so is what is no filter`() {
    let short = ["history", "port", "22", "--json"]
    #expect(FilterBundle.packed(short) == short)
    let lines = ["explain"] + Self.many
    #expect(FilterBundle.packed(lines) == lines)
    #expect(FilterBundle.packed([]) == [])
  }
}
