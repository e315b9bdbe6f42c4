// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// A socket's whole life as far as it was seen: opened, its states in order, closed.
///
/// Moments after the opening are offsets on CLOCK_BOOTTIME, so a step of the wall clock can make no duration
/// negative.
public struct Life: Sendable {
  /// What kind of socket this is.
  public enum Role: UInt8, Hashable, Sendable {
    /// It has two ends.
    case connection
    /// TCP in LISTEN, or UDP bound outside the ephemeral range.
    case listener
    /// UDP bound to an ephemeral port, with no remote end.
    case bound
  }

  /// What showed it to us; a set, since several sources can see one life.
  public struct Sources: OptionSet, Hashable, Sendable {
    /// The bits, as stored.
    public let rawValue: UInt8
    /// Makes a set of its bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// A row of /proc/net.
    public static let proc = Sources(rawValue: 1)
    /// A row of a sock_diag dump.
    public static let netlink = Sources(rawValue: 2)
    /// The message of its end.
    public static let end = Sources(rawValue: 4)
    /// The trace of its states.
    public static let trace = Sources(rawValue: 8)
    /// A saved table that was imported.
    public static let imported = Sources(rawValue: 16)

    /// Every single source with its name, as in JSON and in the views.
    public static let named: [(source: Sources, name: String)] = [
      (.proc, "proc"), (.netlink, "netlink"), (.end, "end"), (.trace, "trace"),
      (.imported, "import"),
    ]

    /// The names joined with `+`: `netlink+trace`.
    public var name: String {
      Self.named.filter { contains($0.source) }.map(\.name).joined(separator: "+")
    }
  }

  /// A state and when it was first seen.
  public struct Step: Hashable, Sendable {
    /// The state entered.
    public var state: SocketState
    /// Microseconds after the opening at which it was first seen; 0 for the first.
    public var offset: Int64
    /// Makes a step.
    public init(_ state: SocketState, at offset: Int64) {
      self.state = state
      self.offset = offset
    }
  }

  // In an order that leaves few holes: a batch has one for each socket that changed, and the first has them all.

  /// The number of the life in its database, in opening order; never used twice.
  public var id: Int64
  /// The local end.
  public var local: Endpoint
  /// The table the socket is in.
  public var proto: Proto
  /// What kind of socket this is.
  public var role: Role
  /// Which end is the service, nil rather than a guess.
  public var direction: Direction?
  /// How an attempt ended that never became a connection; nil where nobody told it.
  public var outcome: Outcome?
  /// The state at first sight.
  public var firstState: SocketState
  /// The remote end.
  public var remote: Endpoint
  /// What showed it to us.
  public var sources: Sources
  /// What was said of it when it began to listen; nil where nobody judged, and for what is no listener.
  public var verdict: ListenerVerdict?
  /// The user id, ``SocketRow/noUID`` where never seen.
  public var rawUID: UInt32
  /// The last inode that was not 0.
  public var inode: UInt64
  /// The kernel's number of the socket, 0 where it was not told.
  public var cookie: UInt64 = 0
  /// Who holds it, or held it last.
  public var owner: SocketOwner
  /// Wall-clock time of the first sight.
  public var firstSeen: Timestamp
  /// CLOCK_BOOTTIME of the first sight, in microseconds; means nothing after a reboot.
  public var firstSeenBoot: Int64
  /// The states after the first, oldest first.
  public var laterSteps: [Step]
  /// Offset of the last sight in any state, TIME_WAIT included.
  public var lastSeenOffset: Int64
  /// Offset of the end: entering TIME_WAIT, or found missing. nil while open.
  public var closedOffset: Int64?
  /// How far the times can be off because of sampling, in microseconds; nil for what was open before we began.
  public var uncertainty: Int64?
  /// What it carried in all, told at its end; nil where nobody told it.
  public var traffic: Traffic?
  /// The label of its network namespace, nil for that of the recorder.
  public var netns: String?
  /// Where it comes from when it was imported; nil for what was recorded here.
  public var origin: LifeOrigin?

  /// Makes a life at its first sight, in one state.
  public init(
    id: Int64, row: SocketRow, role: Role, direction: Direction?, firstSeen: Timestamp, firstSeenBoot: Int64,
    uncertainty: Int64?, sources: Sources
  ) {
    self.id = id
    proto = row.proto
    local = row.local
    remote = row.remote
    self.role = role
    self.direction = direction
    inode = row.inode
    rawUID = row.rawUID
    owner = .notLookedUp
    self.sources = sources
    self.firstSeen = firstSeen
    self.firstSeenBoot = firstSeenBoot
    firstState = row.state
    laterSteps = []
    lastSeenOffset = 0
    closedOffset = nil
    self.uncertainty = uncertainty
  }

  /// The latest state.
  public var state: SocketState { laterSteps.last?.state ?? firstState }
  /// Every state with its offset, oldest first; never empty.
  public var steps: [Step] { [Step(firstState, at: 0)] + laterSteps }
  /// When it was last seen, TIME_WAIT included.
  public var lastSeen: Timestamp { firstSeen + lastSeenOffset }
  /// When it ended, nil while open.
  public var closed: Timestamp? { closedOffset.map { firstSeen + $0 } }
  /// The user id, nil where never seen.
  public var uid: UInt32? { rawUID == SocketRow.noUID ? nil : rawUID }
}
