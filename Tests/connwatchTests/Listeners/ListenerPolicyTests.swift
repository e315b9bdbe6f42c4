// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Foundation
import Testing

@testable import connwatch

/// What is expected of units, of IPv6 alone, of what was learnt; and what is said of it.
@Suite struct ListenerPolicyTests {
  private func listener(
    _ address: String, _ port: UInt16 = 22, _ program: String? = "/sshd", unit: String? = nil,
    v6Only: Bool? = nil
  ) throws -> Listener {
    let address = try #require(IPAddress(address))
    let owner = program.map {
      SocketOwner(process: OwningProcess(pid: 1, startTime: 1, name: "x", exe: $0, unit: unit))
    }
    return Listener(
      proto: address.isV4 ? .tcp : .tcp6, address: address, port: port,
      owner: owner ?? SocketOwner(unknown: .noPermission), isV6Only: v6Only)
  }

  private func set(_ lines: String...) throws -> ExpectedSet {
    ExpectedSet(Set(try lines.compactMap { try ExpectedRule(line: $0) }))
  }

  @Test(arguments: [
    ("tcp6 v6only 22 *", true as Bool?, "expected"), ("tcp6 v6only 22 *", false, "widened"),
    // What is not known is never held against it.
    ("tcp6 v6only 22 *", nil, "expected"), ("tcp6 any 22 *", true, "expected"),
    ("tcp6 any 22 *", false, "expected"), ("tcp6 ::1 22 *", true, "widened"),
    ("tcp6 2001:db8::1 22 *", nil, "widened"),
  ])
  func dualStack(_ rule: String, _ v6Only: Bool?, _ verdict: String) throws {
    #expect(try set(rule).verdict(listener("::", v6Only: v6Only)).rawValue == verdict)
  }

  @Test func anAddressOfIPv6IsNarrowerThanIPv6Alone() throws {
    let rules = try set("tcp6 v6only 22 *")
    #expect(try rules.verdict(listener("2001:db8::1")) == .expected)
    #expect(try rules.verdict(listener("::1")) == .expected)
    var mapped = try listener("8.8.8.8")
    mapped.proto = .tcp6
    #expect(rules.verdict(mapped) == .widened)
  }

  @Test(
    arguments: [
      ("tcp any 22 unit=ssh.service /sshd", "ssh.service", "expected"),
      ("tcp any 22 unit=ssh /sshd", "ssh.service", "expected"),
      ("tcp any 22 unit=ssh.service *", "ssh.service", "expected"),
      ("tcp any 22 unit=* /sshd", "ssh.service", "expected"), ("tcp any 22 /sshd", "ssh.service", "expected"),
      ("tcp any 22 unit=ssh.service /sshd", "evil.service", "changed"),
      ("tcp any 22 unit=ssh.service /other", "ssh.service", "changed"),
      ("tcp any 22 unit=ssh.service /sshd", nil, "changed"),
      ("tcp any 22 unit=session-3.scope /sshd", "session-3.scope", "expected"),
    ] as [(String, String?, String)])
  func units(_ rule: String, _ unit: String?, _ verdict: String) throws {
    #expect(try set(rule).verdict(listener("0.0.0.0", unit: unit)).rawValue == verdict)
    // Where the owner cannot be seen, nothing is held against it.
    #expect(try set(rule).verdict(listener("0.0.0.0", 22, nil)) == .expected)
  }

  @Test(arguments: [
    ("ssh.service", "unit=ssh.service "), ("cups.socket", "unit=cups.socket "),
    ("user@1000.service", "unit=user@1000.service "), ("session-3.scope", ""), ("app.slice", ""),
    ("run-u12.service", ""), ("run-r0123456789abcdef.service", ""), ("run-p12-i34.service", ""),
    ("run-parts.service", "unit=run-parts.service "), ("runit.service", "unit=runit.service "),
    ("odd name.service", "unit=odd\\x20name.service "),
  ])
  func acceptedUnits(_ unit: String, _ word: String) throws {
    let there = try listener("0.0.0.0", unit: unit)
    let line = ExpectedRule(there).line
    #expect(line == "tcp any 22 \(word)/sshd")
    #expect(try set(line).verdict(there) == .expected)
  }

