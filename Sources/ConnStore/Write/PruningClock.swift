// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// The time by which old history is taken out: it follows the wall clock back at once, but ahead only when the clock has
/// stayed there for a day.
///
/// A clock that is ahead by a year for a moment would otherwise take everything with it. Until it is believed, time
/// goes on by CLOCK_BOOTTIME from where the clock was before.
struct PruningClock {
  /// Microseconds, also of time suspended.
  static let patience: Int64 = 86_400_000_000
  /// A step ahead that is believed at once, in microseconds: one that takes out nothing of account.
  static let tolerance: Int64 = 60_000_000

  /// The wall clock less CLOCK_BOOTTIME, as it is believed; nil before the first sample of a new database.
  private(set) var offset: Int64?
  /// The least that it has been ahead by, and since when by CLOCK_BOOTTIME.
  private var ahead: (offset: Int64, since: Int64)?
  /// The last sample of an earlier boot: how long the machine was off only the clock tells.
  private var earlier: Timestamp?

  /// Begins with what the samples of this boot's last day say, or with the last sample of an earlier boot.
  init(offset: Int64?, earlier: Timestamp?) {
    self.offset = offset.flatMap { Self.sane.contains($0) ? $0 : nil }
    guard self.offset == nil, let earlier, Self.sane.contains(earlier.microseconds) else { return }
    self.earlier = earlier
  }

  /// What a clock can say: a damaged file can have anything, and sums of it must be numbers too.
  private static let sane: ClosedRange<Int64> = -(1 << 60)...(1 << 60)

  /// The time that is believed, at a sample.
  mutating func now(wall: Timestamp, boot: Int64) -> Timestamp {
    if let earlier {
      offset = earlier.microseconds - boot
      self.earlier = nil
    }
    let seen = wall.microseconds - boot
    guard let believed = offset, seen > believed + Self.tolerance else {
      offset = seen
      ahead = nil
      return wall
    }
    guard let before = ahead else {
      ahead = (seen, boot)
      return Timestamp(microseconds: boot + believed)
    }
    ahead = (min(before.offset, seen), before.since)
    guard boot - before.since >= Self.patience else { return Timestamp(microseconds: boot + believed) }
    // It may have gone ahead once more in that time.
    offset = min(before.offset, seen)
    ahead = nil
    return now(wall: wall, boot: boot)
  }
}

extension Connection {
  /// What the samples of the last day of this boot say at the least of the wall clock less CLOCK_BOOTTIME.
  ///
  /// - Parameter boot: CLOCK_BOOTTIME of the last sample.
  func leastOffset(bootID: String, boot: Int64) throws(StoreError) -> Int64? {
    // A row of `sample` is of a minute, or of less where there was a gap.
    let least = try prepare(
      """
      SELECT min(s.last - s.boot) FROM sample s JOIN run r ON r.id = s.run
      WHERE r.boot_id = ? AND s.boot >= ? AND s.id > (SELECT max(id) FROM sample) - 10000
      """)
    least.bind(1, bootID)
    least.bind(2, boot - PruningClock.patience)
    return try least.step() ? least.optionalInteger(0) : nil
  }
}
