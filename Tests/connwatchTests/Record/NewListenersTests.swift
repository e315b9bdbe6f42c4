// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ConnCore
@testable import connwatch

/// New listeners are judged once, when their owner is known.
@Suite struct NewListenersTests {
  private static let sshd = SocketOwner(process: OwningProcess(pid: 7, startTime: 1, name: "sshd"))

  private func life(_ id: Int64, _ owner: SocketOwner, inode: UInt64 = 77) -> Life {
    let row = SocketRow(
      proto: .tcp6, state: .listen, local: Endpoint(.anyV6, 22), remote: Endpoint(.anyV6, 0), inode: inode)
    var life = Life(
      id: id, row: row, role: .listener, direction: nil, firstSeen: Timestamp(microseconds: id),
      firstSeenBoot: 0, uncertainty: nil, sources: .netlink)
    life.owner = owner
    return life
  }

  private func changes(begun: [Life] = [], touched: [Life] = [], ended: [Life] = []) -> LifeTable.Changes {
    var changes = LifeTable.Changes()
    changes.current = begun + touched
    changes.finished = ended
    changes.notes = begun.indices.map {
      .init(time: begun[$0].firstSeen, place: $0, kind: .listening, from: nil, to: .listen, isFinished: false)
    }
    return changes
  }

  /// Who was judged, in order, with what was known.
  private final class Judge {
    var asked: [String] = []
    func judge(_ life: Life, _ isV6Only: Bool?) -> ListenerVerdict {
      asked.append(
        "\(life.id) \(life.owner.process?.name ?? "-") \(isV6Only.map { $0 ? "v6" : "both" } ?? "?")")
      return .widened
    }
  }

  @Test func aKnownOwnerIsJudgedAtOnce() {
    var new = NewListeners()
    let judge = Judge()
    var first = changes(begun: [life(1, Self.sshd), life(2, SocketOwner(unknown: .kernel), inode: 0)])
    let outcome = new.judge(&first, v6Only: [77: true], by: judge.judge)
    #expect(outcome.held.isEmpty && outcome.released.isEmpty)
    #expect(first.current.map(\.verdict) == [.widened, .widened])
    var next = changes(touched: [life(1, Self.sshd)])
    _ = new.judge(&next, v6Only: [:], by: judge.judge)
    #expect(judge.asked == ["1 sshd v6", "2 - ?"])
  }

  @Test func anOwnerThatIsSoughtIsWaitedFor() {
    var new = NewListeners()
    let judge = Judge()
    var first = changes(begun: [life(1, .notLookedUp)])
    #expect(new.judge(&first, v6Only: [77: false], by: judge.judge).held == [1])
    #expect(first.current[0].verdict == nil && judge.asked.isEmpty)
    var second = changes(touched: [life(9, Self.sshd), life(1, Self.sshd)])
    let outcome = new.judge(&second, v6Only: [:], by: judge.judge)
    #expect(outcome.released.map(\.life.id) == [1] && outcome.released.first?.life.verdict == .widened)
    #expect(outcome.released.first?.life.owner == Self.sshd && outcome.held.isEmpty)
    #expect(second.current.map(\.verdict) == [nil, .widened])
    #expect(judge.asked == ["1 sshd both"])
  }

  @Test func oneThatMayNotBeSeenIsLookedForOnceMore() {
    var new = NewListeners()
    let judge = Judge()
    var first = changes(begun: [
      life(1, SocketOwner(unknown: .noPermission)), life(2, SocketOwner(unknown: .noPermission)),
    ])
    #expect(new.judge(&first, v6Only: [:], by: judge.judge).held == [1, 2])
    var second = changes(touched: [life(2, Self.sshd)])
    #expect(Set(new.judge(&second, v6Only: [:], by: judge.judge).released.map(\.life.id)) == [1, 2])
    #expect(judge.asked.sorted() == ["1 - ?", "2 sshd ?"])
  }

  @Test func notForEver() {
    var new = NewListeners()
    let judge = Judge()
    var first = changes(begun: [life(1, SocketOwner(unknown: .exited))])
    _ = new.judge(&first, v6Only: [:], by: judge.judge)
    var released: [Event] = []
    for turn in 1...5 {
      var nothing = changes()
      let outcome = new.judge(&nothing, v6Only: turn == 2 ? [77: true] : [:], by: judge.judge)
      released += outcome.released
      // It is stored with its verdict though nothing else changed.
      #expect(nothing.current.map(\.verdict) == (turn == 3 ? [.widened] : []))
    }
    #expect(released.map(\.life.id) == [1] && judge.asked == ["1 - v6"])
  }

  @Test func whatHasGoneBeforeItWasSeenIsJudgedOfTCPAlone() {
    var new = NewListeners()
    let judge = Judge()
    var datagrams = life(1, SocketOwner(unknown: .exited))
    datagrams.proto = .udp6
    var all = changes(ended: [datagrams, life(2, SocketOwner(unknown: .exited))])
    all.notes = [0, 1].map {
      .init(
        time: Timestamp(microseconds: 1), place: $0, kind: .listening, from: nil, to: .listen,
        isFinished: true)
    }
    #expect(new.judge(&all, v6Only: [:], by: judge.judge).held.isEmpty)
    #expect(all.finished.map(\.verdict) == [nil, .widened] && judge.asked == ["2 - ?"])
    // One that a sample saw is judged.
    datagrams.owner = Self.sshd
    var seen = changes(begun: [datagrams])
    _ = new.judge(&seen, v6Only: [:], by: judge.judge)
    #expect(seen.current.map(\.verdict) == [.widened])
  }

  @Test func oneThatEndsIsJudgedByWhatIsKnown() {
    var new = NewListeners()
    let judge = Judge()
    var first = changes(begun: [life(1, .notLookedUp), life(2, .notLookedUp)])
    _ = new.judge(&first, v6Only: [:], by: judge.judge)
    var second = changes(ended: [life(1, SocketOwner(unknown: .exited))])
    let outcome = new.judge(&second, v6Only: [:], by: judge.judge)
    #expect(outcome.released.map(\.life.id) == [1] && second.finished[0].verdict == .widened)
    #expect(new.finish(by: judge.judge).map(\.life.verdict) == [.widened])
    #expect(new.finish(by: judge.judge).isEmpty)
    #expect(judge.asked == ["1 - ?", "2 - ?"])
  }
}
