// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import ProcNet

/// The small files: the ports for clients and the identity of the boot.
struct SmallFileTests {
  @Test(
    "the range of ports for clients",
    arguments: [
      ("32768\t60999\n", UInt16(32768)...UInt16(60999)), ("1024 65535", 1024...65535),
      ("5000\t5000\n", 5000...5000),
    ])
  func range(text: String, expected: ClosedRange<UInt16>) throws {
    let proc = try TemporaryProc(["sys/net/ipv4/ip_local_port_range": Array(text.utf8)])
    #expect(EphemeralRange(reading: proc.root).ports == expected)
  }

  @Test(
    "a range that makes no sense is the kernel's default",
    arguments: ["", "\n", "1", "60999\t32768\n", "1 2 3", "a b", "1 65536", "-1 5", "1024:65535"])
  func badRange(text: String) throws {
    let proc = try TemporaryProc(["sys/net/ipv4/ip_local_port_range": Array(text.utf8)])
    #expect(EphemeralRange(reading: proc.root) == EphemeralRange())
    #expect(EphemeralRange(reading: ProcRoot("\(proc.root.path)/nowhere")) == EphemeralRange())
  }

  @Test("the identity of the boot")
  func boot() throws {
    let uuid = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
    let proc = try TemporaryProc(["sys/kernel/random/boot_id": Array("\(uuid)\n".utf8)])
    #expect(BootID(reading: proc.root)?.description == uuid)
    #expect(BootID(uuid.uppercased()) == BootID(uuid))
    #expect(BootID(reading: ProcRoot("\(proc.root.path)/nowhere")) == nil)
  }

  @Test(
    "what is no UUID is no identity",
    arguments: [
      "", "f81d4fae", "f81d4fae-7dec-11d0-a765-00a0c91e6bfg", "f81d4fae07dec-11d0-a765-00a0c91e6bf6",
    ])
  func badBoot(text: String) {
    #expect(BootID(text) == nil)
  }
}
