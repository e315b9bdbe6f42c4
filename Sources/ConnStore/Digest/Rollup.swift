// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Sums over a range of lives with neighbouring numbers, by profile: what `services` adds up instead of their rows,
/// and what tells at once that nothing in the range fits a filter.
///
/// A row of the table `rollup`. Those of level 0 are made of the lives' rows, those above of ``fanOut`` below each.
/// They hold all lives that have a row when they are made, also those that go on then.
struct Rollup {
  /// What is known of the lives of one profile.
  struct Sum {
    var connections = 0
    /// When the first was opened, and the last was seen; in microseconds since the epoch.
    var first = Int64.max
    var last = Int64.min
    /// The local ports, where those are the clients': the others are in the profile.
    var ports = PortSet()
  }

  /// Lives in a rollup of level 0.
  static let span: Int64 = 8 * Digest.span
  /// How many of one level make one of the next.
  static let fanOut: Int64 = 16
  /// 32,768 × 16⁶ lives are more than anybody has.
  static let levels = 0...6

  /// The most profiles of a rollup above level 0, and the most bytes of the sums that are joined in it. Where each life
  /// is of another host, nothing is gained by counting them again in every level, and the recorder's memory is small.
  static let mostProfiles = 32_768
  static let mostBytes = 16_777_216

  static func span(level: Int) -> Int64 { span << Int64(4 * level) }

  /// The key of a row: its level, and its number among those of its level.
  static func id(level: Int, block: Int64) -> Int64 { Int64(level) << 48 | block }

  /// Takes a key apart.
  static func place(of id: Int64) -> (level: Int, block: Int64) { (Int(id >> 48), id & (1 << 48 - 1)) }

  private(set) var places: [Profile: Int] = [:]
  private(set) var profiles: [Profile] = []
  private(set) var sums: [Sum] = []
  /// When the first life was opened and the last one, in microseconds since the epoch.
  private(set) var openedFirst = Int64.max
  private(set) var openedLast = Int64.min

  mutating func insert(_ profile: Profile, client: UInt16, opened: Int64, last: Int64) {
    let place = place(of: profile)
    sums[place].connections += 1
    sums[place].first = min(sums[place].first, opened)
    sums[place].last = max(sums[place].last, last)
    if !profile.isServiceLocal { sums[place].ports.insert(client) }
    openedFirst = min(openedFirst, opened)
    openedLast = max(openedLast, opened)
  }

  private mutating func place(of profile: Profile) -> Int {
    if let known = places[profile] { return known }
    places[profile] = sums.count
    profiles.append(profile)
    sums.append(Sum())
    return sums.count - 1
  }

  /// Adds all of another; false where it is damaged.
  mutating func insert(
    profiles packed: UnsafeRawBufferPointer, sums packedSums: UnsafeRawBufferPointer,
    opened: ClosedRange<Int64>
  ) -> Bool {
    var others: [Profile] = []
    guard Profile.unpack(packed, into: &others) else { return false }
    openedFirst = min(openedFirst, opened.lowerBound)
    openedLast = max(openedLast, opened.upperBound)
    var reader = PackedReader(packedSums)
    for profile in others {
      guard let head = SumHead(&reader, from: opened.lowerBound) else { return false }
      let place = place(of: profile)
      sums[place].connections &+= head.connections
      sums[place].first = min(sums[place].first, head.first)
      sums[place].last = max(sums[place].last, head.last)
      if !profile.isServiceLocal, !sums[place].ports.insert(packed: &reader) { return false }
    }
    return reader.isAtEnd
  }

  // MARK: - Columns

  /// The column `profiles`.
  var profileBytes: [UInt8] { Profile.pack(profiles) }

  /// The column `sums`, in the order of the profiles.
  var sumBytes: [UInt8] {
    var bytes = PackedBytes()
    for (profile, sum) in zip(profiles, sums) {
      bytes.append(number: UInt64(sum.connections))
      bytes.append(number: UInt64(bitPattern: sum.first &- openedFirst))
      bytes.append(number: UInt64(bitPattern: sum.last &- sum.first))
      if !profile.isServiceLocal { sum.ports.write(to: &bytes) }
    }
    return bytes.bytes
  }

  /// What is before the ports in the column `sums`.
  struct SumHead {
    var connections: Int
    var first: Int64
    var last: Int64

    /// - Parameter start: `openedFirst` of the rollup.
    init?(_ reader: inout PackedReader, from start: Int64) {
      guard let connections = reader.number(), let first = reader.number(), let length = reader.number(),
        connections <= UInt64(Rollup.span(level: Rollup.levels.upperBound))
      else { return nil }
      self.connections = Int(connections)
      self.first = Statement.bounded(start &+ Int64(bitPattern: first))
      last = Statement.bounded(self.first &+ Int64(bitPattern: length))
    }
  }
}
