// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Foundation
import Testing

@testable import connwatch

/// Saved tables of every tool, as sockets.
struct SightingReaderTests {
  private struct Read {
    var sightings: [Sighting] = []
    var unreadable: [Int] = []
    var covers: EvidenceCover = []
    var format: EvidenceFormat?
  }

  private static func read(
    _ text: String, format: EvidenceFormat? = nil, isWhole: Bool = false, name: String = "file"
  ) -> Read {
    var reader = SightingReader(name: name, services: .builtIn, format: format, isWhole: isWhole)
    var read = Read()
    for (place, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      Array(line.utf8).withUnsafeBytes { bytes in
        switch reader.read(bytes, .init(number: place + 1, isTerminated: true, isTooLong: false)) {
        case .sightings(let sightings): read.sightings += sightings
        case .amends, .nothing: break
        case .unreadable: read.unreadable.append(place + 1)
        }
      }
    }
    read.covers = reader.covers
    read.format = reader.format
    return read
  }

  @Test func `The two lines of a Windows netstat`() throws {
    let read = Self.read(
      "TCP mirage:1372 vnt4.webhosting.com:80 ESTABLISHED\nTCP mirage:1374 vnt4.webhosting.com:80 ESTABLISHED\n"
    )
    #expect(read.sightings.map(\.row.local.port) == [1372, 1374] && read.unreadable.isEmpty)
    let first = try #require(read.sightings.first)
    #expect(first.localName == "mirage" && first.remoteName == "vnt4.webhosting.com")
    #expect(first.row.state == .established && first.row.remote.port == 80)
    #expect(read.format == .windowsNetstat && read.covers == [], "two lines are not all there were")
  }

  private static let netstat = """
    Active Internet connections (servers and established)
    Proto Recv-Q Send-Q Local Address           Foreign Address         State       PID/Program name
    tcp        0      0 0.0.0.0:22              0.0.0.0:*               LISTEN      812/sshd
    tcp        0      0 10.0.0.1:22             10.0.0.9:51000          ESTABLISHED 900/sshd: a
    udp        0      0 0.0.0.0:68              0.0.0.0:*                           700/dhclient
    """

  @Test func `A netstat with a head has all of what it shows`() {
    let read = Self.read(Self.netstat)
    #expect(read.sightings.count == 3 && read.format == .netstat && read.unreadable.isEmpty)
    #expect(read.covers == [.whole(.tcp), .whole(.udp)])
    #expect(read.sightings.map(\.row.state) == [.listen, .established, .unconnected])
    #expect(read.sightings.first?.owner.process?.name == "sshd")
    let broken = Self.read(Self.netstat + "\ntcp 0 0 nonsense")
    #expect(broken.covers == [] && broken.unreadable == [6] && broken.sightings.count == 3)
    let without = Self.netstat.replacing("servers and established", with: "w/o servers")
    #expect(Self.read(without).covers == [.connections(.tcp), .connections(.udp)])
    let only = Self.netstat.replacing("servers and established", with: "only servers")
    #expect(Self.read(only).covers == [.listeners(.tcp), .listeners(.udp)])
  }

  @Test func `What ss was asked to leave out nobody knows, unless somebody says so`() {
    let text = """
      Netid State  Recv-Q Send-Q Local Address:Port  Peer Address:Port Process
      tcp   LISTEN 0      128          0.0.0.0:22         0.0.0.0:*     users:(("sshd",pid=812,fd=3))
      tcp   ESTAB  0      0           10.0.0.1:22        10.0.0.9:51000 users:(("sshd",pid=900,fd=4))
      """
    #expect(Self.read(text).covers == [] && Self.read(text, isWhole: true).covers == .whole(.tcp))
    #expect(Self.read(text).format == .ss && Self.read(text).sightings.count == 2)
    let forced = Self.read(text, format: .netstat)
    #expect(forced.sightings.isEmpty && forced.unreadable == [2, 3])
  }

