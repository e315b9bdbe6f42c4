// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConnCore
import ConnStore
@preconcurrency import Glibc
import ProcNet

/// How long and how much is kept, and what is not stored at all.
struct StorageOptions: ParsableArguments {
  private static let usualKeep = "30d"
  private static let usualSize = "512M"

  @Option(
    help: ArgumentHelp("Keep connections this long after they end; 0 for ever.", valueName: "duration"))
  var keep = usualKeep

  @Option(
    help: ArgumentHelp("Bytes the database may use, then the oldest go; 0 no limit.", valueName: "size"))
  var maxSize = usualSize

  @Option(
    help: ArgumentHelp(
      "What is left free on the disk; below it the database grows no more. 0 nothing.",
      valueName: "size|percent"))
  var keepFree: String?

  @Option(help: ArgumentHelp("Neither store nor print what matches.", valueName: "filter"))
  var ignore: String?

  /// True where one of them was given.
  var isGiven: Bool {
    keep != Self.usualKeep || maxSize != Self.usualSize || keepFree != nil || ignore != nil
  }

  /// What the options come to.
  struct Plan {
    /// Microseconds between samples.
    var interval: Int64
    var retention: Retention
    var ignored: Filter?
    /// The filter as it was written.
    var ignore: String?
  }

  /// Reads them, and the time between samples.
  ///
  /// - Throws: ``Failure``, ``UnreadableText`` or ``FilterError`` with the option and its value.
  func plan(interval text: String, _ names: Names) throws -> Plan {
    let interval = try SampleInterval.read(text)
    let keep = try Quantity.duration(keep)
    let size = try Quantity.size(maxSize)
    guard size == 0 || size >= 1_000_000 else {
      throw Failure("--max-size \(maxSize): too small (1M is the least, 0 no limit)")
    }
    let reserve = try keepFree.map { try DiskReserve(option: $0) } ?? .usual
    let ignored = try ignore.map { text throws(FilterError) in
      try Filter([text], services: names.services, userID: { Names.userID($0) })
    }
    return Plan(
      interval: interval,
      retention: Retention(
        keep: keep == 0 ? nil : keep, maxSize: size == 0 ? nil : size,
        keepFree: reserve == .bytes(0) || reserve == .percent(0) ? nil : reserve),
      ignored: ignored, ignore: ignore)
  }
}

/// Time between samples.
enum SampleInterval {
  /// Reads `--interval`, in microseconds.
  ///
  /// - Throws: ``Failure`` or ``UnreadableText`` with the option and its value.
  static func read(_ text: String) throws -> Int64 {
    let interval = try Quantity.duration(text)
    guard interval >= 10_000 else { throw Failure("--interval \(text): too short (10ms is the least)") }
    guard interval <= 86_400_000_000 else { throw Failure("--interval \(text): too long (1d is the most)") }
    return interval
  }
}

/// The database of a recorder, open to be written.
struct HistoryStart {
  /// Writes on a thread of its own, which is alone in knowing the database.
  let background: BackgroundWriter
  /// What an earlier recorder left.
  let resumption: HistoryWriter.Resumption

  /// Opens the database.
  ///
  /// - Parameters:
  ///   - source: what sees the sockets, as it is stored with the run.
  ///   - complain: told, on the writer's thread, when something could not be written.
  init(
    _ path: String, _ plan: StorageOptions.Plan, _ names: Names, _ root: ProcRoot, source: Life.Sources,
    now: Timestamp, complain: @escaping @Sendable (String) -> Void
  ) throws {
    var services: [(port: UInt16, transport: Transport, name: String)] = []
    names.services.forEachPort { services.append((port: $0, transport: $1, name: $2)) }
    let run = HistoryWriter.Run(
      bootID: BootID(reading: root)?.description ?? "unknown", pid: getpid(), version: Connwatch.version,
      source: source.name, interval: plan.interval, ignored: plan.ignore, services: services,
      accountName: { Names.userName($0) })
    let writer = try HistoryWriter(path: path, run: run, now: now)
    var resumption = writer.resumption
    if let boot = resumption.lastSampleBoot, let sampled = resumption.lastSample {
      // On the clock of that sample: it may have been set since.
      let passed = SystemClock().now().boot - boot
      resumption.endedLately = try HistoryReader(path: path).endedLately(at: sampled + max(0, passed))
    }
    writer.forgetResumption()
    self.resumption = resumption
    // A limit on the sizes of files (ulimit -f, LimitFSIZE=) is a reason not to write, and none to die.
    signal(SIGXFSZ, SIG_IGN)
    background = BackgroundWriter(
      writer, retention: plan.retention,
      complain: { error in
        complain("\(error); sampling goes on, and what waits is written as soon as it can be")
      },
      notice: { complain($0.sentence(of: path)) })
  }
}
