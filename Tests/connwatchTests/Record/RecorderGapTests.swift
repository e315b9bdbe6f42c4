// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
import Testing

@testable import connwatch

private let second: Int64 = 1_000_000

private func at(_ seconds: Int64) -> Timestamp {
  Timestamp(microseconds: 1_767_261_600_000_000 + seconds * second)
}

/// A recorder whose clocks and tables a test makes.
private final class Night {
  var batches: [Batch] = []
  var told: [String] = []
  var clock: Int64
  var wallAhead: Int64 = 0
  private(set) var recorder: Recorder!

  init(_ resumption: HistoryWriter.Resumption = .init(), clock: Int64 = 100, ignored: String? = nil) throws {
    self.clock = clock
    recorder = Recorder(
      settings: LifeTable.Settings(), resumption: resumption, interval: second,
      ignored: try ignored.map { try Filter([$0], services: .builtIn, userID: { _ in nil }) },
      ports: Recorder.Ports(
        owners: { wanted, _ in wanted.map { _ in .notLookedUp } },
        store: { [unowned self] in batches.append($0) },
        tell: { [unowned self] happenings in
          for happening in happenings {
            switch happening {
            case .event(let event): told.append("\(event.kind.rawValue) #\(event.life.id)")
            case .gap(let gap): told.append(Self.text(gap))
            }
          }
        }))
    recorder.watch(nil, counters: nil)
  }

  static func text(_ gap: Gap) -> String {
    let start = at(0)
    return "\(gap.cause) \((gap.since - start) / second)-\((gap.until - start) / second)"
  }

  var gaps: [String] { batches.flatMap(\.gaps).map(Self.text) }

  func see(_ rows: [SocketRow] = [], failing why: String? = nil, after: Int64 = 1, asleep: Int64 = 0) throws {
    clock += after
    slept += asleep
    let outcome: TableReport.Outcome = why.map { .failed($0) } ?? .read
    let snapshot = Snapshot(
      time: at(clock + wallAhead), bootTime: clock * second, rows: rows,
      tables: Proto.allCases.map { TableReport(proto: $0, outcome: outcome) })
    try recorder.take([nil: .init(snapshot: snapshot)], monotonic: (clock - slept) * second)
  }

  func finish() throws { try recorder.finish(at: at(clock + wallAhead), boot: clock * second) }

  private var slept: Int64 = 0
}

private func row(_ port: UInt16 = 40000) -> SocketRow {
  SocketRow(
    proto: .tcp, state: .established, local: Endpoint(IPAddress(v4: 1), port),
    remote: Endpoint(IPAddress(v4: 2), 80), inode: UInt64(port), rawUID: 0)
}

@Suite struct RecorderGapTests {
  @Test func unreadableTablesAreOneGapAndCloseNothing() throws {
    let night = try Night()
    try night.see([row()])
    for _ in 0..<3 { try night.see(failing: "no /proc") }
    try night.see([row()])
    #expect(night.told == ["opened #1", "/proc unreadable 101-105"])
    #expect(night.batches.last?.gaps.first?.samples == 3)
    #expect(night.batches.last?.gaps.first?.detail == "no /proc")
  }

  @Test func aStepOfTheClockWhileNothingCanBeReadIsStored() throws {
    let night = try Night()
    try night.see([row()])
    night.wallAhead = -50
    try night.see(failing: "no /proc")
    try night.see(failing: "no /proc")
    try night.see([row()])
    #expect(Set(night.gaps) == ["clock stepped 52-101", "/proc unreadable 54-101"])
    try night.see(failing: "no /proc")
    night.wallAhead = 100
    try night.see(failing: "no /proc")
    try night.finish()
    #expect(night.gaps.count == 4)
    #expect(night.gaps.contains { $0.hasPrefix("clock stepped") && $0.hasSuffix("-206") })
  }

  @Test func unreadableFromTheStart() throws {
    let night = try Night()
    for _ in 0..<5 { try night.see(failing: "no /proc") }
    try night.see([row()])
    #expect(night.gaps == ["/proc unreadable 101-106"])
  }

  @Test func unreadableToTheEndClaimsNoSample() throws {
    let night = try Night()
    try night.see([row()])
    for _ in 0..<5 { try night.see(failing: "no /proc") }
    try night.finish()
    #expect(night.gaps == ["/proc unreadable 101-106"])
    #expect(night.batches.map(\.samples) == [1, 0])
  }

  @Test func thePauseBeforeAndWhatEndedInIt() throws {
    var resumption = HistoryWriter.Resumption()
    let before = try Night()
    try before.see([row(), row(40001)])
    resumption.open = before.batches[0].current
    resumption.nextLife = 3
    resumption.lastSample = at(101)
    resumption.lastSampleBoot = 101 * second
    resumption.cause = .recorderStopped
    let night = try Night(resumption, clock: 200)
    try night.see([row(), row(40002)])
    try night.see([row(), row(40002)])
    #expect(night.told == ["recorder stopped 101-201", "opened #3", "closed #2"])
    let ended = try #require(night.batches.last?.finished.first)
    #expect(ended.closedOffset == 100 * second)
    #expect(night.batches[0].current.first { $0.id == 3 }?.uncertainty == 100 * second)
  }

  @Test func suspensionOverrunAndSteps() throws {
    let night = try Night()
    try night.see([row()])
    try night.see([row()], after: 601, asleep: 600)
    try night.see([row()], after: 10)
    night.wallAhead = 3600
    try night.see([row()])
    night.wallAhead = 0
    try night.see([row()])
    #expect(
      night.gaps == [
        "suspended 101-702", "overrun 702-712", "clock stepped 712-4313", "clock stepped 714-4313",
      ])
    // Nothing closed, no negative time.
    #expect(night.recorder.totals.closed == 0 && night.recorder.totals.opened == 1)
    #expect(night.gaps.count == 4)
  }

  @Test func ignoredLivesAreNeitherToldNorStored() throws {
    let night = try Night(ignored: "dport = :80")
    var other = row(40001)
    other.remote.port = 443
    try night.see([row(), other])
    try night.see([])
    try night.see([])
    #expect(night.told == ["opened #2", "closed #2"])
    #expect(night.batches.flatMap { $0.finished.map(\.id) } == [2])
    #expect(night.recorder.totals.opened == 1 && night.recorder.totals.closed == 1)
  }
}
