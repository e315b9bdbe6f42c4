// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

/// What an ordinary user has: samples, and the messages of ends.
@Suite struct LifeTableEndTests {
  private func options(hasCookies: Bool, delays: [Int] = [0], areEarly: Bool = false) -> KernelRun.Options {
    var options = KernelRun.Options()
    options.isTraced = false
    options.hasCookies = hasCookies
    options.endDelays = delays
    options.endsAreEarly = areEarly
    return options
  }

  /// No connection twice, and none missing whose end was told with both its ends.
  private func verdict(_ run: KernelRun) -> [String] {
    var wrong = run.violations + run.neverTwice()
    for life in run.model.lives where life.traffic != nil {
      let found = run.told.values.count { $0.life.local == life.local && $0.life.remote == life.remote }
      if found == 0 { wrong.append("missing: port \(life.local.port)") }
    }
    return wrong
  }

  @Test(arguments: KernelScene.recorded) func betweenTwoSnapshots(_ scene: KernelScene) {
    for hasCookies in [true, false] {
      for delays in [[0], [1], [2], [0, 0]] {
        var run = KernelRun(scene.model(), options(hasCookies: hasCookies, delays: delays))
        run.pass(cut: 0, at: 1000)
        run.runOut(after: 10_000_000)
        #expect(verdict(run) == [], "cookies \(hasCookies), delays \(delays)")
        for told in run.told.values where told.life.sources == .end {
          // Opened at some time after the last table before its end; the message bears the moment of its reading.
          #expect(told.life.closedOffset == 0)
          #expect((told.life.uncertainty ?? 0) >= 200_000 || delays != [0])
        }
      }
    }
  }

  @Test(arguments: KernelScene.recorded) func oneSnapshotAnywhere(_ scene: KernelScene) {
    let model = scene.model()
    let moments = [model.trace[0].boot - 10] + model.trace.map(\.boot)
    for hasCookies in [true, false] {
      for (delays, areEarly) in [([0], false), ([0], true), ([1], false), ([0, 0], false)] {
        var wrong: [String] = []
        for at in moments {
          var run = KernelRun(model, options(hasCookies: hasCookies, delays: delays, areEarly: areEarly))
          run.pass(cut: 0, at: 1000)
          run.pass(cut: at - 1, at: at)
          run.runOut(after: 10_000_000)
          wrong += verdict(run).map { "at \(at): \($0)" }
        }
        #expect(
          wrong.first == nil, "\(wrong.count), cookies \(hasCookies), delays \(delays), early \(areEarly)")
      }
    }
  }

  /// Seen once, and gone with the next message: the end is exact, the opening as exact as the tables are apart.
  @Test func anEndThatIsHeardOf() throws {
    let model = KernelScene.recorded.first { $0.name == "linger reset by the server" }!.model()
    var run = KernelRun(model, options(hasCookies: true))
    run.pass(cut: 0, at: 1000)
    run.pass(cut: 1_100_000, at: 1_100_000)
    run.pass(cut: 2_000_000, at: 2_000_000)
    run.runOut(after: 2_000_000)
    let client = try #require(run.told.values.first { $0.life.local == KernelScene.client }?.life)
    // The process let go of it at 1.300779 s, after the reset: that is what the message tells.
    #expect(client.firstSeenBoot == 1_100_000)
    #expect(client.uncertainty == 1_099_000)
    #expect(client.closedOffset == 200_779)
    #expect(client.traffic != nil)
    #expect(client.sources == [.netlink, .end])
  }

  /// A process that keeps its descriptor after the other end's reset: the row goes at once, the message comes with the
  /// close, hours later, and is of no other connection.
  @Test(arguments: [(true, true), (true, false), (false, true)]) func aDescriptorKeptForHours(
    _ isTraced: Bool, _ hasCookies: Bool
  ) {
    let scene = KernelScene(
      name: "kept",
      script: """
        76 L t LISTEN
        112 C t SYN_SENT 0
        152 C t ESTABLISHED
        162 S s SYN_RECV
        169 S s ESTABLISHED
        240 S A
        3000000 S t CLOSE
        3000003 S D 0
        3000010 C R
        3000020 C s CLOSE
        9000020 E t SYN_SENT
        9000030 E t ESTABLISHED
        9000040 T s SYN_RECV
        9000050 T s ESTABLISHED
        9000060 T A
        7200000000 C D
        7205000000 E t FIN_WAIT1
        7205000010 T s CLOSE_WAIT
        7205000020 T t LAST_ACK
        7205000030 E s FIN_WAIT2
        7205000032 E s CLOSE
        7205000034 E D
        7205000036 T t CLOSE
        7205000038 T D
        """)
    var options = options(hasCookies: hasCookies)
    options.isTraced = isTraced
    var run = KernelRun(scene.model(), options)
    for second in Int64(0)...20 { run.pass(cut: second * 1_000_000, at: second * 1_000_000 + 10) }
    for second in Int64(7200)...7210 { run.pass(cut: second * 1_000_000, at: second * 1_000_000 + 10) }
    run.runOut(after: 7_211_000_000)
    let clients = run.told.values.map(\.life).filter { $0.local == KernelScene.client }.sorted {
      $0.id < $1.id
    }
    #expect(clients.count == 2)
    #expect(run.violations + run.neverTwice(open: 2) == [])
    guard clients.count == 2 else { return }
    let first = clients[0].firstSeenBoot + (clients[0].closedOffset ?? 0)
    #expect((4_000_000...5_000_010).contains(first))
    // The end of the first is not the second's: neither its traffic nor its moment.
    #expect(clients[1].traffic?.bytesIn == 0x1004)
    #expect(clients[1].firstSeenBoot + (clients[1].closedOffset ?? 0) > 7_205_000_000)
  }
}
