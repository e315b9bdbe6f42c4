// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A program that was started: its output goes to files, so that it never waits for us.
final class Child {
  /// Where standard output goes.
  enum Output {
    /// To a file of its own, read by ``Child/output``.
    case file
    /// To this path.
    case path(String)
    /// To a terminal of so many columns.
    case terminal(columns: UInt16)
    /// To a pipe whose reader is gone.
    case brokenPipe
  }

  /// How a child is started.
  struct Settings {
    var environment: [String: String] = [:]
    var directory: String
    var output = Output.file
    /// Where standard error goes, a file of its own unless named.
    var errorPath: String?
    /// Gives it a pipe to be spoken to by; /dev/null otherwise.
    var listens = false
  }

  let pid: pid_t
  let words: [String]
  private let outputPath: String
  private let errorPath: String
  private let terminal: Int32?
  private var input: Int32?
  private var terminalText: [UInt8] = []
  private var exitStatus: Int32?

  /// Starts a program.
  init(_ words: [String], _ settings: Settings) throws {
    guard let program = Machine.path(of: words[0]) else { throw TestFailure("no program \(words[0])") }
    self.words = words
    let name = settings.directory + "/" + UUID().uuidString
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // The test's own threads block and ignore signals; children begin as programs usually do.
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    var all = sigset_t()
    sigemptyset(&all)
    for signal in [SIGINT, SIGTERM, SIGPIPE, SIGHUP] { sigaddset(&all, signal) }
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    var closeAfter: [Int32] = []
    defer { for descriptor in closeAfter { close(descriptor) } }
    if settings.listens {
      let ends = try Self.pipe()
      posix_spawn_file_actions_adddup2(&actions, ends.read, 0)
      closeAfter.append(ends.read)
      input = ends.write
    } else {
      posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
      input = nil
    }
    outputPath = name + ".out"
    var terminal: Int32?
    switch settings.output {
    case .file:
      posix_spawn_file_actions_addopen(&actions, 1, outputPath, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    case .path(let path): posix_spawn_file_actions_addopen(&actions, 1, path, O_WRONLY, 0)
    case .brokenPipe:
      let ends = try Self.pipe()
      close(ends.read)
      posix_spawn_file_actions_adddup2(&actions, ends.write, 1)
      closeAfter.append(ends.write)
    case .terminal(let columns):
      let ends = try Self.terminal(columns: columns)
      posix_spawn_file_actions_adddup2(&actions, ends.slave, 1)
      closeAfter.append(ends.slave)
      terminal = ends.master
    }
    self.terminal = terminal
    errorPath = settings.errorPath ?? name + ".err"
    posix_spawn_file_actions_addopen(&actions, 2, errorPath, O_WRONLY | O_CREAT | O_APPEND, 0o644)

    let arguments = words.map { strdup($0) } + [nil]
    let environment = settings.environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in arguments + environment { free(text) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, program, &actions, &attributes, arguments, environment)
    guard code == 0 else { throw TestFailure("\(program): \(String(cString: strerror(code)))") }
    self.pid = pid
  }

  /// What it wrote to standard output until now, as text; bytes that are not UTF-8 become U+FFFD.
  var output: String {
    if terminal != nil {
      drain()
      return String(decoding: terminalText, as: UTF8.self)
    }
    return Self.text(outputPath)
  }

  /// What it wrote to standard error until now.
  var errors: String { Self.text(errorPath) }

  /// Complete lines of standard output until now.
  var lines: [Substring] {
    let text = output
    guard let end = text.lastIndex(of: "\n") else { return [] }
    return text[..<end].split(separator: "\n", omittingEmptySubsequences: false)
  }

  /// The exit status where it has ended, 128 and the signal's number where that ended it.
  var status: Int32? {
    if let exitStatus { return exitStatus }
    if terminal != nil { drain() }
    var status: Int32 = 0
    guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
    if terminal != nil { drain() }
    let signal = status & 0x7F
    exitStatus = signal == 0 ? status >> 8 & 0xFF : 128 + signal
    return exitStatus
  }

  /// Waits for its end; gives the exit status.
  @discardableResult
  func end(within seconds: Double = 30) async throws -> Int32 {
    try await eventually("the end of \(words.joined(separator: " "))\n\(errors)", within: seconds) {
      status != nil
    }
    return status ?? -1
  }

  /// Sends a signal, unless it has ended.
  func send(_ signal: Int32) {
    if status == nil { kill(pid, signal) }
  }

  /// Writes a line to its standard input.
  func tell(_ line: String) throws {
    guard let input else { throw TestFailure("\(words[0]) does not listen") }
    let bytes = Array((line + "\n").utf8)
    guard write(input, bytes, bytes.count) == bytes.count else {
      throw TestFailure("\(words.joined(separator: " ")) does not listen any more\n\(errors)")
    }
  }

  /// Closes its standard input.
  func hangUp() {
    if let input { close(input) }
    input = nil
  }

  /// Ends it whatever it does: kindly where it has cleaning up to do, which those that listen do.
  func finish() {
    let end = ContinuousClock.now + .seconds(input == nil ? 0 : 5)
    hangUp()
    while status == nil, ContinuousClock.now < end { usleep(5000) }
    if status == nil {
      kill(pid, SIGKILL)
      var ignored: Int32 = 0
      waitpid(pid, &ignored, 0)
    }
    if let terminal { close(terminal) }
  }

  private func drain() {
    guard let terminal else { return }
    var bytes = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(terminal, &bytes, bytes.count)
      guard count > 0 else { return }
      terminalText += bytes.prefix(count)
    }
  }

  private static func text(_ path: String) -> String {
    String(decoding: (try? Data(contentsOf: URL(filePath: path))) ?? Data(), as: UTF8.self)
  }

  private static func pipe() throws -> (read: Int32, write: Int32) {
    var ends: [Int32] = [0, 0]
    guard Glibc.pipe(&ends) == 0 else { throw TestFailure("pipe: \(errno)") }
    // Other children must not hold it open.
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  /// A pseudoterminal, by the ioctls behind unlockpt(3) and ptsname(3).
  private static func terminal(columns: UInt16) throws -> (master: Int32, slave: Int32) {
    let (unlock, number): (UInt, UInt) = (0x4004_5431, 0x8004_5430)
    let master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)
    var locked: Int32 = 0
    var index: Int32 = 0
    guard master >= 0, ioctl(master, unlock, &locked) == 0, ioctl(master, number, &index) == 0 else {
      throw TestFailure("no pseudoterminal: \(errno)")
    }
    let slave = open("/dev/pts/\(index)", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    guard slave >= 0, ioctl(slave, UInt(TIOCSWINSZ), &size) == 0 else {
      throw TestFailure("no pseudoterminal: \(errno)")
    }
    return (master, slave)
  }
}
