// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Attempts that came to nothing and have the verdict, the process and the remote service in common.
public struct BlockedUse: Sendable {
  /// Why.
  public var verdict: BlockedVerdict
  /// The other end.
  public var remote: IPAddress
  /// The service: a port of the other end's, of unanswered ones a local port.
  public var port: UInt16
  /// Whose attempts these were, of unanswered ones who would have been connected to; the latest.
  public var owner: SocketOwner
  /// The label of the network namespace, nil for that of the recorder.
  public var netns: String?
  /// How many: one connect(2) is one, however often the kernel sent its SYN.
  public var attempts: Int
  /// How many of them are going on.
  public var open: Int
  /// The longest that one of them was tried, in microseconds.
  public var longest: Int64
  /// When the first of them began.
  public var firstSeen: Timestamp
  /// When the last of them was last seen.
  public var lastSeen: Timestamp

  /// Which end is the service.
  public var direction: Direction { verdict == .unanswered ? .inbound : .outbound }
}

/// Groups attempts that came to nothing.
public struct BlockedTally: Sendable {
  private struct Key: Hashable {
    var verdict: BlockedVerdict
    var remote: IPAddress
    var port: UInt16
    /// The name alone: of a program that was gone at once its unit may not be known, or its path by another link.
    var name: String?
    var whyUnknown: SocketOwner.WhyUnknown?
    var netns: String?
  }

  private var groups: [Key: BlockedUse] = [:]

  /// Makes an empty one.
  public init() {}

  /// Adds a life, where it is an attempt with a verdict.
  public mutating func add(_ life: Life) {
    guard let verdict = life.blockedVerdict else { return }
    let port = verdict == .unanswered ? life.local.port : life.remote.port
    let key = Key(
      verdict: verdict, remote: life.remote.address, port: port, name: life.owner.process?.name,
      whyUnknown: life.owner.whyUnknown, netns: life.netns)
    var group =
      groups[key]
      ?? BlockedUse(
        verdict: verdict, remote: life.remote.address, port: port, owner: life.owner, netns: life.netns,
        attempts: 0, open: 0, longest: 0, firstSeen: life.firstSeen, lastSeen: life.lastSeen)
    group.attempts += 1
    if life.closedOffset == nil { group.open += 1 }
    group.longest = max(group.longest, life.triedFor)
    group.firstSeen = min(group.firstSeen, life.firstSeen)
    if life.lastSeen >= group.lastSeen { (group.lastSeen, group.owner) = (life.lastSeen, life.owner) }
    groups[key] = group
  }

  /// The groups, the one that was last seen last first.
  public var uses: [BlockedUse] {
    groups.values.sorted {
      ($1.lastSeen, $1.firstSeen, $0.port, $0.remote) < ($0.lastSeen, $0.firstSeen, $1.port, $1.remote)
    }
  }
}
