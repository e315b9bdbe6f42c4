// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// How many TCP connections a network namespace has opened since it was made: the line `Tcp:` of /proc/net/snmp
/// (RFC 4022).
public struct OpeningCounters: Hashable, Sendable {
  /// Connections begun from here, those that were refused among them: `ActiveOpens`.
  public var activeOpens: UInt64
  /// Connections taken by a listener: `PassiveOpens`.
  public var passiveOpens: UInt64
  /// Attempts from either side that came to nothing: `AttemptFails`.
  public var attemptFails: UInt64

  /// Makes a reading.
  public init(activeOpens: UInt64, passiveOpens: UInt64, attemptFails: UInt64) {
    self.activeOpens = activeOpens
    self.passiveOpens = passiveOpens
    self.attemptFails = attemptFails
  }
}

/// What the kernel counted of openings in a stretch of time, and how many of them were recorded.
///
/// Both ends of a connection within one namespace count, on either side.
public struct Coverage: Hashable, Sendable {
  /// The label of the network namespace, nil for that of the recorder.
  public var netns: String?
  /// Connections begun from here.
  public var activeOpens: Int64
  /// Connections taken by a listener.
  public var passiveOpens: Int64
  /// Attempts that came to nothing.
  public var attemptFails: Int64
  /// Openings that were recorded.
  public var recorded: Int64

  /// Makes a coverage; of nothing unless numbers are given.
  public init(
    netns: String? = nil, activeOpens: Int64 = 0, passiveOpens: Int64 = 0, attemptFails: Int64 = 0,
    recorded: Int64 = 0
  ) {
    self.netns = netns
    self.activeOpens = activeOpens
    self.passiveOpens = passiveOpens
    self.attemptFails = attemptFails
    self.recorded = recorded
  }

  /// Openings in all.
  public var openings: Int64 { activeOpens + passiveOpens }

  /// Adds the counts of another stretch, or of another namespace.
  public static func += (sum: inout Coverage, more: Coverage) {
    sum.activeOpens += more.activeOpens
    sum.passiveOpens += more.passiveOpens
    sum.attemptFails += more.attemptFails
    sum.recorded += more.recorded
  }
}

extension [Coverage] {
  /// Adds what was counted in a namespace to what was counted there before.
  public mutating func add(_ more: Coverage) {
    if let place = firstIndex(where: { $0.netns == more.netns }) {
      self[place] += more
    } else {
      append(more)
    }
  }
}