  @Test func itSaysWhatWasExpected() throws {
    func judge(_ listener: Listener, _ lines: String...) throws -> String {
      let set = ExpectedSet(Set(try lines.compactMap { try ExpectedRule(line: $0) }))
      let judgement = set.judge(listener)
      return "\(judgement.verdict.rawValue): \(judgement.reason ?? "-")"
    }
    let there = try listener("0.0.0.0", unit: "a.service")
    #expect(try judge(there, "tcp any 22 *") == "expected: -")
    #expect(try judge(there) == "new: -")
    #expect(try judge(there, "tcp any 22 /b") == "changed: expected /b")
    #expect(try judge(there, "tcp any 22 unit=b /sshd") == "changed: expected /sshd (unit b)")
    #expect(try judge(there, "tcp any 22 unit=b *") == "changed: expected unit b")
    #expect(try judge(there, "tcp loopback 22 *") == "widened: expected loopback")
    #expect(
      try judge(there, "tcp loopback 22 *", "tcp 10.0.0.1 22 *") == "widened: expected 10.0.0.1 or loopback")
    #expect(
      try judge(there, "tcp any 22 /b", "tcp any 22 /c", "tcp any 22 /d", "tcp any 22 /e", "tcp any 22 /f")
        == "changed: expected /b or /c or /d or 2 more")
    #expect(
      try judge(listener("::", v6Only: false), "tcp6 v6only 22 *") == "widened: expected v6only")
    let gone = try #require(try ExpectedRule(line: "tcp any 22 /b"))
    #expect(ExpectedSet.judgeMissing(gone) == .init(verdict: .gone, reason: "expected /b"))
  }

  @Test(arguments: [
    ("tcp any 22 /sshd # the way in", "tcp any 22 /sshd"), ("tcp any 22 /sshd\t#x", "tcp any 22 /sshd"),
    ("tcp any 22 /a#b", "tcp any 22 /a#b"),
    ("tcp any 22 unit=a.service   /b c # d", "tcp any 22 unit=a.service /b c"),
    ("tcp6 v6only 22 *", "tcp6 v6only 22 *"), ("tcp6 any 22 unit=a *#", "tcp6 any 22 unit=a *#"),
  ])
  func lines(_ line: String, _ read: String) throws {
    #expect(try ExpectedRule(line: line)?.line == read)
  }

  @Test(arguments: [
    ("tcp v6only 22 *", "v6only is a scope of tcp6"), ("tcp any 22 # /sshd", "four words"),
    ("tcp any 22 * extra", "behind *"), ("tcp any 22 unit=a *\tb # x", "behind *"),
    ("tcp any 22 /a\0b", "control characters"), ("# \u{1B}[31m", "control characters"),
    ("tcp any 22 /a\rb", "control characters"), ("tcp any 22 /a\u{9B}b", "control characters"),
    ("tcp any 22 unit=ssh.service", "a unit and a program"),
    ("tcp any 22 unit= /sshd", "a unit and a program"),
    ("tcp any 22 unit=a # x", "a unit and a program"),
  ])
  func wrongLines(_ line: String, _ why: String) {
    let failure = #expect(throws: Failure.self) { try ExpectedRule(line: line) }
    #expect(failure?.description.contains(why) == true, "\(failure?.description ?? "")")
  }

  /// A program may be called like a part of a rule.
  @Test(arguments: [
    "unit=ssh.service", "unit=a b", "/x #y", "#", " # ", "a # b #c", "unit= #", "* x", "*", "*x", "* ",
  ])
  func hostileNames(_ program: String) throws {
    let there = try listener("0.0.0.0", 22, program)
    let rule = try #require(try ExpectedRule(line: ExpectedRule(there).line))
    #expect(rule == ExpectedRule(there) && rule.unit == nil)
    #expect(ExpectedSet([rule]).verdict(there) == .expected)
    #expect(try ExpectedSet([rule]).verdict(listener("0.0.0.0", 22, "/other")) == .changed)
  }

  @Test func learningTakesTheWidestAndAddsNothingTwice() throws {
    var expected = try set("tcp any 25 /mail")
    let added = expected.learn([
      try listener("127.0.0.1"), try listener("0.0.0.0"), try listener("0.0.0.0", 22, nil),
      try listener("0.0.0.0", 25, "/mail"), try listener("127.0.0.1", 80, nil),
      try listener("127.0.0.1", 80, "/web"),
    ])
    #expect(added.map(\.line) == ["tcp any 22 /sshd", "tcp loopback 80 /web"])
    #expect(expected.rules.count == 3)
    // What was learnt is expected, and not missed.
    let learnt = ExpectedSet([], learnt: expected.rules)
    #expect(try learnt.verdict(listener("0.0.0.0", 80, "/web")) == .widened)
    #expect(learnt.missing([]).isEmpty && !learnt.isEmpty)
  }

  @Test func aFileKeepsWhatIsNotMeant() throws {
    let path = NSTemporaryDirectory() + "connwatch-expected-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let text =
      "# ours\n\n  tcp any 22   *  # the way in\nudp any 53 /dns\n# tcp any 1 *\ntcp any 22 *\ntcp any 80 *"
    try text.write(toFile: path, atomically: false, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o604], ofItemAtPath: path)
    let file = ExpectedFile(path: path)
    var rules = ExpectedSet(try file.read())
    _ = rules.forget { $0.port == 53 }
    _ = try rules.accept([listener("0.0.0.0", 443)])
    try file.write(rules.rules)
    let written = try String(contentsOfFile: path, encoding: .utf8)
    #expect(
      written
        == "# ours\n\n  tcp any 22   *  # the way in\n# tcp any 1 *\ntcp any 22 *\ntcp any 80 *\ntcp any 443 /sshd\n"
    )
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o604)
    // Nothing to change: the file is not touched. A link stays one.
    let link = path + "-link"
    defer { try? FileManager.default.removeItem(atPath: link) }
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
    try ExpectedFile(path: link).write(rules.rules)
    _ = rules.forget { $0.port == 443 }
    try ExpectedFile(path: link).write(rules.rules)
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == path)
    #expect(try file.read() == rules.rules)
  }
}
