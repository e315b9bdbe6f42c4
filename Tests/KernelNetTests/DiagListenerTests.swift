// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Glibc
import Testing

@testable import KernelNet

/// The ends of real sockets of this process.
@Suite(.enabled(if: (try? SocketEndListener()) != nil, "this kernel has no sock_diag, or it is forbidden"))
struct DiagListenerTests {
  /// Receives until `cookies` have all been heard, or nothing has come for five seconds.
  private func ends(_ listener: SocketEndListener, _ cookies: Set<UInt64>) -> [SocketEnd] {
    var ends: [SocketEnd] = []
    var missing = cookies
    while !missing.isEmpty {
      var waiting = pollfd(fd: listener.descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&waiting, 1, 5000) > 0 else { break }
      let before = ends.count
      let (received, overflowed) = listener.receive(into: &ends)
      #expect(!overflowed && received == ends.count - before)
      for end in ends[before...] { missing.remove(end.cookie) }
    }
    // Sockets of other programs end too.
    return ends.filter { cookies.contains($0.cookie) }
  }

  @Test("of a thousand connections that are over at once both ends are heard, each once")
  func thousand() throws {
    let listener = try SocketEndListener()
    let began = KernelClock.boot()
    let sockets = DiagSockets()
    let server = try sockets.listen()
    var local: [UInt64: UInt16] = [:]
    for _ in 0..<1000 {
      let pair = try sockets.pair(server)
      for socket in [pair.client, pair.server] {
        local[DiagSockets.cookie(socket)] = DiagSockets.port(socket)
      }
      sockets.end(pair.client)
      sockets.end(pair.server)
    }
    let heard = ends(listener, Set(local.keys))
    #expect(heard.count == 2000 && Set(heard.map(\.cookie)).count == 2000)
    for end in heard {
      #expect(end.proto == .tcp && end.local.port == local[end.cookie] && end.remote.port != 0)
      #expect(end.boot >= began && end.boot <= KernelClock.boot())
      #expect(end.traffic != nil)
    }
  }

  @Test("UDP ends too, and carries nothing that is known")
  func datagrams() throws {
    let listener = try SocketEndListener()
    let sockets = DiagSockets()
    var protos: [UInt64: Proto] = [:]
    for (family, proto) in [(AF_INET, Proto.udp), (AF_INET6, .udp6)] {
      protos[DiagSockets.cookie(try sockets.socket(family, SOCK_DGRAM))] = proto
    }
    for descriptor in sockets.descriptors { sockets.end(descriptor) }
    let heard = ends(listener, Set(protos.keys))
    #expect(heard.count == 2)
    for end in heard { #expect(end.proto == protos[end.cookie] && end.traffic == nil) }
  }

  @Test("where the kernel had no room it is said, and what ends later is heard again")
  func overflow() throws {
    // The least that the kernel gives: room for a message or two.
    let listener = try SocketEndListener(namespaceDescriptor: nil, wantedCapacity: 1)
    let sockets = DiagSockets()
    var ends: [SocketEnd] = []
    var overflowed = false
    // The kernel's worker sends the messages when it comes to it: where that is slow, they are read one by one.
    for _ in 0..<20 where !overflowed {
      for _ in 0..<50 { sockets.end(try sockets.socket(AF_INET, SOCK_DGRAM)) }
      usleep(50_000)
      while !overflowed {
        var waiting = pollfd(fd: listener.descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, 200) > 0 else { break }
        overflowed = listener.receive(into: &ends).overflowed
      }
    }
    // How many of them were heard all the same depends on when the others were read.
    #expect(overflowed)

    // The sockets of tests that run beside this one may take the room again.
    var isHeard = false
    for _ in 0..<100 where !isHeard {
      let last = try sockets.socket(AF_INET, SOCK_DGRAM)
      let cookie = DiagSockets.cookie(last)
      sockets.end(last)
      var waiting = pollfd(fd: listener.descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&waiting, 1, 5000) > 0 else { break }
      ends = []
      _ = listener.receive(into: &ends)
      isHeard = ends.contains { $0.cookie == cookie }
    }
    #expect(isHeard)
  }
}
