// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Lets system calls of a connwatch fail while it runs: the rules of Tests/Faults, which is loaded into it.
final class Faults {
  /// What is to happen. Patterns are as in fnmatch(3), and held against paths as they were opened.
  enum Rule {
    /// What CLOCK_REALTIME is ahead by, in seconds.
    case wallClock(ahead: Double)
    /// What CLOCK_BOOTTIME is ahead by, in seconds: a suspension is both.
    case bootClock(ahead: Double)
    /// The type of the file system of a path.
    case fileSystem(String, type: UInt32)
    /// Opening fails.
    case open(String, Int32)
    /// Reading fails after so many bytes; an error of 0 is the end of the file.
    case read(String, Int32, after: Int = 0)
    /// What is read lacks its beginning.
    case skip(String, bytes: Int)
    /// Each read and write takes longer.
    case slow(String, milliseconds: Int)
    /// Writing and truncating fails.
    case write(String, Int32)
    /// fsync and fdatasync fail.
    case sync(String, Int32)
    /// The most bytes that a socket may have for what it receives.
    case receive(Int)

    fileprivate var line: String {
      switch self {
      case .wallClock(let seconds): "clock realtime \(Int64(seconds * 1e9))"
      case .bootClock(let seconds): "clock boottime \(Int64(seconds * 1e9))"
      case .fileSystem(let pattern, let type): "statfs \(pattern) \(type)"
      case .open(let pattern, let code): "open \(pattern) \(code)"
      case .read(let pattern, let code, let bytes): "read \(pattern) \(code) \(bytes)"
      case .skip(let pattern, let bytes): "skip \(pattern) \(bytes)"
      case .slow(let pattern, let milliseconds): "slow \(pattern) \(milliseconds)"
      case .write(let pattern, let code): "write \(pattern) \(code)"
      case .sync(let pattern, let code): "sync \(pattern) \(code)"
      case .receive(let bytes): "receive \(bytes)"
      }
    }
  }

  /// The library; beside the tests, since the program may be another build's.
  static let library = Machine.built("libFaults.so")

  private static let size = 16384
  private let memory: UnsafeMutableRawBufferPointer
  private let path: String
  private let preload: String

  init(_ stage: Stage) throws {
    let library = try #require(
      Self.library, "no libFaults.so beside the tests: build it first (swift build --build-tests)")
    preload = [library, stage.environment["LD_PRELOAD"]].compactMap(\.self).joined(separator: ":")
    path = stage.path("faults-\(UUID().uuidString)")
    let file = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    defer { close(file) }
    guard file >= 0, ftruncate(file, off_t(Self.size)) == 0,
      let start = mmap(nil, Self.size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), start != MAP_FAILED
    else { throw TestFailure("\(path): \(String(cString: strerror(errno)))") }
    memory = UnsafeMutableRawBufferPointer(start: start, count: Self.size)
  }

  deinit { munmap(memory.baseAddress, memory.count) }

  /// What the program is to be given.
  var environment: [String: String?] {
    // The address sanitizer wants to be loaded before anything else, unless it is told otherwise.
    let sanitizer = [ProcessInfo.processInfo.environment["ASAN_OPTIONS"], "verify_asan_link_order=0"]
    return [
      "LD_PRELOAD": preload, "CONNWATCH_FAULTS": path,
      "ASAN_OPTIONS": sanitizer.compactMap { $0 }.joined(separator: ":"),
    ]
  }

  /// Rules in the place of all there were, from now on.
  func set(_ rules: Rule...) {
    let text = Array(rules.map { $0.line + "\n" }.joined().utf8) + [0]
    precondition(text.count <= memory.count - 8)
    let number = memory.load(as: UInt64.self)
    // Odd while it is being written. x86-64 keeps the order of stores; a fence does so elsewhere.
    memory.storeBytes(of: number + 1, as: UInt64.self)
    msync(memory.baseAddress, memory.count, MS_ASYNC)
    UnsafeMutableRawBufferPointer(rebasing: memory[8...]).copyBytes(from: text)
    msync(memory.baseAddress, memory.count, MS_ASYNC)
    memory.storeBytes(of: number + 2, as: UInt64.self)
  }
}
