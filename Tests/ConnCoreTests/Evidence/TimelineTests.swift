// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ConnCore

/// Sightings of one pair of ends, and the lives that are made of them.
struct TimelineTests {
  /// A sighting: a letter of the moment, a state, and perhaps an inode.
  struct Row {
    var moment: Int
    var state: SocketState
    var inode: UInt64 = 0
    var pid: Int32?

    init(_ moment: Int, _ state: SocketState, inode: UInt64 = 0, pid: Int32? = nil) {
      self.moment = moment
      self.state = state
      self.inode = inode
      self.pid = pid
    }
  }

  /// What is expected of a life: from, to (nil: not known to have ended), last seen, states, uncertainty.
  struct Expected: Equatable, CustomStringConvertible {
    var from: Int64
    var to: Int64?
    var seen: Int64
    var states: [SocketState]
    var uncertainty: Int64?

    init(_ from: Int64, _ to: Int64?, _ seen: Int64, _ states: [SocketState], _ uncertainty: Int64?) {
      self.from = from
      self.to = to
      self.seen = seen
      self.states = states
      self.uncertainty = uncertainty
    }

    init(_ life: Life) {
      self.init(
        life.firstSeen.microseconds, life.closed?.microseconds, life.lastSeen.microseconds,
        life.steps.map(\.state), life.uncertainty)
    }

    var description: String {
      "\(from)…\(to.map { String($0) } ?? "?") seen \(seen) \(states.map(\.name)) ±\(uncertainty ?? -1)"
    }
  }

  struct Case: CustomTestStringConvertible {
    var name: String
    /// At 0, 10, 20 … which moments have all.
    var whole: [Bool]
    var rows: [Row]
    var lives: [Expected]
    var isListener = false

    init(_ name: String, _ whole: String, _ rows: [Row], _ lives: [Expected], isListener: Bool = false) {
      self.name = name
      self.whole = whole.map { $0 == "W" }
      self.rows = rows
      self.lives = lives
      self.isListener = isListener
    }

    var testDescription: String { name }
  }

  static let cases: [Case] = [
    Case("seen once", "p", [Row(0, .established)], [Expected(0, nil, 0, [.established], nil)]),
    Case(
      "goes on from piece to piece", "pp", [Row(0, .established), Row(1, .established)],
      [Expected(0, nil, 10, [.established], nil)]),
    Case(
      "its states are steps", "ppp", [Row(0, .synSent), Row(1, .established), Row(2, .finWait2)],
      [Expected(0, nil, 20, [.synSent, .established, .finWait2], nil)]),
    Case(
      "missing in a whole table", "WW", [Row(0, .established)], [Expected(0, 10, 0, [.established], 10)]),
    Case(
      "missing in a part closes nothing", "Wp", [Row(0, .established)],
      [Expected(0, nil, 0, [.established], nil)]),
    Case(
      "missing in a part, then in a whole one", "WpW", [Row(0, .established)],
      [Expected(0, 20, 0, [.established], 20)]),
    Case(
      "missing between is another life", "WWW", [Row(0, .established), Row(2, .established)],
      [Expected(0, 10, 0, [.established], 10), Expected(20, nil, 20, [.established], 10)]),
    Case(
      "missing in a part between is the same life", "WpW", [Row(0, .established), Row(2, .established)],
      [Expected(0, nil, 20, [.established], nil)]),
    Case(
      "not there before: how early it can have opened is known", "WW", [Row(1, .established)],
      [Expected(10, nil, 10, [.established], 10)]),
    Case(
      "states go backwards: the ends are used again", "pp", [Row(0, .timeWait), Row(1, .established)],
      [Expected(0, 0, 0, [.timeWait], nil), Expected(10, nil, 10, [.established], 10)]),
    Case(
      "and in a part the one before has ended", "pp", [Row(0, .closeWait), Row(1, .synSent)],
      [Expected(0, 10, 0, [.closeWait], 10), Expected(10, nil, 10, [.synSent], 10)]),
    Case(
      "two inodes", "pp", [Row(0, .established, inode: 1), Row(1, .established, inode: 2)],
      [Expected(0, 10, 0, [.established], 10), Expected(10, nil, 10, [.established], 10)]),
    Case(
      "an inode that is not told", "ppp",
      [Row(0, .established, inode: 1), Row(1, .established), Row(2, .established, inode: 1)],
      [Expected(0, nil, 20, [.established], nil)]),
    Case(
      "an inode that is lost at the end", "pp", [Row(0, .established, inode: 1), Row(1, .timeWait)],
      [Expected(0, 10, 10, [.established, .timeWait], 10)]),
    Case(
      "in TIME_WAIT it has closed, and is seen", "WWWW",
      [Row(0, .established), Row(1, .timeWait), Row(2, .timeWait)],
      [Expected(0, 10, 20, [.established, .timeWait], 10)]),
    Case(
      "the same at the same moment", "p", [Row(0, .established), Row(0, .established)],
      [Expected(0, nil, 0, [.established], nil)]),
    Case(
      "two formats at the same moment, one some states ahead", "p",
      [Row(0, .finWait1), Row(0, .established, inode: 7)], [Expected(0, nil, 0, [.finWait1], nil)]),
    Case(
      "two listeners share an end", "WW",
      [Row(0, .listen, inode: 1), Row(0, .listen, inode: 2), Row(1, .listen, inode: 2)],
      [Expected(0, 10, 0, [.listen], 10), Expected(0, nil, 10, [.listen], nil)], isListener: true),
    Case(
      "a listener of another program", "WW",
      [Row(0, .listen, pid: 1), Row(1, .listen, pid: 2)],
      [Expected(0, 10, 0, [.listen], 10), Expected(10, nil, 10, [.listen], 10)], isListener: true),
    Case(
      "another listener in a part of the table is one more", "Wp",
      [Row(0, .listen, inode: 1), Row(1, .listen, inode: 2)],
      [Expected(0, nil, 0, [.listen], nil), Expected(10, nil, 10, [.listen], 10)], isListener: true),
  ]

