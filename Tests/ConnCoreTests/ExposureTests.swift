// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@Suite struct ExposureTests {
  @Test(arguments: [
    ("0.0.0.0", Exposure.any), ("::", .any), ("8.8.8.8", .any), ("2001:db8::1", .any), ("172.32.0.1", .any),
    ("127.0.0.1", .loopback), ("127.0.0.53", .loopback), ("::1", .loopback), ("::ffff:127.0.0.1", .loopback),
    ("10.1.2.3", .lan), ("172.16.0.1", .lan), ("172.31.255.1", .lan), ("192.168.1.5", .lan),
    ("169.254.1.1", .lan), ("100.64.0.1", .lan), ("::ffff:192.168.1.5", .lan), ("fe80::1", .lan),
    ("fd00::1", .lan), ("fc12::1", .lan), ("febf::1", .lan), ("fec0::1", .any), ("::ffff:8.8.8.8", .any),
    ("224.0.0.251", .lan), ("239.255.255.250", .lan), ("224.0.1.1", .any), ("255.255.255.255", .lan),
    ("ff02::fb", .lan), ("ff05::2", .lan), ("ff0e::101", .any),
  ])
  func exposures(_ address: String, _ exposure: Exposure) throws {
    #expect(Exposure(try #require(IPAddress(address))) == exposure)
  }
}
