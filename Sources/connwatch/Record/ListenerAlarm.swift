// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The command of `--on-listener`, between the recorder that finds listeners and the system that runs programs.
final class ListenerAlarm {
  /// Microseconds that are spent at the end on what still waits.
  private static let lastChance: Int64 = 3_000_000

  private var queue: CommandQueue

  /// - Throws: ``Failure`` where there is no such program.
  init(_ command: String, say: @escaping (String) -> Void) throws(Failure) {
    let runner = try ProgramRunner(command)
    queue = CommandQueue(
      CommandQueue.Ports(
        start: { fields throws(Failure) in try runner.start(fields) }, status: ProgramRunner.status,
        kill: ProgramRunner.kill, say: say))
  }

  /// Takes a listener to be told of.
  func add(_ fields: [ListenerField]) { queue.add(fields) }

  /// Looks after the programs; called after each sample, never waits.
  func step() { queue.step(now: SignalWait.monotonic()) }

  /// Tells what can still be told when nothing more is sampled.
  func finish() {
    let end = SignalWait.monotonic() + Self.lastChance
    while queue.maySoonStart(now: SignalWait.monotonic()), SignalWait.monotonic() < end {
      queue.step(now: SignalWait.monotonic())
      usleep(5000)
    }
    queue.finish()
  }
}
