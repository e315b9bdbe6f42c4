// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Foundation
import Testing

@testable import connwatch

/// What a recorder says of new listeners while rules change.
@Suite struct ListenerWatchTests {
  private final class Place {
    let path = NSTemporaryDirectory() + "connwatch-watch-\(UUID().uuidString)"
    var alarms: [[ListenerField]] = []
    var remarks: [String] = []
    var watch: ListenerWatch!

    init(_ rules: String?) throws {
      if let rules { try write(rules) }
      watch = try ListenerWatch(
        ExpectedFiles([path]),
        ports: ListenerWatch.Ports(
          alarm: { [unowned self] in alarms.append($0) }, remark: { [unowned self] in remarks.append($0) },
          service: { port, _ in port == 23 ? "telnet" : nil }))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ rules: String) throws { try rules.write(toFile: path, atomically: true, encoding: .utf8) }
  }

  private func life(
    _ port: UInt16, _ address: UInt32 = 0, program: String = "/a", pid: Int32 = 1, at time: Int64 = 0,
    uncertainty: Int64? = 1, netns: String? = nil
  ) -> Life {
    let row = SocketRow(
      proto: .tcp, state: .listen, local: Endpoint(IPAddress(v4: address), port),
      remote: Endpoint(.anyV4, 0), inode: 77)
    var life = Life(
      id: 1, row: row, role: .listener, direction: nil, firstSeen: Timestamp(microseconds: time),
      firstSeenBoot: 0, uncertainty: uncertainty, sources: .netlink)
    life.owner = SocketOwner(
      process: OwningProcess(pid: pid, startTime: 1, name: "na\nme", exe: program, unit: "a.service"))
    life.netns = netns
    return life
  }

  private let loopback: UInt32 = 0x7F00_0001

  @Test func findingsAreToldOnce() throws {
    let place = try Place("tcp loopback 23 /a\n")
    #expect(place.watch.judge(life(23, loopback), isV6Only: nil) == .expected)
    #expect(place.alarms.isEmpty)
    // There at the start or not: there are rules, and it breaks them.
    #expect(place.watch.judge(life(23, uncertainty: nil), isV6Only: nil) == .widened)
    #expect(place.watch.judge(life(23, pid: 2), isV6Only: nil) == .widened, "a restart")
    #expect(place.alarms.count == 1)
    #expect(place.watch.judge(life(23, program: "/b"), isV6Only: nil) == .changed)
    #expect(place.watch.judge(life(24), isV6Only: nil) == .new)
    #expect(place.watch.judge(life(24, netns: "other"), isV6Only: nil) == .new)
    #expect(place.alarms.count == 4)
    var hidden = life(24)
    hidden.owner = SocketOwner(unknown: .exited)
    #expect(place.watch.judge(hidden, isV6Only: nil) == .new, "likely the same one")
    #expect(place.alarms.count == 4)
    hidden.local.port = 25
    for _ in 1...2 { #expect(place.watch.judge(hidden, isV6Only: nil) == .new) }
    #expect(place.alarms.count == 5)
    #expect(place.watch.judge(life(25), isV6Only: nil) == .new, "now it is known who")
    #expect(place.alarms.count == 6)
    let told = Dictionary(uniqueKeysWithValues: place.alarms[0].map { ($0.name, $0.value) })
    #expect(
      told == [
        "CONNWATCH_STATUS": "widened", "CONNWATCH_PROTO": "tcp", "CONNWATCH_ADDR": "0.0.0.0",
        "CONNWATCH_PORT": "23", "CONNWATCH_SERVICE": "telnet", "CONNWATCH_EXPOSURE": "any",
        "CONNWATCH_RISK": "telnet sends passwords and everything typed in cleartext",
        "CONNWATCH_REASON": "expected loopback", "CONNWATCH_PID": "1", "CONNWATCH_PROCESS": "na\\x0ame",
        "CONNWATCH_EXE": "/a", "CONNWATCH_UNIT": "a.service", "CONNWATCH_CONTAINER": "",
        "CONNWATCH_TIME": "1970-01-01T00:00:00.000000Z", "CONNWATCH_NETNS": "",
      ])
  }

  @Test func withoutRulesWhatWasThereIsNoNews() throws {
    let place = try Place(nil)
    #expect(place.watch.isWithoutRules)
    #expect(place.watch.judge(life(23, uncertainty: nil), isV6Only: nil) == .new)
    #expect(place.alarms.isEmpty)
    #expect(place.watch.judge(life(24), isV6Only: nil) == .new)
    #expect(place.alarms.count == 1)
  }

  @Test func rulesAreReadAgainWhenTheyChange() throws {
    let place = try Place("tcp any 22 *\n")
    #expect(place.watch.judge(life(23), isV6Only: nil) == .new)
    try place.write("tcp any 22 *\ntcp any 23 *\n")
    #expect(place.watch.judge(life(23), isV6Only: nil) == .new, "not looked yet")
    place.watch.refresh()
    #expect(place.watch.judge(life(23), isV6Only: nil) == .expected)
    // One that is wrong changes nothing, and is said once.
    try place.write("tcp any\n")
    for _ in 1...3 { place.watch.refresh() }
    #expect(place.remarks.count == 1 && place.remarks[0].contains("\(place.path):1: "))
    #expect(place.watch.judge(life(23), isV6Only: nil) == .expected)
    try FileManager.default.removeItem(atPath: place.path)
    place.watch.refresh()
    #expect(place.watch.judge(life(23), isV6Only: nil) == .new && place.watch.isWithoutRules)
    #expect(place.alarms.count == 2)
  }

  @Test func whatBeginsWhileLearningIsExpectedThen() throws {
    let place = try Place(nil)
    place.watch.learn(Learning(100, from: Timestamp(microseconds: 0)))
    #expect(place.watch.judge(life(23, loopback, at: 50), isV6Only: nil) == .expected)
    #expect(place.watch.judge(life(23, loopback, at: 101), isV6Only: nil) == .expected)
    #expect(place.watch.judge(life(23, at: 101), isV6Only: nil) == .widened)
    #expect(place.watch.judge(life(24, at: 101), isV6Only: nil) == .new)
    place.watch.refresh()
    #expect(place.watch.judge(life(23, loopback, at: 102), isV6Only: nil) == .expected)
    #expect(place.alarms.count == 2)
  }
}
