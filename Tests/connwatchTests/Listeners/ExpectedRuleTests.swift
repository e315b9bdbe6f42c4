// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Foundation
import Testing

@testable import connwatch

private func listener(_ address: String, _ port: UInt16 = 22, _ program: String? = "/usr/sbin/sshd")
  -> Listener
{
  let owner = program.map {
    SocketOwner(process: OwningProcess(pid: 1, startTime: 1, name: "name", exe: $0))
  }
  return Listener(
    proto: .tcp, address: IPAddress(address)!, port: port, owner: owner ?? SocketOwner(unknown: .noPermission)
  )
}

private func rules(_ lines: String...) throws -> ExpectedSet {
  ExpectedSet(Set(try lines.map { try #require(try ExpectedRule(line: $0)) }))
}

@Suite struct ExpectedRuleTests {
  @Test(arguments: [
    ("tcp any 22 /usr/sbin/sshd", "0.0.0.0", ExpectedSet.Verdict.expected),
    ("tcp any 22 *", "0.0.0.0", .expected),
    ("tcp any 22 /usr/sbin/sshd", "127.0.0.1", .expected),
    ("tcp any 22 /usr/sbin/sshd", "10.0.0.1", .expected),
    ("tcp any 22 /usr/sbin/dropbear", "0.0.0.0", .changed),
    ("tcp any 23 /usr/sbin/sshd", "0.0.0.0", .new),
    ("tcp6 any 22 /usr/sbin/sshd", "0.0.0.0", .new),
    ("tcp loopback 22 /usr/sbin/sshd", "0.0.0.0", .widened),
    ("tcp loopback 22 /usr/sbin/sshd", "127.0.0.53", .expected),
    ("tcp 10.0.0.1 22 /usr/sbin/sshd", "10.0.0.1", .expected),
    ("tcp 10.0.0.1 22 /usr/sbin/sshd", "0.0.0.0", .widened),
    ("tcp 10.0.0.1 22 /usr/sbin/sshd", "10.0.0.2", .widened),
    // As netstat and ss show them.
    ("tcp 0.0.0.0 22 /usr/sbin/sshd", "0.0.0.0", .expected),
    ("tcp 127.0.0.1 22 /usr/sbin/sshd", "0.0.0.0", .widened),
    ("tcp\tany  22\t /usr/sbin/sshd ", "0.0.0.0", .expected),
  ])
  func verdicts(_ line: String, _ address: String, _ verdict: ExpectedSet.Verdict) throws {
    #expect(try rules(line).verdict(listener(address)) == verdict)
  }

  @Test func aProgramThatCannotBeSeen() throws {
    let set = try rules("tcp any 22 /usr/sbin/sshd")
    #expect(set.verdict(listener("0.0.0.0", 22, nil)) == .expected)
    #expect(set.verdict(listener("0.0.0.0", 23, nil)) == .new)
  }

  /// A program may call itself anything, and its rule is for it alone.
  @Test(arguments: [
    "/tmp/with a space", "/tmp/a\nb", "/tmp/a\tb", " leads", "trails ", "*", "#", "/tmp/\u{1B}[31m",
    "\u{301}x",
    "/tmp/\u{202E}gpj", "  ", "/tmp/ü",
  ])
  func hostileNamesComeBack(_ program: String) throws {
    let hostile = listener("0.0.0.0", 22, program)
    let line = ExpectedRule(hostile).line
    #expect(!line.contains { $0.isNewline })
    let back = try #require(try ExpectedRule(line: line))
    #expect(back == ExpectedRule(hostile))
    #expect(back.program != nil)
    #expect(ExpectedSet([back]).verdict(hostile) == .expected)
    #expect(ExpectedSet([back]).verdict(listener("0.0.0.0", 22, "/other")) == .changed)
  }

  @Test(arguments: ["", "   ", "# tcp any 22 *", "  # x", "\t#x"]) func blankLinesAndComments(_ line: String)
    throws
  {
    #expect(try ExpectedRule(line: line) == nil)
  }

  @Test(arguments: [
    "tcp any 22", "tcp any 0 *", "tcp any 65536 *", "sctp any 22 *", "tcp eth0 22 *", "tcp any ssh *", "x",
  ])
  func wrongLines(_ line: String) {
    #expect(throws: Failure.self) { try ExpectedRule(line: line) }
  }

  /// Who cannot see programs must not make rules weaker that are met.
  @Test func acceptingWhatIsExpectedChangesNothing() throws {
    var set = try rules("tcp any 22 /usr/sbin/sshd", "tcp loopback 80 *")
    let before = set.rules
    #expect(
      set.accept([listener("0.0.0.0", 22, nil), listener("127.0.0.1", 80, "/usr/sbin/nginx")]) == [])
    #expect(set.rules == before)
  }

  @Test func acceptingReplacesWhatIsNoLongerThere() throws {
    var set = try rules("tcp loopback 22 /usr/sbin/sshd", "tcp any 80 /old", "tcp any 443 *")
    let added = set.accept([
      listener("0.0.0.0", 22), listener("0.0.0.0", 80, "/new"), listener("0.0.0.0", 8080, "/new"),
    ])
    #expect(added.map(\.line) == ["tcp any 22 /usr/sbin/sshd", "tcp any 80 /new", "tcp any 8080 /new"])
    #expect(
      set.rules.sorted().map(\.line)
        == ["tcp any 22 /usr/sbin/sshd", "tcp any 80 /new", "tcp any 443 *", "tcp any 8080 /new"])
  }

  /// One port, two addresses, two programs: a rule that one of them meets stays.
  @Test func acceptingKeepsTheRulesOfOthersOnThePort() throws {
    var set = try rules("tcp 10.0.0.1 53 /named", "tcp loopback 53 *")
    let added = set.accept([
      listener("10.0.0.1", 53, "/named"), listener("127.0.0.53", 53, "/resolved"),
      listener("10.0.0.2", 53, "/dnsmasq"),
    ])
    #expect(added.map(\.line) == ["tcp 10.0.0.2 53 /dnsmasq"])
    #expect(set.rules.count == 3)
    #expect(set.missing([listener("10.0.0.2", 54)]).count == 3)
    #expect(set.forget { $0.port == 53 }.count == 3)
    #expect(set.rules.isEmpty)
  }

  @Test(arguments: ["\n", "\r\n"]) func filesOfBothLineEnds(_ end: String) throws {
    let path = NSTemporaryDirectory() + "connwatch-expected-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let lines = ["# mine", "tcp any 22 /usr/sbin/sshd", "", "udp loopback 53 *", ""]
    try Data(lines.joined(separator: end).utf8).write(to: URL(fileURLWithPath: path))
    let file = ExpectedFile(path: path)
    let read = try file.read()
    #expect(read.sorted().map(\.line) == ["tcp any 22 /usr/sbin/sshd", "udp loopback 53 *"])
    try file.write(read)
    #expect(try file.read() == read)
    try Data("# x\(end)tcp any 22 *\(end)tcp any\(end)".utf8).write(to: URL(fileURLWithPath: path))
    do {
      _ = try file.read()
      Issue.record("a bad line was taken")
    } catch {
      #expect(error.description.hasPrefix("\(path):3: "))
    }
  }

  /// Rules that cannot be looked at are not the same as no rules.
  @Test func onlyAFileThatIsNotThereIsEmpty() throws {
    #expect(try ExpectedFile(path: "/nowhere/expected").read().isEmpty)
    #expect(throws: Failure.self) {
      try ExpectedFile(path: "/" + String(repeating: "x", count: 300)).read()
    }
  }
}