  private static func lives(_ test: Case, _ rows: [Row]) -> [Life] {
    let cover: EvidenceCover = test.isListener ? .listeners(.tcp) : .connections(.tcp)
    let timeline = Timeline(
      test.whole.enumerated().map {
        Timeline.Moment(at: Timestamp(microseconds: Int64($0) * 10), covers: $1 ? cover : [])
      })
    return timeline.lives(
      of: rows.map { row in
        let socket = SocketRow(
          proto: .tcp, state: row.state, local: Endpoint(IPAddress(v4: 0x0A00_0001), 40000),
          remote: test.isListener ? Endpoint(.anyV4, 0) : Endpoint(IPAddress(v4: 0x0A00_0002), 80),
          inode: row.inode)
        let owner = row.pid.map {
          SocketOwner(process: OwningProcess(pid: $0, startTime: 0, name: "p\($0)"))
        }
        return Timeline.Seen(moment: row.moment, Sighting(socket, owner: owner ?? .notLookedUp))
      })
  }

  @Test(arguments: cases)
  func `Lives of one pair of ends`(_ test: Case) {
    #expect(Self.lives(test, test.rows).map(Expected.init) == test.lives)
  }

  @Test(arguments: cases)
  func `The order of the rows of a moment makes no difference`(_ test: Case) {
    let rows = test.rows.enumerated().sorted {
      ($0.element.moment, -$0.offset) < ($1.element.moment, -$1.offset)
    }
    #expect(Self.lives(test, rows.map(\.element)).map(Expected.init) == test.lives)
  }

  @Test func `A kind of socket that a table leaves out is not closed by it`() {
    let listeners = Timeline.Moment(at: Timestamp(microseconds: 10), covers: .listeners(.tcp))
    let other = Timeline.Moment(at: Timestamp(microseconds: 20), covers: .whole(.udp))
    let timeline = Timeline([Timeline.Moment(at: Timestamp(microseconds: 0), covers: []), listeners, other])
    let row = SocketRow(
      proto: .tcp, state: .established, local: Endpoint(IPAddress(v4: 1), 1),
      remote: Endpoint(IPAddress(v4: 2), 2))
    #expect(timeline.lives(of: [Timeline.Seen(moment: 0, Sighting(row))]).first?.closed == nil)
  }

  @Test func `Owners and users come from any row, and processes are counted once`() throws {
    let test = Case("", "pp", [], [])
    let lives = Self.lives(
      test,
      [
        Row(0, .established), Row(0, .established, pid: 7), Row(0, .established, pid: 3),
        Row(0, .established, pid: 3),
        Row(1, .established),
      ])
    let life = try #require(lives.first)
    #expect(lives.count == 1 && life.owner.process?.pid == 3 && life.owner.others == 1)
    #expect(life.sources == .imported)
  }

  @Test(
    arguments: [
      (40000, 80, SocketState.established, Direction?.some(.outbound)), (1372, 80, .established, .outbound),
      (80, 1372, .established, .inbound), (22, 51000, .established, .inbound), (1023, 514, .established, nil),
      (5000, 6000, .established, nil), (5000, 6000, .synSent, .outbound),
      (5000, 6000, .synReceived, .inbound),
      (22, 0, .listen, nil), (40000, 50000, .established, nil),
    ] as [(UInt16, UInt16, SocketState, Direction?)])
  func `Direction without listeners`(
    _ local: UInt16, _ remote: UInt16, _ state: SocketState, _ expected: Direction?
  ) {
    let row = SocketRow(
      proto: .tcp, state: state, local: Endpoint(IPAddress(standingFor: "mirage"), local),
      remote: Endpoint(IPAddress(v4: 0x0A00_0002), remote))
    #expect(Timeline.direction(row, listeners: nil) == expected)
  }

  @Test func `Names have addresses of their own, in either case of letters`() {
    let address = IPAddress(standingFor: "vnt4.webhosting.com")
    #expect(address == IPAddress(standingFor: "VNT4.WebHosting.COM") && address.mayStandForName)
    #expect(address != IPAddress(standingFor: "vnt5.webhosting.com"))
    #expect(address.description.hasPrefix("100::") && !IPAddress(v4: 1).mayStandForName)
  }
}
