// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
@preconcurrency import Glibc

/// `make-history DATABASE COUNT [DAYS]`: a history of COUNT connections, written as the recorder writes it, a batch a
/// minute, of which some connections go on in the next. Prints one JSON object: what was written, and how fast.
@main
struct MakeHistory {
  static func main() throws {
    let words = CommandLine.arguments
    guard words.count >= 3, let count = Int(words[2]), count > 0 else {
      fputs("usage: make-history DATABASE COUNT [DAYS]\n", stderr)
      exit(2)
    }
    let days = words.count > 3 ? Int(words[3]) ?? 7 : 7
    // Midnight of a Monday, so that each run gives the same file.
    let begin = Timestamp(microseconds: 1_767_571_200_000_000)
    let started = cpuSeconds()
    let writer = try HistoryWriter(
      path: words[1],
      run: .init(bootID: "made", pid: getpid(), version: "made", source: "auto", interval: 1_000_000),
      now: begin)
    var maker = Maker(count: count, minutes: days * 1440, begin: begin)
    while let batch = maker.next() {
      try writer.write(batch)
      try writer.digest(after: batch)
    }
    try writer.close(now: begin + Int64(days) * 86_400_000_000)
    let cpu = cpuSeconds() - started
    var status = stat()
    stat(words[1], &status)
    print(
      """
      {"lives": \(count), "cpu_s": \(cpu), "making_s": \(try Maker.cost(count, days)), "bytes": \(status.st_size)}
      """)
  }

  static func cpuSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

/// Makes the batches of a week, minute by minute.
struct Maker {
  private var world = World(seed: 1)
  private let count: Int
  private let minutes: Int
  private let begin: Timestamp
  private let busyness: Double
  private var minute = 0
  private var share = 0.0
  private var made = 0
  private var nextID: Int64 = 1
  /// Connections that go on, by the minute in which they end.
  private var open: [Int: [Life]] = [:]

  init(count: Int, minutes: Int, begin: Timestamp) {
    self.count = count
    self.minutes = minutes
    self.begin = begin
    busyness = (0..<minutes).reduce(0) { $0 + World.busyness(minute: $1) }
  }

  mutating func next() -> Batch? {
    guard minute < minutes else { return nil }
    let start = begin + Int64(minute) * 60_000_000
    var batch = Batch(time: start, boot: Int64(minute) * 60_000_000, nextLife: nextID, sockets: 200)
    batch.last = start + 59_000_000
    batch.boot += 59_000_000
    batch.samples = 60
    share += World.busyness(minute: minute)
    let due = minute == minutes - 1 ? count : Int(Double(count) * share / busyness)
    let offsets = (made..<max(made, due)).map { _ in Int64(world.unit() * 60e6) }.sorted()
    batch.opened = offsets.count
    made += offsets.count
    for offset in offsets {
      var life = world.connection(
        id: nextID, time: start + offset, boot: Int64(minute) * 60_000_000 + offset)
      nextID += 1
      let end = (life.firstSeen + (life.closedOffset ?? 0) - begin) / 60_000_000
      if end <= minute {
        batch.finished.append(life)
      } else {
        // Nobody knows yet how it ends.
        open[Int(end), default: []].append(life)
        life.closedOffset = nil
        life.laterSteps.removeAll { $0.state != .established }
        life.lastSeenOffset = 0
        batch.current.append(life)
      }
    }
    let ended = open.removeValue(forKey: minute) ?? []
    batch.closed = batch.finished.count + ended.count
    batch.finished += ended
    minute += 1
    return batch
  }

  /// CPU seconds to make the batches alone.
  static func cost(_ count: Int, _ days: Int) throws -> Double {
    let started = MakeHistory.cpuSeconds()
    var maker = Maker(count: count, minutes: days * 1440, begin: Timestamp(microseconds: 0))
    while maker.next() != nil {}
    return MakeHistory.cpuSeconds() - started
  }
}
