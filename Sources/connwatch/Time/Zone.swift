// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

@preconcurrency import Glibc

/// A time zone: how far its clocks are ahead of UTC at any moment.
struct Zone: Sendable {
  /// True for the zone of `--utc`, whose times end in `Z`.
  let isUTC: Bool
  private let ahead: @Sendable (Int64) -> Int

  /// A zone whose clocks are `ahead` seconds ahead of UTC at a moment, given in seconds since the epoch.
  init(ahead: @escaping @Sendable (Int64) -> Int) {
    isUTC = false
    self.ahead = ahead
  }

  private init() {
    isUTC = true
    ahead = { _ in 0 }
  }

  /// UTC, said so in every time.
  static let utc = Zone()

  /// The zone of this machine or of `$TZ`, localtime_r(3).
  static let local = Zone { moment in
    var seconds = time_t(moment)
    var broken = tm()
    return localtime_r(&seconds, &broken) == nil ? 0 : broken.tm_gmtoff
  }

  /// Seconds that clocks are ahead of UTC at a moment, given in seconds since the epoch.
  func offset(at moment: Int64) -> Int { ahead(moment) }

  /// What the clocks show at a moment.
  func civil(at moment: Int64) -> CivilTime { CivilTime(seconds: moment + Int64(offset(at: moment))) }

  /// The moment at which the clocks show `civil`.
  ///
  /// A time that is shown twice, when clocks go back, is the first of the two; one that is never shown, when
  /// they go forward, is as much later as they skip: 02:30 becomes 03:30.
  func moment(of civil: CivilTime) -> Int64 {
    let shown = civil.seconds
    // No zone changes twice in two days, so these are the offsets on both sides of any change near.
    let before = shown - Int64(offset(at: shown - 86_400))
    let after = shown - Int64(offset(at: shown + 86_400))
    for moment in [min(before, after), max(before, after)] where moment + Int64(offset(at: moment)) == shown {
      return moment
    }
    return before
  }
}
