// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ConnCore

@Suite struct PortTableTests {
  @Test func isSortedAndItsLinesAreFoundAgain() {
    var begun: UInt16 = 0
    var ends: [Transport: UInt16] = [:]
    var lines = 0
    PortTable.forEach { line in
      lines += 1
      #expect(begun <= line.ports.lowerBound, "\(line.ports)")
      begun = line.ports.lowerBound
      for transport in Transport.allCases where line.isAbout(transport) {
        // Lines of one transport never meet.
        #expect((ends[transport] ?? 0) < line.ports.lowerBound, "\(line.ports)/\(transport.name)")
        ends[transport] = line.ports.upperBound
        for port in line.ports {
          #expect(PortTable.line(port, transport)?.ports == line.ports, "\(port)/\(transport.name)")
          #expect(
            PortTable.line(port, transport).map { Array($0.words.map(Array.init)) }
              == Array(line.words.map(Array.init)))
        }
      }
      let names = line.words.map { String(decoding: $0, as: UTF8.self) }
      #expect(!names.isEmpty && Set(names).count == names.count, "\(line.ports) \(names)")
      #expect(names.joined().utf8.allSatisfy { $0 > 32 && $0 < 127 }, "\(line.ports)")
      if let text = line.description {
        #expect(text.utf8.allSatisfy { $0 >= 32 && $0 < 127 } && text.count <= 80, "\(line.ports)")
        #expect(text.last != "." && text.first != " " && text.last != " ", "\(line.ports)")
      }
    }
    #expect(lines >= 1200)
  }

  @Test func nothingElseIsFound() {
    var known: Set<UInt32> = []
    PortTable.forEach { line in
      for transport in Transport.allCases where line.isAbout(transport) {
        for port in line.ports { known.insert(UInt32(port) << 1 | UInt32(transport.rawValue)) }
      }
    }
    for port in UInt16.min...UInt16.max {
      for transport in Transport.allCases
      where !known.contains(UInt32(port) << 1 | UInt32(transport.rawValue)) {
        #expect(PortTable.line(port, transport) == nil, "\(port)/\(transport.name)")
      }
    }
  }

  @Test(
    arguments: [
      (UInt16(22), Transport.tcp, "ssh", "ssh"), (65, .tcp, "tacacs-ds", "tacacs-ds"),
      (65, .udp, "tacacs-ds", "tacacs-ds"), (79, .tcp, "finger", "finger"), (540, .tcp, "uucp", "uucp"),
      (6112, .tcp, "dtspcd", "dtspcd"), (7100, .tcp, "font-service", "font-service"),
      (512, .tcp, "exec", "exec"), (512, .udp, "comsat", "comsat"), (514, .udp, "syslog", "syslog"),
      (9090, .tcp, "prometheus", "websm"), (10250, .tcp, "kubelet", nil), (5903, .tcp, "vnc-1", nil),
      (6000, .tcp, "x11", "x11"), (6063, .tcp, "x11-display", "x11"), (6885, .udp, "bittorrent", nil),
      (8443, .tcp, "https-alt", "pcsync-https"), (143, .tcp, "imap2", "imap"), (1, .tcp, "tcpmux", "tcpmux"),
      (64738, .udp, "murmur", nil),
    ] as [(UInt16, Transport, String, String?)])
  func tellsWhatIsRegistered(port: UInt16, transport: Transport, name: String, registered: String?) throws {
    let known = try #require(ServiceNames.builtIn.known(port, transport))
    #expect(known.name == name)
    #expect(known.registeredName == registered)
    #expect(known.description != nil)
    #expect(known.description == ServiceNames.builtIn.description(port, transport))
    #expect(ServiceNames.builtIn.name(port, transport) == name)
    #expect(ServiceNames.builtIn.ports(named: name.uppercased()).contains { $0 == (port, transport) })
  }

  @Test(arguments: [(UInt16(22), Transport.udp), (0, .tcp), (65535, .udp), (6890, .tcp), (4, .tcp)])
  func tellsNothingOfOthers(port: UInt16, transport: Transport) {
    let names = ServiceNames.builtIn
    #expect(names.known(port, transport) == nil)
    #expect(names.description(port, transport) == nil)
  }

  @Test func aPortOfTheFileHasBothNames() throws {
    let names = ServiceNames(file: Array("websm 9090/tcp cockpit\nlocal-thing 12345/udp lt\n".utf8))
    let known = try #require(names.known(9090, .tcp))
    #expect(known.name == "websm")
    #expect(known.aliases == ["cockpit", "prometheus"])
    #expect(known.registeredName == "websm")
    let local = try #require(names.known(12345, .udp))
    #expect(local.aliases == ["lt"])
    #expect(local.registeredName == nil && local.description == nil)
  }

  @Test func everyKnownPortOnce() {
    let names = ServiceNames(file: Array("local-thing 12345/udp\nssh 22/tcp\n".utf8))
    let ports = names.knownPorts
    #expect(ports.count > 1900)
    #expect(
      zip(ports, ports.dropFirst()).allSatisfy { left, right in
        (left.port, left.transport.rawValue) < (right.port, right.transport.rawValue)
      })
    #expect(ports.contains { $0.port == 12345 && $0.name == "local-thing" })
    #expect(ports.allSatisfy { $0.name == names.name($0.port, $0.transport) })
    var count = 0
    names.forEachPort { port, transport, name in
      count += 1
      #expect(name == names.name(port, transport), "\(port)")
    }
    #expect(count == ports.count)
  }

  @Test func aNameThatTheFileGivesToAnotherPortIsNotOurs() {
    let names = ServiceNames(file: Array("domain 5300/tcp\n".utf8))
    #expect(names.name(53, .tcp) == "dns")
    #expect(names.name(53, .udp) == "domain")
    #expect(names.known(53, .tcp)?.registeredName == "domain")
  }
}
