// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
import Testing

@testable import connwatch

private typealias H = PastHistory

/// Pages as they are read, at two widths.
@Suite struct PageTests {
  private let now = H.at(252)

  private static let hostile = SocketOwner(
    process: OwningProcess(
      pid: 666, startTime: 1, name: "\u{1B}[2Jevil\n\u{202E}",
      exe: "/opt/\u{9B}31m/" + String(repeating: "very-long-", count: 12) + "name", unit: "evil.service",
      container: "0123456789abcdef"), others: 2)

  private func text(_ page: Page) -> String {
    "== \(page.title)\n" + page.lines.map { $0.map(\.text).joined() + "\n" }.joined()
  }

  private func expectPages(_ name: String, _ make: (_ width: Int) throws -> Page) throws {
    for width in [80, 50] {
      let page = try make(width)
      for line in page.lines {
        let text = line.map(\.text).joined()
        #expect(DisplayWidth.of(text) <= width, "\(text)")
        #expect(!text.unicodeScalars.contains(where: HostileText.isUnsafe), "\(text)")
      }
      #expect(!page.title.unicodeScalars.contains(where: HostileText.isUnsafe))
      try expectGolden(text(page), "page-\(name)-\(width).txt")
    }
  }

  private func expectDetail(_ name: String, _ subject: PageSubject, _ facts: DetailFacts) throws {
    try expectPages("detail-\(name)") { DetailPage.make(subject, facts, zone: .utc, width: $0) }
  }

  @Test func `A connection that is there`() throws {
    var life = H.life(
      1, 0, [(.synSent, 0), (.established, 0.02)],
      owner: SocketOwner(
        process: OwningProcess(
          pid: 812, startTime: 1, name: "curl", exe: "/usr/bin/curl", unit: "backup.service"), others: 1))
    life.uncertainty = 0
    life.sources = [.netlink, .trace]
    var subject = PageSubject(life, .here, at: now)
    subject.queues = (5, 36)
    subject.traffic = Traffic(bytesIn: 123_456, bytesOut: 789, roundTrip: 12_345, retransmits: 3)
    var facts = DetailFacts()
    facts.user = "root"
    facts.remoteService = "https"
    var earlier = DetailFacts.Earlier()
    earlier.lives = [
      H.life(30, -60, [(.synSent, 0), (.established, 1), (.timeWait, 9)], closed: 9, owner: Self.hostile),
      H.life(20, -4000, closed: 3600, owner: SocketOwner(unknown: .exited)),
      H.life(10, -90_000, netns: "web"),
    ]
    earlier.lastDay = (2, false)
    earlier.since = H.at(-100_000)
    earlier.gaps = [H.gap(-3000, -2000)]
    facts.earlier = earlier
    try expectDetail("here", subject, facts)
  }

  @Test func `A connection that is gone, with a hostile owner`() throws {
    var life = H.life(
      1, 0, [(.synSent, 0), (.close, 3)], closed: 3,
      remote: Endpoint(IPAddress(high: 0x2001_0DB8_AAAA_BBBB, low: 0xCCCC_DDDD_EEEE_FFFF), 60_999),
      proto: .tcp6, direction: nil, owner: Self.hostile, netns: "\u{1B}]0;x\u{7}")
    life.local.address = IPAddress(high: 0x2001_0DB8_0000_0000, low: 0x10)
    life.outcome = .refused
    var earlier = DetailFacts.Earlier()
    earlier.isMore = true
    for number in 1...20 {
      let opened = -Double(number)
      earlier.lives.append(
        H.life(
          Int64(number), opened, closed: 0.5, remote: life.remote, proto: .tcp6, owner: Self.hostile))
    }
    earlier.lastDay = (10_000, true)
    for number in 1...4 {
      let since = -100 * Double(number)
      earlier.gaps.append(H.gap(since, since + 10))
    }
    earlier.until = H.at(-50)
    var facts = DetailFacts()
    facts.earlier = earlier
    try expectDetail("gone", PageSubject(life, .gone, at: now), facts)
  }

