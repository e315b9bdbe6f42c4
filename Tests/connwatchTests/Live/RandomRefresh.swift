// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

@testable import connwatch

/// Numbers that look random and are the same each time (xorshift).
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}

/// Some sockets come, some change and some go.
struct RandomRefresh {
  var current: [Life] = []
  var finished: [Life] = []

  init(_ there: inout [Int64: Life], _ next: inout Int64, _ random: inout SeededRandom) {
    for id in there.keys.sorted() where Int.random(in: 0..<8, using: &random) == 0 {
      guard let life = there[id] else { continue }
      switch Int.random(in: 0..<4, using: &random) {
      case 0:
        finished.append(life.ended())
        there[id] = nil
      case 1:
        var owned = life
        owned.owner = Self.owner(&random)
        there[id] = owned
        current.append(owned)
      default:
        let changed = life.then(
          [.established, .closeWait, .finWait1].randomElement(using: &random) ?? .close)
        there[id] = changed
        current.append(changed)
      }
    }
    for _ in 0..<Int.random(in: 0..<8, using: &random) {
      let life = Self.life(next, &random)
      there[next] = life
      current.append(life)
      next += 1
    }
  }

  private static func owner(_ random: inout SeededRandom) -> SocketOwner {
    let number = Int32.random(in: 0..<7, using: &random)
    if number == 0 { return .notLookedUp }
    if number == 1 { return SocketOwner(unknown: .exited) }
    return LiveScene.owner("program\(number % 4)", number)
  }

  private static func life(_ id: Int64, _ random: inout SeededRandom) -> Life {
    let hosts = ["10.0.0.7", "192.0.2.1", "::1", "2001:db8::5", "2001:db8::\(id)", "0.0.0.0"]
    let host = hosts.randomElement(using: &random) ?? "::"
    let port: UInt16 = host == "0.0.0.0" ? 0 : [22, 443, 9999].randomElement(using: &random) ?? 0
    let local = LiveScene.end(["10.0.0.1", "::", "fe80::1"].randomElement(using: &random) ?? "::", 40000)
    return LiveScene.life(
      id, [.established, .timeWait, .synSent, .unknown(77)].randomElement(using: &random) ?? .close,
      proto: Proto.allCases.randomElement(using: &random) ?? .tcp, local: local,
      remote: LiveScene.end(host, port), role: port == 0 ? .bound : .connection,
      direction: [.inbound, .outbound, nil].randomElement(using: &random) ?? nil, owner: owner(&random),
      second: Int64.random(in: 0..<50, using: &random))
  }
}
