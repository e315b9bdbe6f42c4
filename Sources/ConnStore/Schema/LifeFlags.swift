// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// The small facts of a life, packed into the column `flags`; ``Schema`` says which bits are which.
struct LifeFlags {
  var rawValue: Int64

  init(rawValue: Int64) { self.rawValue = rawValue }

  init(_ life: Life) {
    let why = life.owner.whyUnknown.flatMap { SocketOwner.WhyUnknown.allCases.firstIndex(of: $0) }
    rawValue =
      Int64(life.proto.rawValue) | Int64(life.direction?.rawValue ?? 0) << 2 | Int64(life.role.rawValue) << 4
      | Int64(why.map { $0 + 1 } ?? 0) << 6 | Self.bits(of: life.sources)
      | Int64(min(life.owner.others, 255)) << 13 | Int64(life.outcome?.rawValue ?? 0) << Self.outcomeShift
  }

  /// The lowest of the three bits that say how an attempt ended.
  static let outcomeShift: Int64 = 21

  /// Where the bits of sources are: the first four side by side, those that came later where there was room.
  static func bits(of sources: Life.Sources) -> Int64 {
    let bits = Int64(sources.rawValue)
    return (bits & 15) << 9 | (bits >> 4 & 1) << 24
  }

  var proto: Proto { Proto(rawValue: UInt8(rawValue & 3)) ?? .tcp }
  var direction: Direction? { Direction(rawValue: UInt8(rawValue >> 2 & 3)) }
  var role: Life.Role { Life.Role(rawValue: UInt8(rawValue >> 4 & 3)) ?? .connection }
  var sources: Life.Sources {
    Life.Sources(rawValue: UInt8(rawValue >> 9 & 15 | (rawValue >> 24 & 1) << 4))
  }
  var outcome: Life.Outcome? { Life.Outcome(rawValue: UInt8(rawValue >> Self.outcomeShift & 7)) }
  var others: Int { Int(rawValue >> 13 & 255) }

  var whyUnknown: SocketOwner.WhyUnknown? {
    let place = Int(rawValue >> 6 & 7) - 1
    return SocketOwner.WhyUnknown.allCases.indices.contains(place)
      ? SocketOwner.WhyUnknown.allCases[place] : nil
  }
}
