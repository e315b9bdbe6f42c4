// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import ConnStore

@Suite struct ServicesTests {
  private func life(
    _ id: Int64, _ direction: Direction?, local: (UInt32, UInt16), remote: (UInt32, UInt16),
    closed: Int64? = nil,
    proto: Proto = .tcp, name: String? = nil
  ) -> Life {
    let row = SocketRow(
      proto: proto, state: .established, local: Endpoint(IPAddress(v4: local.0), local.1),
      remote: Endpoint(IPAddress(v4: remote.0), remote.1), inode: 5, rawUID: 0)
    var life = Life(
      id: id, row: row, role: .connection, direction: direction, firstSeen: moment(id),
      firstSeenBoot: id * 1_000_000, uncertainty: nil, sources: .proc)
    if let closed {
      life.laterSteps = [Life.Step(.timeWait, at: closed * 1_000_000)]
      life.closedOffset = closed * 1_000_000
      life.lastSeenOffset = (closed + 2) * 1_000_000
    }
    if let name { life.owner = SocketOwner(process: OwningProcess(pid: 1, startTime: 1, name: name)) }
    return life
  }

  @Test func whatIsCounted() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    let here: UInt32 = 0x7F00_0001
    let current = [
      // Both ends of one connection over loopback.
      life(1, .outbound, local: (here, 40000), remote: (here, 80), name: "curl"),
      life(2, .inbound, local: (here, 80), remote: (here, 40000), name: "nginx"),
      // Closed, and still there in TIME_WAIT.
      life(3, .outbound, local: (1, 40001), remote: (2, 443), closed: 4, name: "curl"),
      // The same host by IPv4 and v4-mapped.
      life(4, .outbound, local: (1, 40001), remote: (3, 443), name: "curl"),
      life(5, .outbound, local: (1, 40003), remote: (3, 443), proto: .tcp6, name: "wget"),
      life(6, .outbound, local: (1, 40003), remote: (3, 443), proto: .udp),
      life(7, nil, local: (1, 40003), remote: (3, 443)),
    ]
    try writer.write(
      makeBatch(
        20, next: 8, current: current,
        finished: [life(0, .outbound, local: (1, 40009), remote: (2, 443), closed: 1)]))
    let reader = try HistoryReader(path: scratch.path)
    func lines(_ query: LifeQuery, _ directions: Set<Direction>) throws -> [String] {
      try reader.services(query, directions: directions).map {
        "\($0.direction.name) \($0.transport.name) \($0.port) hosts \($0.remoteHosts) conns \($0.connections) "
          + "open \($0.open) ports \($0.localPorts) \($0.processes) \(($0.lastSeen - moment(0)) / 1_000_000)"
      }
    }
    let out = [
      #"out tcp 443 hosts 2 conns 4 open 2 ports [40001, 40003, 40009] ["curl", "wget"] 20"#,
      #"out tcp 80 hosts 1 conns 1 open 1 ports [40000] ["curl"] 20"#,
      #"out udp 443 hosts 1 conns 1 open 1 ports [40003] [] 20"#,
    ]
    #expect(try lines(LifeQuery(), [.outbound]) == out)
    #expect(
      try lines(LifeQuery(), [.inbound]) == [
        #"in tcp 80 hosts 1 conns 1 open 1 ports [80] ["nginx"] 20"#
      ])
    var late = LifeQuery()
    late.since = moment(10)
    // What ended before does not count, in TIME_WAIT or not.
    #expect(try lines(late, [.outbound])[0].hasPrefix("out tcp 443 hosts 1 conns 2 open 2"))
  }
}
