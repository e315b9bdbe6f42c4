// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Foundation
import Testing

@testable import ProcNet

struct OpeningCountersTests {
  /// What Linux 6.18 printed, shortened to the lines about it.
  static let usual = """
    Icmp: InMsgs InErrors
    Icmp: 4 0
    IcmpMsg: InType3
    IcmpMsg: 4
    Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs
    Tcp: 1 200 120000 -1 93403 93398 50 12 7 1000
    Udp: InDatagrams NoPorts
    Udp: 4 0

    """

  private func parse(_ text: String) throws -> OpeningCounters {
    try Array(text.utf8).withUnsafeBytes { try TCPCounterLines.parse($0) }
  }

  @Test(arguments: [
    (usual, OpeningCounters(activeOpens: 93403, passiveOpens: 93398, attemptFails: 50)),
    // Another order, and more columns than there are numbers.
    (
      "Tcp: PassiveOpens New AttemptFails ActiveOpens Newer\nTcp: 3 9 1 2\n",
      OpeningCounters(activeOpens: 2, passiveOpens: 3, attemptFails: 1)
    ),
    (
      "Tcp: ActiveOpens PassiveOpens AttemptFails\r\nTcp: 0 18446744073709551615 007\r\n",
      OpeningCounters(activeOpens: 0, passiveOpens: .max, attemptFails: 7)
    ),
    // A name that only begins like another, and a line that only begins like ours.
    (
      "TcpExt: ActiveOpens\nTcp: ActiveOpensX ActiveOpens PassiveOpens AttemptFails\nTcpExt: 9\nTcp: 9 1 2 3\n",
      OpeningCounters(activeOpens: 1, passiveOpens: 2, attemptFails: 3)
    ),
  ])
  func columnsAreFoundByName(text: String, counters: OpeningCounters) throws {
    #expect(try parse(text) == counters)
  }

  @Test(arguments: [
    ("", TCPCounterLines.Failure.noLines),
    ("\n\n\n", .noLines),
    ("Udp: A\nUdp: 1\n", .noLines),
    ("Tcp: ActiveOpens PassiveOpens AttemptFails\n", .noLines),
    // The end of the last number may be missing.
    ("Tcp: ActiveOpens PassiveOpens AttemptFails\nTcp: 1 2 3", .noLines),
    ("Tcp: ActiveOpens AttemptFails\nTcp: 1 2\n", .missing("PassiveOpens")),
    ("Tcp: ActiveOpens PassiveOpens AttemptFails\nTcp: 1 2\n", .missing("AttemptFails")),
    ("Tcp:\nTcp:\n", .missing("ActiveOpens")),
    ("Tcp: ActiveOpens PassiveOpens AttemptFails\nTcp: -1 2 3\n", .badNumber("ActiveOpens")),
    ("Tcp: ActiveOpens PassiveOpens AttemptFails\nTcp: 1 2x 3\n", .badNumber("PassiveOpens")),
    (
      "Tcp: ActiveOpens PassiveOpens AttemptFails\nTcp: 1 2 18446744073709551616\n",
      .badNumber("AttemptFails")
    ),
    ("Tcp: ActiveOpens PassiveOpens AttemptFails\nTcp: 1\0 2 3\n", .badNumber("ActiveOpens")),
  ])
  func whatIsNotThereIsSaid(text: String, failure: TCPCounterLines.Failure) {
    #expect(throws: failure) { try parse(text) }
  }

  /// Cut anywhere, it is either refused or what the whole file says.
  @Test func aTornFileNeverGivesOtherNumbers() throws {
    let whole = Array(Self.usual.utf8)
    let counters = try parse(Self.usual)
    var refused = 0
    for count in whole.indices {
      let got = whole[..<count].withUnsafeBytes { try? TCPCounterLines.parse($0) }
      if let got { #expect(got == counters) } else { refused += 1 }
    }
    #expect(refused > whole.count / 2)
  }

  @Test func bytesThatAreNoTextAreRefused() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      var bytes = Array(Self.usual.utf8)
      for _ in 0..<8 {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
      }
      // Whatever comes of it, it comes to an end.
      _ = bytes.withUnsafeBytes { try? TCPCounterLines.parse($0) }
    }
    #expect(throws: TCPCounterLines.Failure.noLines) {
      try [UInt8](repeating: 0xFF, count: 5000).withUnsafeBytes { try TCPCounterLines.parse($0) }
    }
  }

  @Test func theFileIsReadAnewEachTime() throws {
    let proc = try TemporaryProc(["net/snmp": Array(Self.usual.utf8)])
    let reader = OpeningCountersReader(root: proc.root)
    #expect(try reader.read().activeOpens == 93403)
    try proc.write("net/snmp", Array(Self.usual.replacing("93403", with: "93404").utf8))
    #expect(try reader.read().activeOpens == 93404)
    try proc.write("7/net/snmp", Array(Self.usual.replacing("93403", with: "7").utf8))
    #expect(try OpeningCountersReader(root: proc.root, directory: "7/net").read().activeOpens == 7)
    try proc.remove("net/snmp")
    let error = #expect(throws: OpeningCountersReader.Unreadable.self) { try reader.read() }
    #expect(error?.description == "\(proc.root.path)/net/snmp: No such file or directory")
    try proc.write("net/snmp", Array("Tcp: ActiveOpens\nTcp: 1\n".utf8))
    #expect(
      throws: OpeningCountersReader.Unreadable(
        path: proc.root.path + "/net/snmp", why: "no column PassiveOpens")
    ) {
      try reader.read()
    }
  }

  @Test func theKernelsOwnFileCanBeRead() throws {
    #expect(throws: Never.self) { try OpeningCountersReader().read() }
  }
}
