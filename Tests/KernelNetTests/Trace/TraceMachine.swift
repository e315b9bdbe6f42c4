// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Foundation
import Testing

@testable import KernelNet

/// What tests of the real trace need of the machine, found out once.
enum TraceMachine {
  /// True where this process may trace and make network namespaces.
  static let traces: Bool = {
    guard geteuid() == 0, has("unshare", "ip", "python3", "bash"), run("unshare", "--net", "true") == 0 else {
      return false
    }
    return (try? TraceInstance(bufferKilobytes: 64)) != nil
  }()

  /// The folder of the fixtures.
  static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fixtures/trace")

  /// Starts a Python program in a network namespace of its own, with tracefs mounted where only it sees it.
  static func start(_ program: String, _ arguments: String...) throws -> TraceChild {
    try TraceChild(
      [
        "unshare", "--net", "--mount", "sh", "-c",
        "ip link set lo up; mount -t tracefs nodev /sys/kernel/tracing; exec python3 -S -u -c \"$@\"", "sh",
        program,
      ] + arguments)
  }

  private static func has(_ programs: String...) -> Bool {
    programs.allSatisfy { run("sh", "-c", "command -v \($0)") == 0 }
  }

  private static func run(_ words: String...) -> Int32 {
    guard let child = try? TraceChild(words) else { return -1 }
    return child.end()
  }
}

extension Trait where Self == ConditionTrait {
  /// Skips, and says so, where the kernel's trace cannot be had.
  static var needsTrace: Self {
    .enabled(
      if: TraceMachine.traces,
      "needs root, the right to trace and to make network namespaces, iproute2, util-linux, bash and Python 3"
    )
  }
}

/// A program that was started, with lines going in and coming out.
final class TraceChild {
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()

  init(_ words: [String]) throws {
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = words
    process.standardInput = input
    process.standardOutput = output
    try process.run()
  }

  deinit { if process.isRunning { process.terminate() } }

  /// Its process id.
  var pid: Int32 { process.processIdentifier }

  /// It has not ended.
  var isRunning: Bool { process.isRunning }

  /// Waits for a line.
  func line() -> String {
    var bytes: [UInt8] = []
    while let byte = output.fileHandleForReading.readData(ofLength: 1).first, byte != 10 {
      bytes.append(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Gives it a line.
  func say(_ line: String) { input.fileHandleForWriting.write(Data((line + "\n").utf8)) }

  /// Kills it, so that it cannot clean up.
  func kill() {
    Foundation.kill(pid, SIGKILL)
    process.waitUntilExit()
  }

  /// Ends its input and waits for its end; gives its status.
  @discardableResult func end() -> Int32 {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
    return process.terminationStatus
  }
}
