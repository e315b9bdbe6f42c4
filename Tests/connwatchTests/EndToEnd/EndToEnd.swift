// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Tests that run the program itself, on real sockets. One after the other: they measure what a sampler sees, and
/// a machine that is busy with several of them sees less.
@Suite(.serialized, .timeLimit(.minutes(Effort.of(short: 20, long: 120))))
struct EndToEnd {}

/// What a test needs of the machine, found out once.
enum Machine {
  static let isRoot = geteuid() == 0

  /// True where this process may make network namespaces: containers often keep even root from it.
  static let makesNamespaces =
    isRoot && has("ip", "unshare", "nsenter") && succeeds("unshare", "--net", "true")

  /// True where this process may mount file systems.
  static let mounts =
    isRoot && has("mount", "umount", "unshare")
    && succeeds("unshare", "--mount", "sh", "-c", "mount -t tmpfs none /mnt")

  /// The Python that scenes run on, itself: shims of version managers would only start it, and slowly.
  static let python = output("python3", "-c", "import os, sys; print(os.path.realpath(sys.executable))")

  /// Where that Python's library is, for a copy of it elsewhere.
  static let pythonHome = output("python3", "-c", "import sys; print(sys.base_prefix)")

  /// True where all of these programs are there.
  static func has(_ programs: String...) -> Bool { programs.allSatisfy { path(of: $0) != nil } }

  /// The path of a program, nil where there is none.
  static func path(of program: String) -> String? {
    if program.contains("/") { return program }
    // Servers that are not installed are unpacked by Scripts/setup.sh.
    let servers = root.appending(path: ".build/servers/usr/sbin").path
    let places =
      (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin") + ":/usr/sbin:/sbin:" + servers
    return places.split(separator: ":").map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
  }

  /// The program under test, which the build puts beside the tests; or CONNWATCH_BINARY, such as a release build.
  static let connwatch: String? = {
    if let named = ProcessInfo.processInfo.environment["CONNWATCH_BINARY"], !named.isEmpty { return named }
    return built("connwatch")
  }()

  /// What the build puts beside the tests.
  static func built(_ name: String) -> String? {
    let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let beside = URL(filePath: tests).deletingLastPathComponent().appending(path: name).path
    return [beside, root.appending(path: ".build/debug/\(name)").path].first { access($0, X_OK) == 0 }
  }

  /// The package's directory.
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// A scene's path.
  static func scene(_ name: String) -> String { root.appending(path: "Tests/Scenes/\(name)").path }

  private static func succeeds(_ words: String...) -> Bool { run(words)?.status == 0 }

  private static func output(_ words: String...) -> String? {
    guard let done = run(words), done.status == 0 else { return nil }
    return done.output.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private static func run(_ words: [String]) -> (status: Int32, output: String)? {
    guard let program = path(of: words[0]) else { return nil }
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(filePath: program)
    process.arguments = Array(words.dropFirst())
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let data = (try? pipe.fileHandleForReading.readToEnd()) ?? Data()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }
}

extension Trait where Self == ConditionTrait {
  /// Skips, and says so, where sockets cannot be put into a namespace of their own.
  static var needsNamespaces: Self {
    .enabled(
      if: Machine.makesNamespaces && Machine.python != nil,
      "needs root, the right to make network namespaces, iproute2, util-linux and Python 3")
  }

  /// Skips, and says so, where one of these programs is missing.
  static func needs(_ programs: String...) -> Self {
    .enabled(
      if: programs.allSatisfy { Machine.path(of: $0) != nil }, "needs \(programs.joined(separator: ", "))")
  }
}

/// How much a test does: little in `make test`, much where CONNWATCH_SOAK is set, as `make soak` sets it.
enum Effort {
  static let isLong = ProcessInfo.processInfo.environment["CONNWATCH_SOAK"].map { !$0.isEmpty } ?? false

  static func of<Amount>(short: Amount, long: Amount) -> Amount { isLong ? long : short }
}

/// What a test could not do, apart from what it expects.
struct TestFailure: Error, CustomStringConvertible {
  var description: String

  init(_ description: String) { self.description = description }
}

/// Waits until something holds, looking every few milliseconds.
func eventually(
  _ what: @autoclosure () -> String, within seconds: Double = 20,
  _ condition: () async throws -> Bool
) async throws {
  let end = ContinuousClock.now + .seconds(seconds)
  while try await !condition() {
    guard ContinuousClock.now < end else { throw TestFailure("not within \(seconds) s: \(what())") }
    try await Task.sleep(for: .milliseconds(10))
  }
}
