// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@Suite struct DirectionTests {
  struct Case: Sendable, CustomStringConvertible {
    var proto: Proto = .tcp
    var state: SocketState = .established
    var local: (UInt32, UInt16)
    var remote: (UInt32, UInt16)
    var listening: [(Proto, IPAddress, UInt16)] = []
    var sawOpening = false
    var expected: Direction?
    var description: String { "\(state.name) \(local) \(remote) saw opening: \(sawOpening)" }
  }

  static let here: UInt32 = 0x0A00_0002
  static let there: UInt32 = 0x0A00_0001
  static let loopback: UInt32 = 0x7F00_0001

  static let cases: [Case] = [
    Case(local: (here, 80), remote: (there, 50000), listening: [(.tcp, .anyV4, 80)], expected: .inbound),
    Case(
      local: (here, 80), remote: (there, 50000), listening: [(.tcp, IPAddress(v4: here), 80)],
      expected: .inbound),
    // Somebody listens on that port, but at another address.
    Case(
      local: (here, 80), remote: (there, 50000), listening: [(.tcp, IPAddress(v4: loopback), 80)],
      expected: nil),
    Case(local: (here, 40000), remote: (there, 443), expected: .outbound),
    Case(local: (here, 40000), remote: (there, 50000), expected: nil),
    Case(local: (here, 40000), remote: (there, 50000), sawOpening: true, expected: .outbound),
    Case(local: (here, 700), remote: (there, 2049), expected: nil),
    Case(local: (here, 700), remote: (there, 2049), sawOpening: true, expected: .outbound),
    Case(local: (here, 5000), remote: (there, 50000), sawOpening: true, expected: nil),
    Case(state: .synSent, local: (here, 5000), remote: (there, 50000), expected: .outbound),
    Case(state: .synReceived, local: (here, 5000), remote: (there, 50000), expected: .inbound),
    Case(state: .listen, local: (0, 80), remote: (0, 0), expected: nil),
    // Both ends are ours: the client end is known by the other's listener, also one of the other family.
    Case(
      local: (loopback, 40000), remote: (loopback, 50000), listening: [(.tcp, .anyV4, 50000)],
      expected: .outbound),
    Case(
      local: (loopback, 40000), remote: (loopback, 50000), listening: [(.tcp6, .anyV6, 50000)],
      expected: .outbound),
    Case(local: (loopback, 40000), remote: (loopback, 50000), sawOpening: true, expected: nil),
    Case(local: (here, 40000), remote: (here, 50000), sawOpening: true, expected: nil),
    Case(proto: .udp, local: (here, 40000), remote: (there, 50000), sawOpening: true, expected: nil),
    Case(proto: .udp, local: (here, 40000), remote: (there, 53), sawOpening: true, expected: .outbound),
    Case(
      proto: .udp, local: (here, 53), remote: (there, 50000), listening: [(.udp, .anyV4, 53)],
      expected: .inbound),
  ]

  @Test(arguments: cases) func table(_ one: Case) {
    var listeners = ListenerSet()
    for (proto, address, port) in one.listening { listeners.insert(proto, Endpoint(address, port)) }
    let row = SocketRow(
      proto: one.proto, state: one.state, local: Endpoint(IPAddress(v4: one.local.0), one.local.1),
      remote: Endpoint(IPAddress(v4: one.remote.0), one.remote.1))
    #expect(
      Direction.infer(row, listeners: listeners, ephemeral: EphemeralRange(), sawOpening: one.sawOpening)
        == one.expected)
  }

  @Test func dualStackListenerServesMappedPeers() {
    var listeners = ListenerSet()
    listeners.insert(.tcp6, Endpoint(.anyV6, 80))
    #expect(listeners.serves(.tcp6, Endpoint(IPAddress(v4: Self.here), 80)))
    #expect(!listeners.serves(.tcp, Endpoint(IPAddress(v4: Self.here), 80)))
    #expect(listeners.servesAnyFamily(.tcp, Endpoint(IPAddress(v4: Self.here), 80)))
    listeners.removeAll()
    #expect(listeners.isEmpty && !listeners.serves(.tcp6, Endpoint(.anyV6, 80)))
  }
}
