// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Foundation
import ProcNet
import Testing

@testable import KernelNet

/// The trace of the kernel that the tests run on. One after the other: instances are the whole machine's. Under a
/// sanitizer, beside all other tests, one of these has taken more than five minutes.
@Suite(.serialized, .needsTrace, .timeLimit(.minutes(20)))
struct TraceInstanceTests {
  @Test func everyStepOfAConnectionIsToldInOrder() throws {
    let trace = try TraceInstance(bufferKilobytes: 256)
    let child = try TraceMachine.start(
      """
      import socket, sys
      l = socket.socket(); l.bind(("127.0.0.1", 0)); l.listen()
      c = socket.socket(); c.connect(l.getsockname()); s, _ = l.accept()
      print(l.getsockname()[1], c.getsockname()[1]); input()
      c.close(); s.recv(1); s.close(); l.close(); print("closed"); sys.stdin.read()
      """)
    let ports = child.line().split(separator: " ").compactMap { UInt16($0) }
    try #require(ports.count == 2)
    child.say("")
    #expect(child.line() == "closed")
    var events: [TraceEvent] = []
    // The FIN's acknowledgement may be late by 40 ms, and the last millisecond is held back.
    while !Self.states(events, from: ports[1], to: ports[0]).contains(.close)
      || !Self.states(events, from: ports[0], to: 0).contains(.close)
    {
      events += try trace.read().events
    }
    child.end()
    #expect(
      Self.states(events, from: ports[1], to: ports[0]) == [.established, .finWait1, .finWait2, .close])
    let opening = try #require(
      Self.changes(events).first { $0.from == .close && $0.to == .synSent && $0.remote.port == ports[0] })
    #expect(opening.thread == child.pid)
    #expect(opening.local.port == 0)
    #expect(opening.local.address == IPAddress(v4: 0x7F00_0001))
    let server = Self.changes(events).filter { $0.local.port == ports[0] && $0.remote.port == ports[1] }
    #expect(server.map(\.to) == [.synReceived, .established, .closeWait, .lastAck, .close])
    #expect(server.prefix(3).allSatisfy { $0.thread == 0 })
    #expect(Set(server.map(\.socket)).count == 1)
    let listener = Self.changes(events).filter { $0.local.port == ports[0] && $0.remote.port == 0 }
    #expect(listener.map(\.to) == [.listen, .close])
    #expect(zip(events, events.dropFirst()).allSatisfy { $0.boot <= $1.boot })
  }

  static func changes(_ events: [TraceEvent]) -> [StateChange] {
    events.compactMap { if case .state(let change) = $0.kind { change } else { nil } }
  }

  static func states(_ events: [TraceEvent], from local: UInt16, to remote: UInt16) -> [SocketState] {
    changes(events).filter { $0.local.port == local && $0.remote.port == remote }.map(\.to)
  }
}
