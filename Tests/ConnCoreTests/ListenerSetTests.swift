// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

struct ListenerSetTests {
  /// Few enough of each that many ends differ in one thing only, or are there already.
  private static let addresses = [
    IPAddress.anyV4, .anyV6, IPAddress(v4: 0x7F00_0001), IPAddress(v4: 0x7F00_0002),
    IPAddress(high: 0, low: 1), IPAddress(high: 1 << 63, low: 7),
  ]

  @Test(arguments: [10, 100, 5000])
  func `Serves who listens, at the address or at any, and nobody else`(count: Int) {
    var listeners = ListenerSet()
    for _ in 0..<2 {
      #expect(listeners.isEmpty)
      var known: Set<SocketEnds> = []
      func ends(_ proto: Proto, _ local: Endpoint) -> SocketEnds {
        SocketEnds(proto: proto, local: local, remote: Endpoint(.anyV4, 0))
      }
      func any() -> (Proto, Endpoint) {
        (
          Proto.allCases.randomElement()!,
          Endpoint(Self.addresses.randomElement()!, UInt16.random(in: 0..<UInt16(count)))
        )
      }
      for _ in 0..<count {
        let (proto, local) = any()
        listeners.insert(proto, local)
        known.insert(ends(proto, local))
      }
      for _ in 0..<4 * count {
        let (proto, local) = any()
        let wildcard = proto.isV6 ? IPAddress.anyV6 : .anyV4
        let isServed =
          known.contains(ends(proto, local)) || known.contains(ends(proto, Endpoint(wildcard, local.port)))
          || (proto.isV6 && local.address.isV4 && known.contains(ends(proto, Endpoint(.anyV4, local.port))))
        #expect(listeners.serves(proto, local) == isServed, "\(proto) \(local)")
      }
      listeners.removeAll()
    }
  }
}
