// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Glibc
import Testing

@testable import KernelNet

/// What sock_diag says of sockets bound to `::`.
@Suite(.enabled(if: (try? SocketDiagReader()) != nil, "this kernel has no sock_diag, or it is forbidden"))
struct DiagV6OnlyTests {
  private func setV6Only(_ descriptor: Int32, _ isOnly: Bool) throws {
    var value: Int32 = isOnly ? 1 : 0
    #expect(setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &value, 4) == 0)
  }

  private func bound(_ type: __socket_type, _ isOnly: Bool, any: Bool = true) throws -> Int32 {
    let made = Glibc.socket(AF_INET6, Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    try #require(made >= 0)
    try setV6Only(made, isOnly)
    var address = sockaddr_in6()
    address.sin6_family = sa_family_t(AF_INET6)
    address.sin6_addr = any ? in6addr_any : in6addr_loopback
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(made, $0, 28) }
    }
    try #require(result == 0)
    if type == SOCK_STREAM { try #require(listen(made, 1) == 0) }
    return made
  }

  @Test("whether a listener takes IPv6 alone is told of every one bound to ::, and of no other")
  func tells() throws {
    let only = [try bound(SOCK_STREAM, true), try bound(SOCK_DGRAM, true)]
    let both = [try bound(SOCK_STREAM, false), try bound(SOCK_DGRAM, false)]
    let others = [try bound(SOCK_STREAM, true, any: false), try bound(SOCK_DGRAM, false, any: false)]
    defer { for descriptor in only + both + others { close(descriptor) } }
    let reader = try SocketDiagReader()
    // A second reading says nothing of what was told in the first.
    for states in [StateSet.all, [StateSet(.listen), StateSet(.unconnected)]] {
      let told = try reader.read(states: states).v6Only
      for descriptor in only { #expect(told[DiagSockets.inode(descriptor)] == true) }
      for descriptor in both { #expect(told[DiagSockets.inode(descriptor)] == false) }
      for descriptor in others { #expect(told[DiagSockets.inode(descriptor)] == nil) }
    }
    #expect(try reader.read(states: StateSet(.established)).v6Only.isEmpty)
    #expect(try reader.read([.init(.tcp), .init(.udp)]).v6Only.isEmpty)
  }
}
