// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// One test's own place: a directory, an environment, and the programs it started.
final class Stage {
  /// A directory of its own; others may look into it.
  let directory: String
  /// The database that commands use unless they are told another.
  let database: String
  private var children: [Child] = []
  private let connwatch: String

  init() throws {
    connwatch = try #require(
      Machine.connwatch, "no connwatch beside the tests: build it first (swift build --build-tests)")
    directory = FileManager.default.temporaryDirectory.appending(path: "connwatch-\(UUID().uuidString)").path
    database = directory + "/test.db"
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
  }

  /// Ends what was started, the latest first, and removes the directory. Called by `defer`.
  func end() {
    for child in children.reversed() { child.finish() }
    try? FileManager.default.removeItem(atPath: directory)
  }

  /// What every program is given; nothing else of the tests' own environment gets in.
  var environment: [String: String] {
    let ours = ProcessInfo.processInfo.environment
    var environment = [
      "PATH": ours["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin",
      "LANG": "C.UTF-8",
      "TZ": "UTC", "HOME": directory, "XDG_STATE_HOME": directory + "/state", "CONNWATCH_DB": database,
    ]
    // Where a sanitizer's reports go, of a program that is built with one.
    for name in ["ASAN_OPTIONS", "TSAN_OPTIONS", "LD_PRELOAD"] { environment[name] = ours[name] }
    return environment
  }

  func path(_ name: String) -> String { directory + "/" + name }

  /// A /proc with the tables of a captured machine, which has every state: for tests that want rows and not this
  /// machine's.
  func capturedProc() throws -> String {
    let proc = path("proc")
    try FileManager.default.createDirectory(atPath: proc + "/net", withIntermediateDirectories: true)
    for table in ["tcp", "tcp6", "udp", "udp6"] {
      let capture = Machine.root.appending(path: "Tests/Fixtures/proc_net_tcp/all_states.\(table)")
      try FileManager.default.copyItem(atPath: capture.path, toPath: "\(proc)/net/\(table)")
    }
    return proc
  }

  /// Starts any program.
  func start(
    _ words: [String], in namespace: String? = nil, environment: [String: String?] = [:],
    output: Child.Output = .file, errorPath: String? = nil, listens: Bool = false
  ) throws -> Child {
    var settings = Child.Settings(directory: directory)
    settings.environment = self.environment
    for (name, value) in environment { settings.environment[name] = value }
    settings.output = output
    settings.errorPath = errorPath
    settings.listens = listens
    // nsenter(1) becomes the program, so its pid is the program's.
    let entering = namespace.map { ["nsenter", "--net=/run/netns/\($0)"] } ?? []
    let child = try Child(entering + words, settings)
    children.append(child)
    return child
  }

  /// Starts connwatch.
  func connwatch(
    _ words: [String], in namespace: String? = nil, environment: [String: String?] = [:],
    output: Child.Output = .file, errorPath: String? = nil
  ) throws -> Child {
    try start(
      [connwatch] + words, in: namespace, environment: environment, output: output, errorPath: errorPath)
  }

  /// What a program that has ended left.
  struct Outcome {
    var status: Int32
    var output: String
    var errors: String

    /// Lines of standard output.
    var lines: [String] {
      output.split(separator: "\n").map(String.init)
    }

    /// Standard output as JSON, an object a line.
    func json() throws -> [JSONLine] { try lines.map { try JSONLine($0) } }
  }

  /// Runs connwatch to its end.
  func run(
    _ words: [String], in namespace: String? = nil, environment: [String: String?] = [:],
    output: Child.Output = .file, errorPath: String? = nil
  ) async throws -> Outcome {
    let child = try connwatch(
      words, in: namespace, environment: environment, output: output, errorPath: errorPath)
    let status = try await child.end()
    return Outcome(status: status, output: child.output, errors: child.errors)
  }

  /// Runs connwatch to its end, which must be a success.
  func succeed(
    _ words: [String], in namespace: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> Outcome {
    let outcome = try await run(words, in: namespace)
    #expect(outcome.status == 0, "\(words): \(outcome.errors)", sourceLocation: sourceLocation)
    return outcome
  }

  /// Runs any other program to its end, which must be a success; gives its standard output.
  func tool(_ words: [String], in namespace: String? = nil) async throws -> String {
    let child = try start(words, in: namespace)
    let status = try await child.end()
    guard status == 0 else { throw TestFailure("\(words): \(status): \(child.errors)") }
    return child.output
  }

  /// Asks a database something with SQLite's own program: rows of columns.
  func sql(_ statement: String, _ path: String? = nil) async throws -> [[String]] {
    let text = try await tool([
      "sqlite3", "-separator", "\u{1F}", "-cmd", ".timeout 5000", path ?? database, statement,
    ])
    return text.split(separator: "\n").map {
      $0.split(separator: "\u{1F}", omittingEmptySubsequences: false).map(String.init)
    }
  }

  /// Starts a recorder, and waits until it has written its first sample.
  ///
  /// It ends by itself after two minutes, or an hour of the long form, should nobody be left to end it.
  func record(
    _ words: [String] = [], in namespace: String, interval: String = "100ms",
    environment: [String: String?] = [:]
  ) async throws -> Child {
    let before = try await samples()
    let child = try connwatch(
      ["record", "--interval", interval, "--for", Effort.of(short: "120s", long: "1h")] + words,
      in: namespace,
      environment: environment)
    try await eventually("the first sample\n\(child.errors)") {
      if let status = child.status { throw TestFailure("the recorder ended with \(status)\n\(child.errors)") }
      return try await samples() > before
    }
    return child
  }

  /// Ends a recorder and waits for it.
  func stop(_ recorder: Child, _ signal: Int32 = SIGTERM, status expected: Int32 = 0) async throws {
    recorder.send(signal)
    let status = try await recorder.end()
    #expect(status == (signal == SIGKILL ? 128 + SIGKILL : expected), "\(recorder.errors)")
  }

  /// How many samples are stored, in the database or another one.
  func samples(_ path: String? = nil) async throws -> Int {
    guard access(path ?? database, F_OK) == 0 else { return 0 }
    let child = try connwatch(["db", "info", "--json", "--db", path ?? database])
    guard try await child.end() == 0, let line = child.lines.first else { return 0 }
    return try JSONLine(String(line)).int("samples") ?? 0
  }

  /// Starts a scene and gives it with its first word.
  func scene(_ name: String, _ words: [String], in namespace: String? = nil, python: String? = nil)
    async throws
    -> (child: Child, ready: JSONLine)
  {
    let interpreter = try #require(python ?? Machine.python)
    let child = try start(
      [interpreter, Machine.scene(name)] + words, in: namespace,
      environment: ["PYTHONHOME": python == nil ? nil : Machine.pythonHome], listens: true)
    try await eventually("\(name) to be ready\n\(child.errors)") {
      if let status = child.status { throw TestFailure("\(name) ended with \(status): \(child.errors)") }
      return !child.lines.isEmpty
    }
    return (child, try JSONLine(String(child.lines[0])))
  }

  /// Starts a puppet in a namespace of its own, or in another's.
  func puppet(in namespace: String? = nil, python: String? = nil) async throws -> Puppet {
    let (child, ready) = try await scene(
      "puppet.py", namespace == nil ? [] : ["--here"], in: namespace, python: python)
    return Puppet(
      child, namespace: try #require(namespace ?? ready.string("netns")), pid: try #require(ready.int("pid")))
  }
}
