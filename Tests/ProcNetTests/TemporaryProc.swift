// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ProcNet

/// A tree of files that looks like /proc, gone when the test is over.
final class TemporaryProc {
  let root: ProcRoot
  private let folder: URL

  init(_ files: [String: [UInt8]] = [:]) throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "procnet-\(UUID().uuidString)")
    root = ProcRoot(folder.path())
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (name, bytes) in files { try write(name, bytes) }
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    let file = folder.appending(path: name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: file)
  }

  func remove(_ name: String) throws {
    try FileManager.default.removeItem(at: folder.appending(path: name))
  }

  func makeDirectory(_ name: String) throws {
    try FileManager.default.createDirectory(
      at: folder.appending(path: name), withIntermediateDirectories: true)
  }
}
