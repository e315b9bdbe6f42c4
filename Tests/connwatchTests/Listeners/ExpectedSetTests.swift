// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Foundation
import Testing

@testable import connwatch

@Suite struct ExpectedSetTests {
  private func listener(
    _ address: String, _ port: UInt16, _ program: String?, proto: Proto = .tcp
  ) throws -> Listener {
    Listener(
      proto: proto, address: try #require(IPAddress(address)), port: port,
      owner: program.map { SocketOwner(process: OwningProcess(pid: 1, startTime: 1, name: "x", exe: $0)) }
        ?? SocketOwner(unknown: .noPermission))
  }

  private func set(_ lines: String...) throws -> ExpectedSet {
    ExpectedSet(Set(try lines.compactMap { try ExpectedRule(line: $0) }))
  }

  @Test(arguments: [
    ("tcp any 22 /sshd", "0.0.0.0", "/sshd", "expected"),
    ("tcp any 22 /sshd", "127.0.0.1", "/sshd", "expected"),
    ("tcp any 22 /sshd", "192.168.1.5", "/sshd", "expected"),
    ("tcp any 22 /sshd", "0.0.0.0", "/telnetd", "changed"),
    ("tcp any 22 *", "0.0.0.0", "/telnetd", "expected"),
    ("tcp loopback 22 /sshd", "127.0.0.1", "/sshd", "expected"),
    ("tcp loopback 22 /sshd", "127.0.0.53", "/sshd", "expected"),
    ("tcp loopback 22 /sshd", "0.0.0.0", "/sshd", "widened"),
    ("tcp loopback 22 /sshd", "192.168.1.5", "/sshd", "widened"),
    ("tcp 192.168.1.5 22 /sshd", "192.168.1.5", "/sshd", "expected"),
    ("tcp 192.168.1.5 22 /sshd", "192.168.1.6", "/sshd", "widened"),
    ("tcp 192.168.1.5 22 /sshd", "127.0.0.1", "/sshd", "expected"),
    ("tcp any 23 /sshd", "0.0.0.0", "/sshd", "new"),
    ("tcp6 any 22 /sshd", "0.0.0.0", "/sshd", "new"),
  ])
  func verdicts(_ rule: String, _ address: String, _ program: String, _ expected: String) throws {
    #expect(try set(rule).verdict(listener(address, 22, program)).rawValue == expected)
  }

  @Test func aProgramThatCannotBeSeenIsJudgedByItsPort() throws {
    let expected = try set("tcp any 22 /sshd")
    #expect(try expected.verdict(listener("0.0.0.0", 22, nil)) == .expected)
    #expect(try expected.verdict(listener("0.0.0.0", 23, nil)) == .new)
  }

  @Test func acceptingTakesThePlaceOfWhatIsNoLongerThere() throws {
    var expected = try set("tcp any 22 /old", "tcp any 25 /mail")
    let added = try expected.accept([listener("0.0.0.0", 22, "/new")])
    #expect(added.map(\.line) == ["tcp any 22 /new"])
    #expect(expected.rules.sorted().map(\.line) == ["tcp any 22 /new", "tcp any 25 /mail"])
    #expect(expected.missing([]).map(\.port) == [22, 25])
    #expect(expected.forget { $0.port == 25 }.map(\.line) == ["tcp any 25 /mail"])
  }

  @Test(arguments: [
    ("tcp any 22", "four words"), ("sctp any 22 x", "\"sctp\" is not a protocol"),
    ("tcp all 22 x", "\"all\" is not a scope"), ("tcp any ssh x", "\"ssh\" is not a port"),
    ("tcp any 0 x", "\"0\" is not a port"), ("tcp any 65536 x", "\"65536\" is not a port"),
  ])
  func badLines(_ line: String, _ why: String) {
    let failure = #expect(throws: Failure.self) { try ExpectedRule(line: line) }
    #expect(failure?.description.contains(why) == true)
  }

  @Test func theFileComesBackAsWritten() throws {
    let folder = NSTemporaryDirectory() + "connwatch-test-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let file = ExpectedFile(path: folder + "/deep/expected")
    #expect(try file.read().isEmpty)
    let rules = try set(
      "tcp any 22 /usr/sbin/sshd", "udp6 ::1 53 /with a space", "tcp loopback 631 *", "tcp 10.0.0.1 80 y"
    ).rules
    try file.write(rules)
    #expect(try file.read() == rules)
    try "# mine\n\ntcp any 22 x\ntcp any\n".write(toFile: file.path, atomically: true, encoding: .utf8)
    let failure = #expect(throws: Failure.self) { try file.read() }
    #expect(failure?.description.contains("expected:4: ") == true)
  }
}
