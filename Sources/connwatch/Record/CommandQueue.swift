// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// A program that is run for each listener that should not be there: one at a time, not too often, and never waited for.
///
/// It reads no clock and starts nothing itself: both are handed in.
struct CommandQueue {
  /// What it is connected to.
  struct Ports {
    /// Starts the program with these variables in its environment.
    ///
    /// - Throws: ``Failure`` where it cannot be started.
    var start: ([ListenerField]) throws(Failure) -> Int32
    /// How it ended: its exit status, 128 and the signal's number where that ended it; nil where it has not.
    var status: (Int32) -> Int32?
    /// Ends it and what it started.
    var kill: (Int32) -> Void
    /// Says something on standard error.
    var say: (String) -> Void
  }

  /// The most that may wait.
  static let mostWaiting = 16
  /// The most that are started in a ``window``.
  static let mostStarts = 10
  /// Microseconds.
  static let window: Int64 = 60_000_000
  /// Microseconds that a program may take.
  static let patience: Int64 = 60_000_000
  /// The variable that says how many listeners were left out before.
  static let suppressed = "CONNWATCH_SUPPRESSED"

  private struct Running {
    var pid: Int32
    var since: Int64
    var isKilled = false
  }

  private let ports: Ports
  private var waiting: [[ListenerField]] = []
  private var running: Running?
  /// When the last ones were started.
  private var starts: [Int64] = []
  private var leftOut = 0
  /// What went wrong the last time, so that it is not said again and again.
  private var saidFailure: String?

  init(_ ports: Ports) { self.ports = ports }

  /// Nothing runs and nothing waits.
  var isIdle: Bool { running == nil && waiting.isEmpty }
  /// Something waits, and may be started as soon as what runs has ended.
  func maySoonStart(now: Int64) -> Bool { !waiting.isEmpty && hasRoom(now) }

  /// Takes a listener to be told of; where too many wait, it is left out and counted.
  mutating func add(_ fields: [ListenerField]) {
    if waiting.count < Self.mostWaiting {
      waiting.append(fields)
      return
    }
    if leftOut == 0 {
      ports.say("--on-listener: more listeners than the command can be run for; some are left out")
    }
    leftOut += 1
  }

  /// Looks after what runs, and starts what is next. `now` is in microseconds and never goes back.
  mutating func step(now: Int64) {
    if let current = running {
      guard let status = ports.status(current.pid) else {
        if !current.isKilled, now - current.since >= Self.patience {
          ports.kill(current.pid)
          running?.isKilled = true
          fail("ended after a minute")
        }
        return
      }
      running = nil
      if status == 0 { saidFailure = nil } else if !current.isKilled { fail("exit status \(status)") }
    }
    guard !waiting.isEmpty, hasRoom(now) else { return }
    start(now)
  }

  /// Says what was left undone, when there is no more time.
  func finish() {
    let count = leftOut + waiting.count
    if count > 0 { ports.say("--on-listener: \(Self.listeners(count)) left out") }
  }

  private func hasRoom(_ now: Int64) -> Bool {
    starts.count { now - $0 < Self.window } < Self.mostStarts
  }

  private mutating func start(_ now: Int64) {
    var fields = waiting.removeFirst()
    fields.append(ListenerField(name: Self.suppressed, value: String(leftOut)))
    starts.removeAll { now - $0 >= Self.window }
    starts.append(now)
    do throws(Failure) {
      running = Running(pid: try ports.start(fields), since: now)
      if leftOut > 0 { ports.say("--on-listener: \(Self.listeners(leftOut)) left out") }
      leftOut = 0
    } catch {
      leftOut += 1
      fail("\(error)")
    }
  }

  private mutating func fail(_ why: String) {
    if saidFailure != why { ports.say("--on-listener: \(why)") }
    saidFailure = why
  }

  private static func listeners(_ count: Int) -> String {
    count == 1 ? "1 listener was" : "\(count) listeners were"
  }
}
