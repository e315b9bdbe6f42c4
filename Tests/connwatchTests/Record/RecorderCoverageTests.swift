// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
import Testing

@testable import connwatch

/// A recorder of two network namespaces whose sockets, ends and counters are made up here.
private final class TwoNamespaces {
  var batches: [Batch] = []
  private(set) var recorder: Recorder!
  private var second: Int64 = 100

  init() {
    recorder = Recorder(
      settings: LifeTable.Settings(), resumption: .init(), interval: 1_000_000, ignored: nil,
      ports: Recorder.Ports(
        owners: { wanted, _ in wanted.map { _ in .notLookedUp } },
        store: { [unowned self] in batches.append($0) }, tell: nil))
    recorder.watch(nil, counters: Self.counted(1000))
    recorder.watch("blue", inode: 7, counters: Self.counted(5))
  }

  static func counted(_ opens: UInt64, fails: UInt64 = 0) -> OpeningCounters {
    OpeningCounters(activeOpens: opens, passiveOpens: 10, attemptFails: fails)
  }

  /// The next second: the local ports that are open in each, and the counters.
  func see(
    _ own: [UInt16], _ counters: OpeningCounters?, blue: [UInt16], _ blueCounters: OpeningCounters?
  ) throws {
    second += 1
    try recorder.take(
      [
        nil: .init(snapshot: snapshot(own), counters: counters),
        "blue": .init(snapshot: snapshot(blue), counters: blueCounters),
      ], monotonic: second * 1_000_000)
  }

  /// Both are sampled no more often than this; in between one end is heard in `netns`.
  func hear(endOf port: UInt16, in netns: String?) throws {
    second += 1
    var heard = Heard()
    heard.hearsEnds = true
    heard.ends = [
      SocketEnd(
        proto: .tcp, local: Endpoint(IPAddress(v4: 0x0A00_0002), port),
        remote: Endpoint(IPAddress(v4: 0x0A00_0001), 443), cookie: UInt64(port),
        boot: second * 1_000_000 - 1000)
    ]
    try recorder.hear(
      [netns: heard], lost: [], at: Timestamp(microseconds: second * 1_000_000), boot: second * 1_000_000)
  }

  private func snapshot(_ ports: [UInt16]) -> Snapshot {
    let rows = ports.map { port in
      SocketRow(
        proto: .tcp, state: .established, local: Endpoint(IPAddress(v4: 0x0A00_0002), port),
        remote: Endpoint(IPAddress(v4: 0x0A00_0001), 443), inode: UInt64(port))
    }
    return Snapshot(
      time: Timestamp(microseconds: second * 1_000_000), bootTime: second * 1_000_000, rows: rows,
      tables: Proto.allCases.map { TableReport(proto: $0, outcome: .read) })
  }
}

@Suite struct RecorderCoverageTests {
  private typealias Two = TwoNamespaces

  @Test func whatWasOpenBeforeIsNoOpeningAndEachNamespaceHasItsOwnCount() throws {
    let two = TwoNamespaces()
    try two.see([1, 2], Two.counted(1000), blue: [1], Two.counted(5))
    try two.see([1, 2, 3], Two.counted(1004, fails: 1), blue: [1, 2, 3], Two.counted(7))
    let coverage = Dictionary(uniqueKeysWithValues: two.recorder.coverage.map { ($0.netns, $0) })
    #expect(
      coverage[nil] == Coverage(activeOpens: 4, passiveOpens: 0, attemptFails: 1, recorded: 1))
    #expect(coverage["blue"] == Coverage(netns: "blue", activeOpens: 2, recorded: 2))
    #expect(two.batches[1].coverage.count == 2)
    #expect(two.recorder.totals.opened == 6)
    #expect(Set(two.batches[1].current.map(\.netns)) == [nil, "blue"])
    // One sequence of numbers for all.
    let ids = two.batches.flatMap(\.current).map(\.id)
    #expect(Set(ids) == Set(1...6))
  }

  @Test func countersThatGoBackAreOfANewNamespace() throws {
    let two = TwoNamespaces()
    try two.see([], Two.counted(1000), blue: [], Two.counted(50))
    try two.see([], Two.counted(1001), blue: [], Two.counted(2))
    try two.see([], nil, blue: [], Two.counted(5))
    let blue = two.recorder.coverage.first { $0.netns == "blue" }
    #expect(blue?.activeOpens == 48)
    #expect(two.recorder.coverage.first { $0.netns == nil }?.activeOpens == 1)
  }

  @Test func theSameEndsInTwoNamespacesAreTwoConnections() throws {
    let two = TwoNamespaces()
    try two.see([], nil, blue: [], nil)
    try two.see([9], nil, blue: [9], nil)
    try two.hear(endOf: 9, in: "blue")
    let finished = two.batches.flatMap(\.finished)
    #expect(finished.map(\.netns) == ["blue"])
    #expect(finished.first?.sources == [.proc, .end])
  }

  @Test func whatIsHeardBetweenSamplesIsCountedByTheNextOne() throws {
    let two = TwoNamespaces()
    try two.see([], Two.counted(1000), blue: [], nil)
    try two.hear(endOf: 40001, in: nil)
    try two.hear(endOf: 40002, in: nil)
    #expect(two.batches.count == 3)
    #expect(two.batches[1].samples == 0)
    #expect(two.batches[1].finished.map(\.id) == [1])
    try two.see([], Two.counted(1002), blue: [], nil)
    let sample = two.batches[3]
    #expect(sample.opened == 2)
    #expect(sample.closed == 2)
    #expect(sample.nextLife == 1)
    #expect(sample.first == two.batches[1].finished[0].firstSeen)
    let own = two.recorder.coverage.first { $0.netns == nil }
    #expect(own?.recorded == 2)
    #expect(own?.activeOpens == 2)
  }

  @Test func aNamespaceThatIsGoneHasNothingOpen() throws {
    let two = TwoNamespaces()
    try two.see([1], nil, blue: [5, 6], nil)
    two.recorder.leave("blue")
    try two.see([1], nil, blue: [], nil)
    #expect(two.batches[1].finished.map(\.local.port).sorted() == [5, 6])
    #expect(two.batches[1].finished.allSatisfy { $0.closedOffset == 1_000_000 })
    #expect(two.batches[1].closed == 2)
  }
}
