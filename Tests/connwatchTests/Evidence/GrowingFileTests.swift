// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import connwatch

@Suite struct GrowingFileTests {
  /// A file that somebody writes to faster than it is read has an end all the same.
  @Test func aFileThatGrowsIsReadAsItWas() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "growing-\(UUID().uuidString)").path
    defer { unlink(path) }
    try "first\nsecond\n".write(toFile: path, atomically: false, encoding: .utf8)
    let file = try EvidenceFile(path)
    let later = try FileHandle(forWritingTo: URL(filePath: path))
    try later.seekToEnd()
    try later.write(contentsOf: Data(String(repeating: "later\n", count: 100_000).utf8))
    var lines: [String] = []
    let digest = try file.lines { bytes, _ in lines.append(String(decoding: bytes, as: UTF8.self)) }
    #expect(lines == ["first", "second"])
    #expect(file.digest() == digest)
  }
}
