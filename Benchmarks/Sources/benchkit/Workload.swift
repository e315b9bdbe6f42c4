// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import CBench
import ConnCore
import ConnStore
import ProcNet

/// Fixed pieces of work for counting instructions: the same each time, without a clock, a real /proc or chance.
enum Workload {
  /// What is counted.
  nonisolated(unsafe) private static var work: () -> Void = {}

  /// Does the work within a function of C, whose name callgrind finds: `--toggle-collect=cbench_measured`.
  private static func measure() { cbench_measured { Workload.work() } }

  /// Prepares a workload, does it once, and looks at what came of it.
  ///
  /// - Parameter scratch: a directory for files.
  static func run(_ name: String, scratch: String) throws(KitError) {
    switch name {
    case "parse": try parse(v6: false)
    case "parse6": try parse(v6: true)
    case "diff": try diff()
    case "store":
      let batch = finished(10_000)
      try history(scratch) { writer in { () throws(StoreError) in try writer.write(batch) } }
    case "digest":
      // Eight blocks, and the one rollup that they make.
      let batch = finished(32_768)
      try history(scratch) { writer throws(StoreError) in
        try writer.write(batch)
        return { () throws(StoreError) in try writer.digest(after: batch) }
      }
    default: throw KitError("\(name): parse, parse6, diff, store or digest")
    }
  }

  private static func parse(v6: Bool) throws(KitError) {
    let count = 100_000
    let bytes = Tables.text(count: count, v6: v6)
    var parser = SocketTableParser()
    var rows: [SocketRow] = []
    work = { _ = parser.parse(bytes, proto: v6 ? .tcp6 : .tcp, byteOrder: .little, appendingTo: &rows) }
    measure()
    guard rows.count == count else { throw KitError("\(rows.count) rows of \(count)") }
  }

  /// A first sample of 10,000 sockets, and one in which a hundred are new and a hundred are gone.
  private static func diff() throws(KitError) {
    let first = Tables.snapshot(0..<10_000, second: 1)
    let second = Tables.snapshot(100..<10_100, second: 2)
    var table = LifeTable(seed: 1)
    var opened = 0
    work = {
      opened += table.apply(first).current.count
      opened += table.apply(second).current.count
    }
    measure()
    guard opened >= 10_100 else { throw KitError("\(opened) openings of 10100") }
  }

  /// A batch of finished connections.
  private static func finished(_ count: Int) -> Batch {
    var batch = Batch(
      time: Timestamp(microseconds: 1_767_261_660_000_000), boot: 60_000_000, nextLife: Int64(count) + 1,
      sockets: count)
    let process = OwningProcess(pid: 4711, startTime: 1, name: "nginx", exe: "/usr/sbin/nginx")
    for number in 1...count {
      var life = Life(
        id: Int64(number), row: Tables.row(number), role: .connection, direction: .inbound,
        firstSeen: Timestamp(microseconds: 1_767_261_600_000_000 + Int64(number) * 1000),
        firstSeenBoot: Int64(number) * 1000, uncertainty: 1_000_000, sources: .netlink)
      life.owner = SocketOwner(process: process)
      life.laterSteps = [Life.Step(.timeWait, at: 1_000_000 + Int64(number % 100) * 1000)]
      life.closedOffset = life.laterSteps[0].offset
      life.lastSeenOffset = 2_000_000
      batch.finished.append(life)
    }
    return batch
  }

  /// Measures what `prepare` gives, on a new database.
  private static func history(
    _ scratch: String,
    prepare: (HistoryWriter) throws(StoreError) -> (() throws(StoreError) -> Void)
  ) throws(KitError) {
    var failure: KitError?
    let run = HistoryWriter.Run(
      bootID: "boot", pid: 1, version: "benchmark", source: "proc", interval: 1_000_000)
    do throws(StoreError) {
      let now = Timestamp(microseconds: 1_767_261_660_000_000)
      let writer = try HistoryWriter(path: scratch + "/store.db", run: run, now: now)
      let measured = try prepare(writer)
      work = {
        do throws(StoreError) { try measured() } catch { failure = KitError("\(error)") }
      }
      measure()
      try writer.close(now: now)
    } catch {
      throw KitError("\(error)")
    }
    if let failure { throw failure }
  }
}