  @Test func `A listener that is not expected`() throws {
    var life = H.listener(1, 0, port: 23, owner: SocketOwner(unknown: .noPermission), verdict: .new)
    life.uncertainty = nil
    var subject = PageSubject(life, .here, at: now)
    subject.queues = (3, 128)
    var facts = DetailFacts()
    facts.localService = "telnet"
    facts.risk = "telnet sends passwords and everything typed in cleartext"
    facts.judgement = ExpectedSet.Judgement(verdict: .widened, reason: "expected loopback")
    facts.earlier = DetailFacts.Earlier()
    facts.earlier?.since = H.at(-500)
    facts.earlier?.known = H.at(-400)
    try expectDetail("listener", subject, facts)
  }

  @Test func `Thirty states at a moment of the past, without a history`() throws {
    let states: [SocketState] = [.established, .closeWait, .unknown(31)]
    var steps: [(SocketState, Double)] = []
    for number in 0..<30 { steps.append((states[number % 3], Double(number * number))) }
    var life = H.life(7, -1000, steps)
    life.uncertainty = 250_000
    try expectDetail("states", PageSubject(life, .then, at: now), DetailFacts())
  }

  @Test func `A port of UDP that nobody has looked at`() throws {
    let life = H.life(
      1, 0, [(.unconnected, 0)], remote: Endpoint(.anyV4, 0), proto: .udp, role: .bound)
    var facts = DetailFacts()
    facts.whyNoHistory = "/x/connwatch.db: locked"
    try expectDetail("bound", PageSubject(life, .here, at: now), facts)
  }

  // MARK: - Facts

  private func facts(_ subject: PageSubject, _ history: PastHistory?) throws -> DetailFacts {
    DetailFacts(
      subject, Names(), policy: ListenerPolicy(ExpectedSet()), history: try history.map { try $0.reader() })
  }

  @Test func `Earlier ones are of the same host and service`() throws {
    let history = try PastHistory()
    let other = Endpoint(IPAddress(v4: 0xC000_0208), 443)
    let same = Endpoint(IPAddress(v4: 0xC000_0207), 444)
    let ssh = Endpoint(IPAddress(v4: 0xC000_020A), 22)
    try history.sample(0)
    try history.sample(
      100, next: 1, current: [H.life(8, 90)],
      finished: [
        H.life(1, 1, closed: 5), H.life(2, 2, closed: 5, remote: other),
        H.life(3, 3, closed: 5, remote: same),
        H.life(4, 4, closed: 5, local: ssh, direction: .inbound),
        H.life(5, 5, closed: 5, local: ssh, remote: same, direction: .inbound),
        H.life(6, 60, closed: 5), H.listener(7, 70, port: 22, closed: 2),
      ], gaps: [H.gap(20, 30)])
    func earlier(_ life: Life) throws -> DetailFacts.Earlier {
      try #require(try facts(PageSubject(life, .here, at: H.at(99)), history).earlier)
    }
    // The screen's own number for what the history has as 8.
    let seen = try earlier(H.life(8, 91))
    #expect(seen.lives.map(\.id) == [6, 1])
    #expect(seen.known == H.at(90))
    #expect(seen.lastDay?.count == 2)
    #expect(seen.gaps == [H.gap(20, 30)])
    #expect(seen.since == H.at(0))
    #expect(seen.until == nil)
    let inbound = H.life(9, 95, local: ssh, remote: Endpoint(same.address, 999), direction: .inbound)
    #expect(try earlier(inbound).lives.map(\.id) == [5, 4])
    #expect(try earlier(H.listener(9, 95, port: 22)).lives.map(\.id) == [7])
    #expect(try earlier(H.life(9, 95, remote: same, direction: nil)).lives.map(\.id) == [5, 3])
    #expect(try earlier(H.life(9, 95, remote: Endpoint(.anyV4, 1))).lives.isEmpty)
    #expect(try earlier(H.life(9, 2000)).until == H.at(100))
  }

