// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
import ProcNet
import Testing

@testable import connwatch

private typealias H = PastHistory

@Suite struct LivePastTests {
  private func past(_ history: PastHistory) throws -> LivePast { LivePast(try history.reader()) }

  /// What a moment shows: which table, its note, and each life with its state.
  private func shown(_ past: LivePast, _ time: Double) throws -> String {
    let moment = try past.moment(at: H.at(time))
    let lives = moment.lives.map { "\($0.id) \($0.state.name)\($0.closedOffset == nil ? "" : " closed")" }
    return "\(H.seconds(moment.shown)) [\(moment.place.note(in: .utc) ?? "")] "
      + lives.joined(separator: ", ")
  }

  private func gapped() throws -> PastHistory {
    let history = try PastHistory()
    for time in 0..<10 { try history.sample(Double(time), current: time == 0 ? [H.life(1, 0)] : []) }
    try history.sample(
      200, next: 2, current: [H.life(2, 200)], finished: [H.life(1, 0, closed: 200)], gaps: [H.gap(9, 200)])
    for time in 201..<210 { try history.sample(Double(time), next: 3) }
    return history
  }

  @Test func `In a gap, before and after all samples`() throws {
    let history = try gapped()
    let past = try past(history)
    #expect(try shown(past, -1) == "-1.0 [nothing recorded before 10:00:00Z] ")
    #expect(try shown(past, 9) == "9.0 [] 1 ESTABLISHED")
    #expect(
      try shown(past, 9.5) == "9.0 [not watching 10:00:09Z–10:03:20Z (recorder stopped)] 1 ESTABLISHED")
    #expect(try past.moment(at: H.at(9.5)).gap == H.gap(9, 200))
    #expect(try past.moment(at: H.at(9)).gap == nil)
    #expect(try shown(past, 200) == "200.0 [] 2 ESTABLISHED")
    #expect(try shown(past, 211) == "209.0 [] 2 ESTABLISHED")
    #expect(try shown(past, 300) == "209.0 [nothing recorded after 10:03:29Z] 2 ESTABLISHED")
    #expect(
      try shown(past, 90_000) == "209.0 [nothing recorded after 01-01 10:03:29Z] 2 ESTABLISHED")
  }

  @Test func `Nothing was ever recorded`() throws {
    let history = try PastHistory()
    let past = try past(history)
    #expect(try shown(past, 1) == "1.0 [nothing recorded yet] ")
    for step in LivePast.Step.allCases { #expect(try past.step(from: H.at(1), by: step) == nil) }
  }

  @Test func `A gap over midnight has its dates`() throws {
    let history = try PastHistory()
    try history.sample(0)
    try history.sample(86_400, gaps: [H.gap(0, 86_400, "evil\u{1B}[2J")])
    #expect(
      try shown(past(history), 5)
        == "0.0 [not watching 01-01 10:00:00Z–01-02 10:00:00Z (evil\\x1b[2J)] ")
  }

  @Test func `The future is no table`() throws {
    let history = try gapped()
    let moment = try PastMoment(H.at(10), now: H.at(9), in: history.reader())
    #expect(moment.why == .future)
    #expect(!moment.hasTable)
    #expect(!moment.isKnown)
  }

  @Test func `Lives are as far as they had come`() throws {
    let history = try PastHistory()
    let steps: [(SocketState, Double)] = [(.synSent, 0), (.established, 1), (.finWait2, 20), (.timeWait, 30)]
    var waited = H.life(1, 0, steps, closed: 30, seen: 80)
    waited.traffic = Traffic(bytesIn: 1, bytesOut: 2)
    var refused = H.life(2, 0, [(.synSent, 0), (.close, 40)], closed: 40)
    refused.outcome = .refused
    try history.sample(0)
    try history.sample(100, next: 1, finished: [waited, refused])
    try history.sample(200, next: 3)
    let past = try past(history)
    #expect(try shown(past, 0.5) == "0.5 [] 1 SYN_SENT, 2 SYN_SENT")
    #expect(try shown(past, 25) == "25.0 [] 1 FIN_WAIT2, 2 SYN_SENT")
    #expect(try shown(past, 30) == "30.0 [] 1 TIME_WAIT closed, 2 SYN_SENT")
    #expect(try shown(past, 80) == "80.0 [] 1 TIME_WAIT closed")
    #expect(try shown(past, 81) == "81.0 [] ")
    let open = try past.moment(at: H.at(25)).lives
    #expect(open[0].laterSteps.map(\.state) == [.established, .finWait2])
    #expect(open[0].lastSeenOffset == 25 * H.second)
    #expect(open[0].traffic == nil)
    #expect(open[1].outcome == nil)
    #expect(try past.moment(at: H.at(30)).lives[0].traffic == waited.traffic)
  }

  @Test func `A TIME_WAIT that nobody watched gives way to a newer one`() throws {
    let history = try PastHistory()
    let steps: [(SocketState, Double)] = [(.established, 0), (.timeWait, 10)]
    let ends = Endpoint(IPAddress(v4: 1), 7)
    try history.sample(0)
    try history.sample(
      100, next: 1,
      finished: [
        H.life(1, 0, steps, closed: 10, local: ends, sources: [.netlink, .end]),
        H.life(2, 30, steps, closed: 10, local: ends, sources: [.netlink, .end]),
        H.life(3, 31, steps, closed: 10, sources: [.netlink, .end]),
      ])
    let past = try past(history)
    #expect(try shown(past, 20) == "20.0 [] 1 TIME_WAIT closed")
    #expect(try shown(past, 32) == "32.0 [] 2 ESTABLISHED, 3 ESTABLISHED")
    #expect(try shown(past, 45) == "45.0 [] 2 TIME_WAIT closed, 3 TIME_WAIT closed")
    #expect(try shown(past, 100) == "100.0 [] 2 TIME_WAIT closed, 3 TIME_WAIT closed")
  }

  @Test func `Listeners have the verdict that was recorded`() throws {
    let history = try PastHistory()
    try history.sample(0, current: [H.listener(1, 0, port: 23, verdict: .new)])
    try history.sample(5, next: 2)
    #expect(try past(history).moment(at: H.at(3)).lives.map(\.verdict) == [.new])
  }

  @Test func `Other namespaces are left out unless they are asked for`() throws {
    let history = try PastHistory()
    try history.sample(0, current: [H.life(1, 0), H.life(2, 0, netns: "web")])
    try history.sample(5, next: 3, finished: [H.life(2, 0, closed: 3, netns: "web")])
    let reader = try history.reader()
    func all(_ past: LivePast) throws -> [[Int64]] {
      let moments = try [1, 4].map { try past.moment(at: H.at($0)) }
      return moments.map { $0.lives.map(\.id) }
        + [moments[1].events.compactMap { if case .event(let event) = $0 { event.life.id } else { nil } }]
    }
    #expect(try all(LivePast(reader)) == [[1], [1], [1]])
    #expect(try all(LivePast(reader, netns: .all)) == [[1, 2], [1], [1, 2, 2]])
    #expect(try all(LivePast(reader, netns: .one("web"))) == [[2], [], [2, 2]])
  }

  // MARK: - Events

  private func told(_ events: [Recorder.Happening]) -> [String] {
    events.map {
      switch $0 {
      case .event(let event): "\(H.seconds(event.time)) \(event.kind) #\(event.life.id)"
      case .gap(let gap): "\(H.seconds(gap.since)) gap"
      }
    }
  }

  @Test func `What had happened by then, in the order of time`() throws {
    let history = try PastHistory()
    try history.sample(0, current: [H.life(1, -5000)])
    let steps: [(SocketState, Double)] = [(.synSent, 0), (.established, 15), (.closeWait, 3000)]
    try history.sample(
      3000, next: 2, current: [H.life(2, 10, steps)],
      finished: [H.life(3, 20, closed: 8), H.life(4, 2000, closed: 500)], gaps: [H.gap(28, 31, "overrun")])
    let past = try past(history)
    #expect(try told(past.moment(at: H.at(9)).events) == [])
    #expect(
      try told(past.moment(at: H.at(29)).events) == [
        "10.0 opened #2", "20.0 opened #3", "25.0 changed #2", "28.0 closed #3", "28.0 gap",
      ])
    #expect(
      try told(past.moment(at: H.at(3000)).events) == [
        "10.0 opened #2", "20.0 opened #3", "25.0 changed #2", "28.0 closed #3", "28.0 gap",
        "2000.0 opened #4", "2500.0 closed #4",
      ])
    // An hour later they are no news any more.
    try history.sample(6200, next: 5)
    #expect(
      try told(past.moment(at: H.at(6000)).events) == ["2500.0 closed #4", "3010.0 changed #2"])
  }

  @Test func `Only the latest, however many there are`() throws {
    let history = try PastHistory()
    try history.sample(0)
    let lives = (1...3000).map { H.life(Int64($0), Double($0) / 100, closed: 0.005) }
    try history.sample(30, next: 1, current: [H.life(3001, 30)], finished: lives)
    try history.sample(40, next: 3002)
    let events = try past(history).moment(at: H.at(35)).events
    #expect(events.count == PastEvents.most)
    #expect(told(events).last == "30.005 closed #3000")
    #expect(told(events).contains("30.0 opened #3001"))
    // Each of the last has two.
    #expect(told(events).first == "27.515 closed #2751")
    #expect(told(try past(history).moment(at: H.at(10)).events).last == "10.0 opened #1000")
  }

  @Test func `Every event up to a moment is the same as the history's`() throws {
    let history = try PastHistory()
    try history.sample(0)
    var finished: [Life] = []
    for id in 1...120 {
      let opened = Double(id * 37 % 600)
      let steps: [(SocketState, Double)] = [(.synSent, 0), (.established, 1), (.timeWait, 5 + Double(id))]
      finished.append(H.life(Int64(id), opened, steps, closed: 5 + Double(id), sources: [.proc, .end]))
    }
    try history.sample(1000, next: 1, finished: finished.sorted { $0.firstSeen < $1.firstSeen })
    let reader = try history.reader()
    for time in stride(from: 1.0, through: 900, by: 61) {
      var query = LifeQuery()
      query.order = .oldestFirst
      query.until = H.at(time)
      var expected: [String] = []
      try EventsCommand.happenings(reader, query, wantsGaps: true) {
        expected += told([$0])
        return true
      }
      #expect(Set(told(try LivePast(reader).moment(at: H.at(time)).events)) == Set(expected))
    }
  }
}