  @Test func `What is no socket is not read as one`() {
    let text = "23/tcp open telnet\n1372\nmirage:1372\n___ 23 [telnet] Telnet\n\nhello, world out there\n"
    let read = Self.read(text)
    #expect(read.sightings.isEmpty && read.unreadable == [1, 2, 3, 4, 6])
    #expect(read.format == nil)
  }

  @Test func `Tables of procfs by their header`() throws {
    let folder = Machine.root.appending(path: "Tests/Fixtures/proc_net_tcp")
    for proto in Proto.allCases {
      let text = try String(contentsOf: folder.appending(path: "all_states.\(proto.name)"), encoding: .utf8)
      let read = Self.read(String(text.dropLast()))
      #expect(read.covers == .whole(proto) && read.format == .procNet && read.unreadable.isEmpty)
      #expect(!read.sightings.isEmpty && read.sightings.allSatisfy { $0.row.proto == proto })
      let empty = try String(contentsOf: folder.appending(path: "header_only.\(proto.name)"), encoding: .utf8)
      #expect(Self.read(empty).covers == .whole(proto) && Self.read(empty).format == .procNet)
    }
  }

  @Test func `Any bytes at all`() {
    let seeds = [
      Self.netstat, "TCP mirage:1372 vnt4.webhosting.com:80 ESTABLISHED", "tcp ESTAB 0 0 a:1 b:2",
      "  0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000 0 1 1 0 100 0 0 10 0",
      "COMMAND PID USER FD TYPE DEVICE SIZE/OFF NODE NAME\nsshd 812 root 3u IPv4 1 0t0 TCP *:22 (LISTEN)",
    ]
    var random = SystemRandomNumberGenerator()
    for round in 0..<500 {
      var bytes = Array(seeds[round % seeds.count].utf8)
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      var reader = SightingReader(name: "tcp", services: .builtIn)
      var lines = 0
      for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
        lines += 1
        Array(line).withUnsafeBytes {
          _ = reader.read($0, .init(number: lines, isTerminated: lines % 2 == 0, isTooLong: lines % 7 == 0))
        }
      }
      #expect(lines > 0 && reader.covers.rawValue <= UInt8.max)
    }
  }
}

/// Files of lines.
struct EvidenceFileTests {
  private static func lines(
    _ bytes: [UInt8]
  ) throws -> (lines: [(count: Int, line: EvidenceFile.Line)], digest: [UInt8]) {
    let path = NSTemporaryDirectory() + UUID().uuidString
    try Data(bytes).write(to: URL(filePath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    var lines: [(Int, EvidenceFile.Line)] = []
    let digest = try EvidenceFile(path).lines { lines.append(($0.count, $1)) }
    return (lines, digest)
  }

  @Test func `Lines of any length, across pieces of the file`() throws {
    let long = EvidenceFile.longestLine
    for lengths in [[], [0], [3, 0, 5], [long, long + 1, 2], [300_000, 1, 262_143, 262_144, 7]] {
      let bytes = lengths.flatMap { [UInt8](repeating: 97, count: $0) + [10] }
      let read = try Self.lines(bytes).lines
      #expect(read.map(\.count) == lengths.map { min($0, long) })
      #expect(read.map(\.line.isTooLong) == lengths.map { $0 > long })
      #expect(read.map(\.line.number) == Array(1..<lengths.count + 1))
      #expect(read.allSatisfy { $0.line.isTerminated })
      let open = try Self.lines(bytes + [98]).lines
      #expect(open.count == read.count + 1 && open.last?.line.isTerminated == false)
    }
  }

  /// The published values of FNV-1a with 128 bits for these texts.
  @Test(
    arguments: [
      ("", "6c62272e07bb014262b821756295c58d"), ("a", "d228cb696f1a8caf78912b704e4a8964"),
      ("foobar", "343e1662793c64bf6f0d3597ba446f18"),
    ])
  func `The digest is FNV-1a`(_ text: String, _ expected: String) {
    var digest = Digest128()
    Array(text.utf8).withUnsafeBytes { digest.add($0) }
    let shown = digest.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    #expect(shown == expected)
  }
}
