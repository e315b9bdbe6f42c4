// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// A machine that somebody works on and that serves others: whom it talks to, by which processes, how long.
///
/// 1,000 remote addresses by Zipf's law, each with a service of its own and few programs that use it; 200 programs in
/// 5,000 processes; most connections out, one in seven in; most shorter than a second, a few of them days long. One
/// attempt in 50 is refused, and one in 100,000 never answered.
struct World {
  private struct Remote {
    var address: IPAddress
    var port: UInt16
    var proto: Proto
    /// The programs that talk to it, the busiest first.
    var programs: [Int]
    var choice: Zipf
  }

  static let remotes = 1_000
  static let programs = 200
  static let processes = 5_000
  private static let here = IPAddress(v4: 0x0A00_0105)

  private var numbers: RandomNumbers
  private let remoteRank = Zipf(World.remotes)
  private let programProcesses: [[OwningProcess]]
  private let servers: [(port: UInt16, process: OwningProcess)]
  private let others: [Remote]

  init(seed: UInt64) {
    var numbers = RandomNumbers(seed: seed)
    var processes: [[OwningProcess]] = Array(repeating: [], count: Self.programs)
    let rank = Zipf(Self.programs)
    for number in 0..<Self.processes {
      // Each program has one process at least.
      let program = number < Self.programs ? number : rank.rank(&numbers)
      processes[program].append(
        OwningProcess(
          pid: Int32(1_000 + 7 * number), startTime: UInt64(100 * number), name: "program\(program)",
          exe: "/usr/bin/program\(program)",
          unit: program % 4 == 0 ? "program\(program).service" : nil))
    }
    programProcesses = processes
    servers = [(80, "nginx"), (443, "nginx"), (22, "sshd"), (5432, "postgres"), (25, "master")].map {
      (
        port: $0.0,
        process: OwningProcess(
          pid: Int32($0.0), startTime: 1, name: $0.1, exe: "/usr/sbin/\($0.1)", unit: "\($0.1).service")
      )
    }
    let ports: [UInt16] = [
      443, 443, 443, 443, 443, 443, 80, 80, 53, 22, 5432, 6379, 8080, 993, 123, 3306, 25, 5222, 9092, 27017,
    ]
    others = (0..<Self.remotes).map { place in
      let port = ports[place % ports.count]
      let isV6 = place % 5 == 4
      let count = 1 + 40 / (1 + place / 4)
      return Remote(
        address: isV6
          ? IPAddress(high: 0x2001_0DB8_0000_0000, low: UInt64(place + 1))
          : IPAddress(v4: 0xC612_0000 + UInt32(place * 37)),
        port: port, proto: port == 53 || port == 123 ? (isV6 ? .udp6 : .udp) : (isV6 ? .tcp6 : .tcp),
        programs: (0..<count).map { _ in numbers.below(Self.programs) }, choice: Zipf(count))
    }
    self.numbers = numbers
  }

  /// How much of a week's connections open in each of its minutes, against the mean: nights and the weekend are quiet.
  static func busyness(minute: Int) -> Double {
    let hour = minute / 60 % 24
    let isWeekend = minute / 1440 % 7 >= 5
    return (hour >= 8 && hour < 19 ? 1.6 : 0.6) * (isWeekend ? 0.5 : 1.2)
  }

  /// The next connection, opened at `time`.
  mutating func connection(id: Int64, time: Timestamp, boot: Int64) -> Life {
    let other = others[remoteRank.rank(&numbers)]
    let ephemeral = UInt16(32_768 + numbers.below(28_232))
    let isInbound = numbers.unit() < 1.0 / 7
    let isTCP = other.proto.transport == .tcp
    let local: Endpoint
    let remote: Endpoint
    let process: OwningProcess
    if isInbound && isTCP {
      let server = servers[numbers.below(3) == 0 ? numbers.below(servers.count) : 1]
      (local, remote, process) = (
        Endpoint(Self.here, server.port), Endpoint(other.address, ephemeral), server.process
      )
    } else {
      let choices = programProcesses[other.programs[other.choice.rank(&numbers)]]
      (local, remote, process) = (
        Endpoint(Self.here, ephemeral), Endpoint(other.address, other.port),
        choices[numbers.below(choices.count)]
      )
    }
    var duration = numbers.logNormal(median: 0.25, sigma: 1.9)
    if numbers.unit() < 0.001 { duration = numbers.logNormal(median: 3_600, sigma: 1.3) }
    let length = Int64(min(duration, 500_000) * 1e6) + 200
    let fate = isTCP && !isInbound ? numbers.unit() : 0.5
    let isRefused = fate < 0.02
    let isFiltered = fate > 1 - 1e-5
    let first: SocketState = isTCP ? (isInbound ? .synReceived : .synSent) : .established
    let row = SocketRow(
      proto: other.proto, state: first, local: local, remote: remote,
      rawUID: process.pid % 3 == 0 ? 0 : 1000)
    var life = Life(
      id: id, row: row, role: .connection, direction: isInbound && isTCP ? .inbound : .outbound,
      firstSeen: time, firstSeenBoot: boot, uncertainty: isTCP ? 0 : 1_000_000,
      sources: isTCP ? [.end, .trace] : [.netlink])
    life.owner = SocketOwner(process: process)
    let connected = Int64(40 + numbers.below(30_000))
    if isRefused {
      life.laterSteps = [Life.Step(.close, at: connected)]
      life.closedOffset = connected
    } else if isFiltered {
      // Six times again, as tcp_syn_retries has it.
      life.closedOffset = 127_000_000
    } else if isTCP {
      life.laterSteps = [Life.Step(.established, at: min(connected, length))]
      if numbers.unit() < 0.6 {
        life.laterSteps += [
          Life.Step(.finWait1, at: length), Life.Step(.finWait2, at: length + 60),
          Life.Step(.timeWait, at: length + 900),
        ]
        life.closedOffset = length + 900
      } else {
        life.laterSteps += [
          Life.Step(.closeWait, at: length), Life.Step(.lastAck, at: length + 50),
          Life.Step(.close, at: length + 400),
        ]
        life.closedOffset = length + 400
      }
    } else {
      life.closedOffset = length
    }
    life.lastSeenOffset = life.closedOffset ?? length
    if isTCP {
      life.traffic = Traffic(
        bytesIn: UInt64(numbers.logNormal(median: 4_000, sigma: 2)),
        bytesOut: UInt64(numbers.logNormal(median: 900, sigma: 1.5)),
        roundTrip: UInt32(numbers.logNormal(median: 12_000, sigma: 1)),
        retransmits: numbers.unit() < 0.03 ? 1 : 0)
    }
    return life
  }

  /// A share of one, for when within a minute a connection opens.
  mutating func unit() -> Double { numbers.unit() }
}
