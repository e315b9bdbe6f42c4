// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import connwatch

/// What is learnt, of whom.
@Suite struct LearningTests {
  private func listener(_ port: UInt16, _ program: String?, _ address: UInt32 = 0, unit: String? = nil)
    -> Listener
  {
    let process = program.map { OwningProcess(pid: 1, startTime: 1, name: "x", exe: $0, unit: unit) }
    return Listener(
      proto: .tcp, address: IPAddress(v4: address), port: port,
      owner: process.map { SocketOwner(process: $0) } ?? SocketOwner(unknown: .exited))
  }

  private let loopback: UInt32 = 0x7F00_0001

  @Test func nobodyIsNotEverybodyWhereSomebodyIsKnown() {
    var set = ExpectedSet()
    let added = set.learn([
      listener(22, nil), listener(22, "/sshd", loopback), listener(23, nil), listener(23, nil, loopback),
    ])
    #expect(added.map(\.line) == ["tcp loopback 22 /sshd", "tcp any 23 *"])
    #expect(set.verdict(listener(22, "/other", loopback)) == .changed)
  }

  @Test func whoIsKnownLaterTakesThePlaceOfEverybody() {
    var set = ExpectedSet(Set([ExpectedRule(listener(80, nil))]))
    for owner in [nil, "/web", nil] { set.addLearnt(listener(23, owner)) }
    set.addLearnt(listener(80, "/web"))
    #expect(set.learnt.sorted().map(\.line) == ["tcp any 23 /web", "tcp any 80 /web"])
    #expect(set.rules.map(\.line) == ["tcp any 80 *"], "what is written stays")
    #expect(set.verdict(listener(23, "/other")) == .changed)
  }

  /// All ports, each many times: by looking through all rules for each it would take minutes.
  @Test(.timeLimit(.minutes(1))) func allPorts() {
    var listeners: [Listener] = []
    for _ in 0..<4 { for port in UInt16(1)...20_000 { listeners.append(listener(port, "/a")) } }
    var set = ExpectedSet()
    #expect(set.learn(listeners).count == 20_000)
    #expect(set.learn(listeners).isEmpty)
    #expect(set.missing(listeners).isEmpty)
    #expect(set.accept(listeners).isEmpty)
    #expect(set.accept(listeners.prefix(20_000).map { listener($0.port, "/b") }).count == 20_000)
    #expect(set.rules.count == 20_000)
  }

  @Test(
    arguments: [
      ("/a", .end, true), (nil, .end, false), (nil, [.end, .trace], false), (nil, [.end, .proc], true),
      (nil, .netlink, true),
    ] as [(String?, Life.Sources, Bool)])
  func whatTells(_ program: String?, _ sources: Life.Sources, _ tells: Bool) {
    let row = SocketRow(
      proto: .udp, state: .unconnected, local: Endpoint(.anyV4, 53), remote: Endpoint(.anyV4, 0))
    var life = Life(
      id: 1, row: row, role: .listener, direction: nil, firstSeen: Timestamp(microseconds: 0),
      firstSeenBoot: 0, uncertainty: 0, sources: sources)
    life.owner = listener(53, program).owner
    #expect(Learning.tells(life) == tells)
  }
}
