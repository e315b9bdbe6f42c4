// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Foundation
import Testing

/// What the tools wrote of one scene: the same sockets, whichever tool was asked.
struct EvidenceFixtureTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fixtures/evidence")

  /// Every row of a fixture, and the numbers of the lines that could not be read.
  private func load(_ name: String) throws -> (
    rows: [EvidenceRow], unreadable: [Int], format: EvidenceFormat?
  ) {
    let text = EvidenceText([UInt8](try Data(contentsOf: Self.folder.appending(path: name))))
    var reader = EvidenceReader(services: .builtIn)
    var rows: [EvidenceRow] = []
    var unreadable: [Int] = []
    for (index, line) in text.lines.enumerated() {
      switch reader.read(line) {
      case .rows(let found): rows += found
      case .unreadable: unreadable.append(index + 1)
      case .amends, .context: break
      }
    }
    return (rows, unreadable, text.format(services: .builtIn))
  }

  /// Table, ends and state: what every tool tells.
  private func sockets(_ rows: [EvidenceRow]) -> Set<String> {
    Set(
      rows.map {
        "\($0.proto?.name ?? "?") \($0.local.address?.description ?? "?"):\($0.local.port ?? 0) "
          + "\($0.remote?.address?.description ?? "-"):\($0.remote?.port ?? 0) \($0.state?.name ?? "-")"
      })
  }

  @Test(arguments: [
    ("netstat-tulpna.txt", EvidenceFormat.netstat, 17, 1), ("netstat-anp.txt", .netstat, 17, 1),
    ("netstat-tunapeoW.txt", .netstat, 17, 0), ("netstat-tuaW.txt", .netstat, 17, 3),
    ("ss-tanpu.txt", .ss, 17, 0),
    ("ss-Htanpu.txt", .ss, 17, 0), ("ss-tuanpe.txt", .ss, 17, 0), ("ss-tua.txt", .ss, 17, 0),
    ("ss-a.txt", .ss, 17, 0),
    ("ss-uan.txt", .ss, 5, 0), ("ss-tani.txt", .ss, 12, 0), ("ss-tn-state-established.txt", .ss, 3, 0),
    ("lsof-i.txt", .lsof, 32, 0), ("lsof-nP-i.txt", .lsof, 32, 0), ("nmap.txt", .nmap, 9, 0),
    ("nmap-udp.txt", .nmap, 2, 0),
    ("nmap-grepable.txt", .nmap, 3, 0), ("nc-zv.txt", .portScan, 5, 0),
  ])
  func `Each line of each tool is read`(name: String, format: EvidenceFormat, rows: Int, unreadable: Int)
    throws
  {
    let found = try load(name)
    #expect(found.format == format)
    #expect(found.rows.count == rows - (unreadable == 1 ? 1 : 0))
    #expect(found.unreadable.count == (unreadable == 1 ? 1 : 0))
  }

  @Test
  func `netstat and ss tell the same sockets`() throws {
    let netstat = try load("netstat-tunapeoW.txt").rows
    let ss = try load("ss-tuanpe.txt").rows
    #expect(netstat.count == 17)
    #expect(sockets(netstat) == sockets(ss))
    let holders = { (rows: [EvidenceRow]) in
      Set(rows.map { "\($0.inode ?? 0) \($0.pid ?? 0) \($0.program ?? "-")" })
    }
    #expect(
      holders(netstat)
        == holders(
          ss.map { row in
            var row = row
            row.inode = row.inode ?? 0
            return row
          }))
    #expect(ss.allSatisfy { $0.state == .timeWait || $0.others == 1 })
    #expect(sockets(ss) == sockets(try load("ss-Htanpu.txt").rows))
  }

  @Test
  func `lsof tells those that a process holds`() throws {
    let lsof = try load("lsof-nP-i.txt").rows
    let ss = try load("ss-tuanpe.txt").rows.filter { $0.state != .timeWait }
    #expect(sockets(lsof) == sockets(ss))
    #expect(Set(lsof.map(\.inode)) == Set(ss.map(\.inode)))
  }

  @Test
  func `Names mean the ports they stand for`() throws {
    let ports = { (rows: [EvidenceRow]) in
      Set(
        rows.map {
          "\($0.proto?.name ?? "") \($0.local.port ?? 0) \($0.remote?.port ?? 0) \($0.state?.name ?? "")"
        })
    }
    #expect(ports(try load("ss-tua.txt").rows) == ports(try load("ss-tanpu.txt").rows))
    #expect(ports(try load("lsof-i.txt").rows) == ports(try load("lsof-nP-i.txt").rows))
    #expect(ports(try load("netstat-tuaW.txt").rows) == ports(try load("netstat-tunapeoW.txt").rows))
  }

  @Test
  func `An address that may be cut is not taken for another`() throws {
    let found = try load("netstat-tulpna.txt")
    #expect(!found.rows.contains { $0.remote?.port == 8443 })
    #expect(try load("netstat-tunapeoW.txt").rows.contains { $0.remote?.port == 8443 })
  }

  @Test
  func `A text of PowerShell is UTF-16`() throws {
    let text = "  Proto  Lokale Adresse\r\n  TCP    192.0.2.10:1372    192.0.2.7:80    ESTABLISHED\r\n"
    for order in [[UInt8(0xFF), 0xFE], [0xFE, 0xFF]] {
      let bytes = text.utf16.flatMap { unit in
        order[0] == 0xFF ? [UInt8(unit & 255), UInt8(unit >> 8)] : [UInt8(unit >> 8), UInt8(unit & 255)]
      }
      #expect(EvidenceText(order + bytes).lines == EvidenceText(Array(text.utf8)).lines)
    }
    #expect(EvidenceText([0xEF, 0xBB, 0xBF] + Array(text.utf8)).lines.count == 2)
    #expect(EvidenceText(Array(text.utf8)).format(services: .builtIn) == .windowsNetstat)
    #expect(EvidenceText([]).lines.isEmpty)
    #expect(EvidenceText(Array("no socket here\n".utf8)).format(services: .builtIn) == nil)
    #expect(
      EvidenceText(Array("  sl  local_address rem_address   st\n".utf8)).format(services: .builtIn)
        == .procNet)
  }
}
