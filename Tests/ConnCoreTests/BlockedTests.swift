// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

/// Verdicts on attempts that came to nothing.
@Suite struct BlockedTests {
  private static let here = IPAddress(v4: 0x0A00_0001)
  private static let there = IPAddress(v4: 0x0A00_0002)

  private static func life(
    _ states: [SocketState], _ outcome: Life.Outcome? = nil, tried: Int64 = 0, closed: Bool = true,
    sources: Life.Sources = .trace, remote: UInt16 = 23, local: UInt16 = 40000, name: String? = "telnet"
  ) -> Life {
    let row = SocketRow(
      proto: .tcp, state: states[0], local: Endpoint(here, local), remote: Endpoint(there, remote))
    var life = Life(
      id: 1, row: row, role: .connection, direction: states[0] == .synReceived ? .inbound : .outbound,
      firstSeen: Timestamp(microseconds: 1_000_000), firstSeenBoot: 0, uncertainty: 0, sources: sources)
    life.laterSteps = states.dropFirst().map { Life.Step($0, at: tried) }
    life.lastSeenOffset = tried
    if closed { life.closedOffset = sources.contains(.trace) ? tried : tried + 1_000_000 }
    life.outcome = outcome
    life.owner =
      name.map { SocketOwner(process: OwningProcess(pid: 7, startTime: 1, name: $0)) }
      ?? SocketOwner(unknown: .exited)
    return life
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var what: String
    var life: Life
    var verdict: BlockedVerdict?
    var testDescription: String { what }

    init(_ what: String, _ life: Life, _ verdict: BlockedVerdict?) {
      (self.what, self.life, self.verdict) = (what, life, verdict)
    }
  }

  static let cases: [Case] = [
    Case("reset", life([.synSent, .close], .refused, tried: 60), .refused),
    Case("reset after a second SYN", life([.synSent, .close], .refused, tried: 3_000_000), .refused),
    Case("icmp", life([.synSent, .close], .unreachable, tried: 3_050_000), .unreachable),
    Case("timed out", life([.synSent, .close], .timedOut, tried: 127_000_000), .filtered),
    Case(
      "timed out soon, as its program wants it", life([.synSent, .close], .timedOut, tried: 500_000),
      .filtered),
    Case("given up", life([.synSent, .close], .abandoned, tried: 1_000_000), .filtered),
    Case("given up too soon to tell", life([.synSent, .close], .abandoned, tried: 999_999), nil),
    Case("before outcomes were stored, quick", life([.synSent, .close], tried: 60), .refused),
    Case("before outcomes were stored, slow", life([.synSent, .close], tried: 1_500_000), .filtered),
    Case("going on", life([.synSent], tried: 1_000_000, closed: false), .filtered),
    Case("just begun", life([.synSent], tried: 999_999, closed: false), nil),
    Case("in one sample", life([.synSent], sources: .proc), nil),
    Case(
      "in two samples, a second apart but a little", life([.synSent], tried: 960_000, sources: .proc),
      .filtered),
    Case("in two samples, half a second apart", life([.synSent], tried: 500_000, sources: .proc), nil),
    Case(
      "in samples, and its end told", life([.synSent, .close], tried: 1_700_000, sources: [.netlink, .end]),
      .filtered),
    Case(
      "in samples, its end told at once", life([.synSent, .close], tried: 60, sources: [.netlink, .end]), nil),
    Case(
      "a handshake nobody completes", life([.synReceived], tried: 7_000_000, sources: .netlink), .unanswered),
    Case(
      "one that goes on", life([.synReceived], tried: 3_000_000, closed: false, sources: .proc), .unanswered),
    Case("one in one sample", life([.synReceived], sources: .proc), nil),
    Case("a connection", life([.synSent, .established, .close], tried: 3_000_000), nil),
    Case("one that was there before", life([.established, .close], tried: 3_000_000), nil),
    Case("one that was seen at its end alone", life([.close], sources: .end), nil),
  ]

  @Test(arguments: cases) func verdicts(_ each: Case) { #expect(each.life.blockedVerdict == each.verdict) }

  @Test func theMessageOfItsEndTellsOfAnAnswer() {
    var life = Self.life([.synSent, .close], tried: 5_000_000, sources: [.netlink, .end])
    life.traffic = Traffic(bytesIn: 0, bytesOut: 0, retransmits: 6)
    #expect(life.blockedVerdict == .filtered)
    life.traffic = Traffic(bytesIn: 0, bytesOut: 0, roundTrip: 30)
    #expect(life.blockedVerdict == nil)
  }

  @Test func attemptsOfOneProgramAtOneServiceAreOneRow() {
    var tally = BlockedTally()
    for tried: Int64 in [3_000_000, 7_000_000, 1_500_000] {
      tally.add(Self.life([.synSent, .close], .abandoned, tried: tried))
    }
    tally.add(Self.life([.synSent], tried: 2_000_000, closed: false))
    tally.add(Self.life([.synSent, .close], .abandoned, tried: 3_000_000, name: "nc"))
    tally.add(Self.life([.synSent, .close], .abandoned, tried: 3_000_000, remote: 80))
    tally.add(Self.life([.synSent, .close], .refused))
    tally.add(Self.life([.synSent, .close], .abandoned))
    tally.add(
      Self.life([.synReceived], tried: 5_000_000, sources: .proc, remote: 50000, local: 80, name: nil))
    tally.add(
      Self.life([.synReceived], tried: 6_000_000, sources: .proc, remote: 50001, local: 80, name: nil))
    let lines = tally.uses.map {
      "\($0.verdict) \($0.direction.name) \($0.port) \($0.owner.process?.name ?? "-") \($0.attempts) open \($0.open) "
        + "longest \($0.longest / 1000) \($0.firstSeen.microseconds / 1000) \($0.lastSeen.microseconds / 1000)"
    }
    #expect(
      lines
        == [
          "filtered out 23 telnet 4 open 1 longest 7000 1000 8000",
          "unanswered in 80 - 2 open 0 longest 6000 1000 7000",
          "filtered out 23 nc 1 open 0 longest 3000 1000 4000",
          "filtered out 80 telnet 1 open 0 longest 3000 1000 4000",
          "refused out 23 telnet 1 open 0 longest 0 1000 1000",
        ].sorted { lines.firstIndex(of: $0) ?? 9 < lines.firstIndex(of: $1) ?? 9 })
    #expect(lines.first == "filtered out 23 telnet 4 open 1 longest 7000 1000 8000")
    #expect(lines.count == 5)
  }
}
