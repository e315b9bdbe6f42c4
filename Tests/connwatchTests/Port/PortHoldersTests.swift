// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import connwatch

struct PortHoldersTests {
  /// A listener's life, in seconds; open where it has no end.
  static func life(
    _ program: String, _ opened: Int64, _ closed: Int64?, address: IPAddress = .anyV4, proto: Proto = .tcp,
    uid: UInt32 = 0, netns: String? = nil, lastSeen: Int64 = 100
  ) -> Life {
    let row = SocketRow(
      proto: proto, state: proto.transport == .tcp ? .listen : .unconnected, local: Endpoint(address, 22),
      remote: Endpoint(proto.isV6 ? .anyV6 : .anyV4, 0), inode: 7, rawUID: uid)
    var life = Life(
      id: opened, row: row, role: .listener, direction: nil, firstSeen: time(opened),
      firstSeenBoot: opened * 1_000_000, uncertainty: 1000, sources: .proc)
    life.owner = SocketOwner(process: OwningProcess(pid: 1, startTime: 1, name: program, exe: "/" + program))
    life.closedOffset = closed.map { ($0 - opened) * 1_000_000 }
    life.lastSeenOffset = ((closed ?? lastSeen) - opened) * 1_000_000
    life.netns = netns
    return life
  }

  static func time(_ seconds: Int64) -> Timestamp { Timestamp(microseconds: seconds * 1_000_000) }

  private func holders(_ lives: [Life]) -> PortHolders {
    lives.reduce(into: PortHolders()) { $0.add($1) }
  }

  private func told(_ holders: PortHolders) -> [String] {
    holders.holders.map { holder in
      let until = holder.isOpen ? "" : "\(holder.last.microseconds / 1_000_000)"
      return
        "\(holder.owner.process?.name ?? "?") \(holder.first.microseconds / 1_000_000)-\(until) \(holder.sockets)"
    }
  }

  @Test
  func `A restart goes on with the same holder, another program begins a new one`() {
    #expect(told(holders([Self.life("sshd", 10, 20), Self.life("sshd", 21, 30)])) == ["sshd 10-30 2"])
    #expect(
      told(holders([Self.life("sshd", 10, 20), Self.life("nc", 25, 30), Self.life("sshd", 40, nil)])) == [
        "sshd 10-20 1", "nc 25-30 1", "sshd 40- 1",
      ])
    // Two at once, as with SO_REUSEPORT.
    #expect(told(holders([Self.life("sshd", 10, 50), Self.life("sshd", 20, 30)])) == ["sshd 10-50 2"])
  }

  @Test
  func `Addresses, users and namespaces are told apart, and are no rivals of one program`() {
    let loopback = IPAddress(v4: 0x7F00_0001)
    let lives = [
      Self.life("sshd", 10, 20, address: loopback), Self.life("sshd", 20, 30),
      Self.life("sshd", 30, 40, address: loopback), Self.life("sshd", 41, 50, uid: 5),
      Self.life("sshd", 42, 50, netns: "red"),
    ]
    #expect(told(holders(lives)) == ["sshd 10-40 2", "sshd 20-30 1", "sshd 41-50 1", "sshd 42-50 1"])
  }

  @Test
  func `Nobody holding and nobody watching are told apart`() {
    let holders = holders([Self.life("a", 10, 20), Self.life("b", 40, 50), Self.life("b", 45, 60)])
    func gap(_ since: Int64, _ until: Int64, _ cause: String? = nil) -> PortHolders.Gap {
      PortHolders.Gap(since: Self.time(since), until: Self.time(until), cause: cause)
    }
    func gaps(_ unwatched: [(Int64, Int64)]) -> [PortHolders.Gap] {
      holders.gaps(
        .tcp, within: Self.time(0)...Self.time(70),
        unwatched: unwatched.map { (Self.time($0.0)...Self.time($0.1), "stopped") })
    }
    #expect(gaps([]) == [gap(0, 10), gap(20, 40), gap(60, 70)])
    #expect(
      gaps([(25, 30)]) == [gap(0, 10), gap(20, 25), gap(25, 30, "stopped"), gap(30, 40), gap(60, 70)])
    // One that begins while it was held, and one that ends after it was held again.
    #expect(
      gaps([(15, 22), (35, 42), (46, 48)]) == [
        gap(0, 10), gap(20, 22, "stopped"), gap(22, 35), gap(35, 40, "stopped"), gap(60, 70),
      ])
    #expect(holders.gaps(.udp, within: Self.time(0)...Self.time(70), unwatched: []) == [])
    #expect(holders.gaps(.tcp, within: Self.time(12)...Self.time(55), unwatched: []) == [gap(20, 40)])
  }

  @Test
  func `Only so many are kept`() {
    var holders = PortHolders()
    for number in 0..<2000 {
      holders.add(Self.life("p\(number)", Int64(number) * 10, Int64(number) * 10 + 5))
    }
    #expect(holders.holders.count + holders.forgotten == 2000)
    #expect(holders.holders.count <= 512)
    #expect(holders.holders.last?.owner.process?.name == "p1999")
    // What came before those that are kept is not called a gap.
    let gaps = holders.gaps(.tcp, within: Self.time(0)...Self.time(20_000), unwatched: [])
    #expect((gaps.first?.since.microseconds ?? 0) >= Int64(holders.forgotten) * 10_000_000)
  }
}

struct HostTallyTests {
  private func life(_ host: UInt32, _ opened: Int64, _ closed: Int64?, program: String = "curl") -> Life {
    var life = PortHoldersTests.life(program, opened, closed)
    life.remote = Endpoint(IPAddress(v4: host), 443)
    return life
  }

  @Test
  func `Hosts are counted, the busiest first`() {
    var tally = HostTally()
    for (host, opened, closed) in [(1, 10, 20), (2, 5, nil), (1, 30, nil), (3, 1, 2)]
      as [(UInt32, Int64, Int64?)]
    {
      tally.add(life(host, opened, closed, program: host == 1 ? "p\(opened)" : "curl"))
    }
    #expect(tally.connections == 4)
    #expect(tally.open == 2)
    #expect(tally.hosts == 3)
    #expect(!tally.isPartial)
    let busiest = tally.busiest(2)
    #expect(busiest.map(\.address) == [IPAddress(v4: 1), IPAddress(v4: 2)])
    #expect(busiest[0].connections == 2 && busiest[0].open == 1)
    #expect(busiest[0].first == PortHoldersTests.time(10) && busiest[0].last == PortHoldersTests.time(100))
    #expect(busiest[0].processes == ["p10", "p30"])
    #expect(tally.processes == ["p10", "p30", "curl"])
  }

  @Test
  func `Of too many hosts the busy ones are kept`() {
    var tally = HostTally(most: 100)
    for round in 0..<1000 {
      tally.add(life(7, Int64(round), Int64(round)))
      tally.add(life(UInt32(1000 + round), Int64(round), Int64(round)))
    }
    #expect(tally.connections == 2000)
    #expect(tally.isPartial && tally.hosts <= 100)
    #expect(tally.busiest(1).first?.connections == 1000)
  }
}
