// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@Suite struct PortRiskTests {
  @Test(
    "What is cleartext is minded wherever it listens",
    arguments: [21, 23, 110, 143, 389, 512, 513, 514, 873, 5900, 6000, 6031, 6063] as [UInt16])
  func always(port: UInt16) {
    #expect(PortRisk.note(port: port, transport: .tcp, isLoopback: false) != nil)
    #expect(PortRisk.note(port: port, transport: .tcp, isLoopback: true) != nil)
  }

  @Test(
    "What is for this machine alone is minded where others can reach it",
    arguments: [111, 445, 2049, 2375, 3306, 5432, 6379, 9200, 11211, 27017] as [UInt16])
  func exposed(port: UInt16) {
    #expect(PortRisk.note(port: port, transport: .tcp, isLoopback: false) != nil)
    #expect(PortRisk.note(port: port, transport: .tcp, isLoopback: true) == nil)
  }

  @Test(
    "Neighbours of those ports are not minded", arguments: [20, 22, 24, 109, 5999, 6064, 443] as [UInt16])
  func nothing(port: UInt16) {
    for transport in [Transport.tcp, .udp] {
      #expect(PortRisk.note(port: port, transport: transport, isLoopback: false) == nil)
    }
  }

  @Test("A port of UDP is another one than that of TCP")
  func transports() {
    #expect(PortRisk.note(port: 69, transport: .udp, isLoopback: true)?.contains("TFTP") == true)
    #expect(PortRisk.note(port: 69, transport: .tcp, isLoopback: false) == nil)
    #expect(PortRisk.note(port: 23, transport: .udp, isLoopback: false) == nil)
    #expect(PortRisk.note(port: 514, transport: .tcp, isLoopback: false)?.contains("rsh") == true)
    #expect(PortRisk.note(port: 514, transport: .udp, isLoopback: false)?.contains("syslog") == true)
  }

  @Test("Each note fits a line of its own")
  func width() {
    for port in UInt16.min...UInt16.max {
      for transport in [Transport.tcp, .udp] {
        guard let note = PortRisk.note(port: port, transport: transport, isLoopback: false) else { continue }
        #expect(note.utf8.count <= 72 && note.utf8.allSatisfy { (32...126).contains($0) }, "\(port): \(note)")
        #expect(!note.hasSuffix("."))
      }
    }
  }
}