  @Test func `Of many the latest twenty, and how many there were in a day`() throws {
    let history = try PastHistory()
    try history.sample(0)
    let lives = (1...300).map { H.life(Int64($0), Double($0) * 1000, closed: 0.5) }
    try history.sample(300_100, next: 1, finished: lives)
    let subject = PageSubject(H.life(999, 300_050), .here, at: H.at(300_100))
    let earlier = try #require(try facts(subject, history).earlier)
    #expect(earlier.lives.map(\.id) == Array((281...300).reversed()))
    #expect(earlier.isMore)
    #expect(earlier.lastDay?.count == 87)
    #expect(earlier.lastDay?.isMore == false)
  }

  @Test func `Facts without a history`() throws {
    let names = Names()
    var subject = PageSubject(H.listener(1, 0, port: 23), .here, at: now)
    #expect(try facts(subject, nil).earlier == nil)
    #expect(try facts(subject, nil).risk == PortRisk.note(port: 23, transport: .tcp, isLoopback: false))
    #expect(try facts(subject, nil).lacksPolicy)
    #expect(try facts(subject, nil).localService == names.service(23, .tcp))
    let rules = ExpectedSet([ExpectedRule(Listener(subject.life))])
    let judged = DetailFacts(subject, names, policy: ListenerPolicy(rules), history: nil)
    #expect(judged.judgement?.verdict == .expected)
    // Of the past it is only known what was said then.
    subject.presence = .then
    #expect(try facts(subject, nil).judgement == nil)
    // What a client's port is registered for means nothing.
    let client = H.life(1, 0, local: Endpoint(IPAddress(v4: 1), 23))
    #expect(try facts(PageSubject(client, .here, at: now), nil).localService == nil)
    #expect(try facts(PageSubject(client, .here, at: now), nil).remoteService == names.service(443, .tcp))
  }

  // MARK: - Explanations

  private func known() -> SocketFacts {
    var known = SocketFacts(
      names: Names(), policy: ListenerPolicy(ExpectedSet()), ephemeral: EphemeralRange())
    known.isRoot = false
    return known
  }

  private func expectExplanation(_ name: String, _ subject: PageSubject) throws {
    try expectPages("explain-\(name)") { width in
      var known = known()
      return try ExplainPage.make(subject, &known, zone: .utc, width: width)
    }
  }

  @Test func `An explanation of what is there`() throws {
    var life = H.life(1, 0, owner: Self.hostile)
    life.rawUID = SocketRow.noUID
    var subject = PageSubject(life, .here, at: now)
    subject.queues = (5, 36)
    try expectExplanation("here", subject)
  }

  @Test func `An explanation of a listener in another namespace`() throws {
    var life = H.listener(1, 0, port: 22)
    life.netns = "web"
    life.rawUID = SocketRow.noUID
    var subject = PageSubject(life, .here, at: now)
    subject.isElsewhere = true
    try expectExplanation("elsewhere", subject)
  }

  @Test func `An explanation of what is gone`() throws {
    var life = H.life(1, 0, [(.synSent, 0)], closed: 3, owner: SocketOwner(unknown: .exited))
    life.outcome = .timedOut
    try expectExplanation("gone", PageSubject(life, .gone, at: now))
  }

  @Test func `An explanation of the past`() throws {
    var life = H.listener(1, 0, port: 8080, owner: Self.hostile, verdict: .changed)
    life.rawUID = SocketRow.noUID
    let subject = PageSubject(life, .then, at: now)
    try expectExplanation("then", subject)
    // Nothing is claimed of now.
    var known = known()
    let page = try ExplainPage.make(subject, &known, zone: .utc, width: 1000)
    #expect(!text(page).contains("Here"))
    #expect(!text(page).contains("Policy"))
  }

  /// The page says what the command does of the same socket.
  @Test func `The words are the command's`() throws {
    let life = H.life(1, 0)
    let subject = PageSubject(life, .here, at: now)
    var known = known()
    let row = subject.row(known.names)
    let words = LineWords(
      row: EvidenceRow(row), facts: try known.facts(row), services: known.names.services, zone: .utc)
    let page = try ExplainPage.make(subject, &known, zone: .utc, width: 4000)
    #expect(page.lines.last?.first?.text == words.text)
  }
}
