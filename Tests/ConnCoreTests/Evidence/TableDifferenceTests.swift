// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ConnCore

struct TableDifferenceTests {
  private static func sighting(
    _ state: SocketState, _ local: UInt16, inode: UInt64 = 0, pid: Int32? = nil, name: String = "nginx",
    remote: String? = nil
  ) -> Sighting {
    let isListener = state == .listen
    return Sighting(
      SocketRow(
        proto: .tcp, state: state, local: Endpoint(IPAddress(v4: 0x0A00_0001), local),
        remote: isListener ? Endpoint(.anyV4, 0) : Endpoint(IPAddress(v4: 0x0A00_0002), 80), inode: inode),
      owner: pid.map { SocketOwner(process: OwningProcess(pid: $0, startTime: 0, name: name)) }
        ?? .notLookedUp,
      remoteName: remote)
  }

  private static func told(_ before: [Sighting], _ after: [Sighting]) -> [String] {
    TableDifference(from: before, to: after).changes.map { change in
      [
        change.kind.rawValue, "\(change.sighting.row.local.port)", change.before?.row.state.name ?? "-",
        change.after?.row.state.name ?? "-",
      ].joined(separator: " ")
    }
  }

  @Test(
    arguments: [
      ([], [], []),
      ([sighting(.established, 1)], [sighting(.established, 1)], []),
      ([], [sighting(.established, 1)], ["opened 1 - ESTABLISHED"]),
      ([sighting(.established, 1)], [], ["closed 1 ESTABLISHED -"]),
      ([], [sighting(.listen, 1)], ["listening 1 - LISTEN"]),
      ([sighting(.listen, 1)], [], ["unlistened 1 LISTEN -"]),
      (
        [sighting(.established, 1)], [sighting(.timeWait, 1)], ["changed 1 ESTABLISHED TIME_WAIT"]
      ),
      (
        [sighting(.timeWait, 1)], [sighting(.established, 1)],
        ["opened 1 - ESTABLISHED", "closed 1 TIME_WAIT -"]
      ),
      (
        [sighting(.established, 1, inode: 1)], [sighting(.established, 1, inode: 2)],
        ["opened 1 - ESTABLISHED", "closed 1 ESTABLISHED -"]
      ),
      ([sighting(.established, 1, inode: 1)], [sighting(.established, 1)], []),
      (
        [sighting(.listen, 1, pid: 1)], [sighting(.listen, 1, pid: 2)], ["changed 1 LISTEN LISTEN"]
      ),
      ([sighting(.listen, 1, pid: 1)], [sighting(.listen, 1)], []),
      ([sighting(.listen, 1), sighting(.listen, 1)], [sighting(.listen, 1)], []),
      (
        [sighting(.listen, 1, inode: 1), sighting(.listen, 1, inode: 2)], [sighting(.listen, 1, inode: 2)],
        ["unlistened 1 LISTEN -"]
      ),
      (
        [sighting(.established, 9), sighting(.established, 3), sighting(.listen, 7)],
        [sighting(.established, 2), sighting(.closeWait, 3), sighting(.listen, 8)],
        [
          "listening 8 - LISTEN", "unlistened 7 LISTEN -", "opened 2 - ESTABLISHED",
          "changed 3 ESTABLISHED CLOSE_WAIT", "closed 9 ESTABLISHED -",
        ]
      ),
      (
        [sighting(.established, 1, remote: "a.example")], [sighting(.established, 1, remote: "A.example")], []
      ),
      (
        [sighting(.established, 1, remote: "a.example")], [sighting(.established, 1, remote: "b.example")],
        ["opened 1 - ESTABLISHED", "closed 1 ESTABLISHED -"]
      ),
    ] as [([Sighting], [Sighting], [String])])
  func `What is different`(_ before: [Sighting], _ after: [Sighting], _ expected: [String]) {
    #expect(Self.told(before, after) == expected)
  }

  @Test func `The listeners of a table tell the direction`() throws {
    var row = Self.sighting(.established, 5000).row
    row.remote.port = 6000
    let before: [Sighting] = [Self.sighting(.listen, 5000)]
    let changes = TableDifference(from: before, to: before + [Sighting(row)]).changes
    #expect(try #require(changes.first).direction == .inbound)
  }
}
