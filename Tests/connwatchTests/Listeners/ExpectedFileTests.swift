// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Foundation
import Testing

@testable import connwatch

/// The file of rules where others write it too, or where it is none.
@Suite struct ExpectedFileTests {
  private let folder = NSTemporaryDirectory() + "connwatch-file-\(UUID().uuidString)"

  private func rule(_ port: Int) throws -> ExpectedRule {
    try #require(try ExpectedRule(line: "tcp any \(port) *"))
  }

  @Test func changesAtOnceAreAllKept() async throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let file = ExpectedFile(path: folder + "/deep/expected")
    let rules = try (1...9).map(rule)
    await withThrowingTaskGroup(of: Void.self) { group in
      for rule in rules { group.addTask { try file.change { _ = $0.insert(rule) } } }
    }
    #expect(try file.read() == Set(rules))
    // Nothing is left beside it.
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/deep") == ["expected"])
  }

  @Test func aFileThatWasLeftBehindIsNoneOfOurs() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let file = ExpectedFile(path: folder + "/expected")
    let left = file.path + ".new.\(getpid())"
    try "left".write(toFile: left, atomically: false, encoding: .utf8)
    let rule = try rule(22)
    try file.change { _ = $0.insert(rule) }
    #expect(try file.read() == [rule])
    #expect(try String(contentsOfFile: left, encoding: .utf8) == "left")
  }

  @Test func whatThrowsChangesNothing() throws {
    let file = ExpectedFile(path: folder + "/expected")
    #expect(throws: Failure.self) {
      try file.change(makesDirectory: false) { rules throws(Failure) in
        rules = []
        throw Failure("no")
      }
    }
    #expect(!FileManager.default.fileExists(atPath: folder))
  }

  @Test func aFileWithoutEndIsNone() {
    let failure = #expect(throws: Failure.self) { try ExpectedFile(path: "/dev/zero").read() }
    #expect(failure?.description == "/dev/zero: a device, not a file")
  }
}
