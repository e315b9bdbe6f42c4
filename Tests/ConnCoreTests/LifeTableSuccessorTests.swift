// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

/// Connections that an earlier recorder left open, and whose ends are those of others when the next one begins.
@Suite struct LifeTableSuccessorTests {
  /// What the earlier one saw of either end until 0.5 s, by /proc.
  private static let left: [Life] = [
    (KernelScene.client, KernelScene.server), (KernelScene.server, KernelScene.client),
  ].enumerated().map { number, ends in
    let row = SocketRow(
      proto: .tcp, state: .established, local: ends.0, remote: ends.1, inode: 77_770 + UInt64(number),
      rawUID: 0)
    return Life(
      id: Int64(number) + 1, row: row, role: .connection, direction: nil,
      firstSeen: Timestamp(microseconds: KernelRun.boot + 400_000), firstSeenBoot: 400_000,
      uncertainty: 100_000,
      sources: .proc)
  }

  /// The first snapshot is of any moment of a scene that uses the same ends, the trace of all of it.
  @Test(arguments: KernelScene.recorded, [true, false])
  func noneOutlastsTheBeginningOfTheNext(_ scene: KernelScene, _ hasCookies: Bool) {
    let model = scene.model()
    var options = KernelRun.Options()
    options.hasCookies = hasCookies
    var wrong: [String] = []
    for event in model.trace {
      for lag in [0, 80, 20_000] as [Int64] {
        var run = KernelRun(model, options)
        run.table.resume(Self.left, lastSampleBoot: 500_000)
        for life in Self.left { run.told[life.id] = KernelRun.Told(life: life, openings: 1) }
        run.pass(cut: event.boot, at: event.boot + lag)
        run.runOut(after: 10_000_000)
        wrong += (run.violations + run.overlaps(heardUntil: event.boot)).map {
          "\(event.boot) +\(lag): \($0)"
        }
      }
    }
    #expect(wrong.first == nil, "\(wrong.count)")
  }
}

extension KernelRun {
  /// Lives of connections that go on after the next one with their ends has begun; by more than their times can be off where
  /// the first snapshot was not told of its first step, which tells its port. Only where rows have shown an inode of the next one: a row without may
  /// be of either.
  fileprivate func overlaps(heardUntil: Int64) -> [String] {
    let connections = told.values.map(\.life).filter { $0.role == .connection }
    var wrong: [String] = []
    for lives in Dictionary(grouping: connections, by: \.ends).values {
      let inOrder = lives.sorted { ($0.firstSeenBoot, $0.id) < ($1.firstSeenBoot, $1.id) }
      for (life, next) in zip(inOrder, inOrder.dropFirst()) where next.inode != 0 {
        let known = next.firstSeenBoot + (next.laterSteps.first?.offset ?? 0)
        let doubt = known <= heardUntil ? 0 : life.uncertainty ?? 0
        let end = life.closedOffset.map { life.firstSeenBoot + $0 - doubt } ?? .max
        if end > next.firstSeenBoot {
          wrong.append("#\(life.id) to \(end), #\(next.id) from \(next.firstSeenBoot)")
        }
      }
    }
    return wrong
  }
}
