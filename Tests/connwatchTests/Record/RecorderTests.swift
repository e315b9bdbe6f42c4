// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
import Testing

@testable import connwatch

/// A recorder whose every second is made up here.
private final class Night {
  var batches: [Batch] = []
  var told: [String] = []
  private var recorder: Recorder!
  private var second: Int64 = 0

  init(ignored: Filter? = nil, resumption: HistoryWriter.Resumption = .init()) {
    recorder = Recorder(
      settings: LifeTable.Settings(), resumption: resumption, interval: 1_000_000, ignored: ignored,
      ports: Recorder.Ports(
        owners: { wanted, _ in wanted.map { _ in .notLookedUp } },
        store: { [unowned self] in batches.append($0) },
        tell: { [unowned self] happenings in told += happenings.map(Self.line) }))
    recorder.watch(nil, counters: nil)
  }

  static func moment(_ second: Int64) -> Timestamp { Timestamp(microseconds: second * 1_000_000) }

  private static func line(_ happening: Recorder.Happening) -> String {
    switch happening {
    case .gap(let gap):
      "gap \(gap.since.microseconds / 1_000_000)-\(gap.until.microseconds / 1_000_000) \(gap.cause) \(gap.samples)"
    case .event(let event): "\(event.kind.rawValue) #\(event.life.id) \(event.life.local.port)"
    }
  }

  func see(_ ports: [UInt16], failure: String? = nil, after seconds: Int64 = 1) throws {
    second += seconds
    let rows = ports.map { port in
      SocketRow(
        proto: .tcp, state: .established, local: Endpoint(IPAddress(v4: 0x0A00_0002), port),
        remote: Endpoint(IPAddress(v4: 0x0A00_0001), 443), inode: UInt64(port))
    }
    let outcome: TableReport.Outcome = failure.map { .failed($0) } ?? .read
    let snapshot = Snapshot(
      time: Self.moment(second), bootTime: second * 1_000_000, rows: failure == nil ? rows : [],
      tables: Proto.allCases.map { TableReport(proto: $0, outcome: outcome) })
    try recorder.take([nil: .init(snapshot: snapshot)], monotonic: second * 1_000_000)
  }

  func finish() throws { try recorder.finish(at: Self.moment(second), boot: second * 1_000_000) }

  var totals: Recorder.Totals { recorder.totals }
}

@Suite struct RecorderTests {
  @Test func aQuietNight() throws {
    let night = Night()
    try night.see([40000])
    try night.see([40000, 40001])
    try night.see([40001])
    try night.see([40001])
    #expect(night.told == ["opened #1 40000", "opened #2 40001", "closed #1 40000"])
    #expect(night.batches.map(\.opened) == [1, 1, 0, 0])
    #expect(night.batches.map(\.closed) == [0, 0, 0, 1])
    #expect(night.batches.map(\.nextLife) == [1, 2, 3, 3])
    #expect(night.batches[3].finished.map(\.id) == [1])
    #expect(night.totals == Recorder.Totals(samples: 4, opened: 2, closed: 1, gaps: 0))
  }

  @Test func whatCannotBeReadIsAGapAndClosesNothing() throws {
    let night = Night()
    try night.see([40000])
    for _ in 0..<3 { try night.see([], failure: "/proc/net/tcp: Permission denied") }
    try night.see([40000])
    #expect(night.told == ["opened #1 40000", "gap 1-5 /proc unreadable 3"])
    #expect(night.batches.last?.gaps.first?.detail == "/proc/net/tcp: Permission denied")
    #expect(night.batches.count == 2)
  }

  @Test func aGapThatHasNotEndedIsStoredAtTheEnd() throws {
    let night = Night()
    try night.see([40000])
    try night.see([], failure: "gone")
    try night.finish()
    #expect(night.told.last == "gap 1-2 /proc unreadable 1")
    #expect(night.batches.last?.samples == 0)
  }

  @Test func aPauseOfTheRecorderIsAGapAndLivesGoOn() throws {
    let first = Night()
    try first.see([])
    try first.see([40000, 40001], after: 0)
    var resumption = HistoryWriter.Resumption()
    resumption.open = first.batches[1].current
    resumption.nextLife = 3
    resumption.lastSample = Night.moment(1)
    resumption.lastSampleBoot = 1_000_000
    resumption.cause = .recorderStopped
    let second = Night(resumption: resumption)
    try second.see([40000, 40002], after: 61)
    try second.see([40000, 40002])
    #expect(
      second.told == ["gap 1-61 recorder stopped 59", "opened #3 40002", "closed #2 40001"])
    #expect(second.batches[1].finished.first?.uncertainty == 60_000_000)
  }

  @Test func whatIsIgnoredIsNeitherStoredNorTold() throws {
    let filter = try Filter(["sport", "=", "40001"], services: .builtIn, userID: { _ in nil })
    let night = Night(ignored: filter)
    try night.see([40000, 40001])
    for _ in 0..<2 { try night.see([]) }
    #expect(night.told == ["opened #1 40000", "closed #1 40000"])
    #expect(night.batches.flatMap(\.current).map(\.id) == [1])
    #expect(night.batches.flatMap(\.finished).map(\.id) == [1])
    #expect(night.totals.opened == 1)
  }
}
