// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

extension LifeTable {
  /// What a sample looks at of a socket: 80 bytes, in an order that leaves no holes.
  struct Slot {
    var local: Endpoint
    var proto: Proto
    var state: SocketState
    /// How often its owner was asked for without an answer; 2 where nothing is left to ask.
    var ownerLooks: UInt8
    var isLive: Bool
    var isTouched: Bool
    var remote: Endpoint
    /// How many whole tables in a row have lacked it.
    var missing: UInt8
    /// True where the inode is part of the key.
    var isKeyedByInode: Bool
    /// The sample that saw it last.
    var generation: UInt32
    /// The last inode that was not 0.
    var inode: UInt64
    var lastSeenBoot: Int64
    /// The kernel's number of the socket, 0 where it was not told.
    var cookie: UInt64
    /// The kernel's address of it, as long as a trace tells its states; else 0.
    var socket: UInt64 = 0

    /// Its ends, as a key.
    var ends: SocketEnds { SocketEnds(proto: proto, local: local, remote: remote) }

    /// The inode where it is part of the key, else 0.
    @inline(__always)
    var keyInode: UInt64 { isKeyedByInode ? inode : 0 }
  }

  /// How much of a life has been told: what is learnt later of its past is not told again.
  struct Told {
    /// How many of its events.
    var events: Int32 = 0
    /// Its end is among them, and nothing more is told after that.
    var end = false
    /// It is among the openings that were recorded.
    var isCounted = false
  }

  /// What is known of a socket's life beside what its slot holds; ``Life`` is both.
  struct Record {
    var id: Int64
    var firstSeen: Timestamp
    var firstSeenBoot: Int64
    var owner: SocketOwner
    var role: Life.Role
    var direction: Direction?
    var sources: Life.Sources
    var outcome: Life.Outcome?
    var firstState: SocketState
    var laterSteps: [Life.Step]
    var closedOffset: Int64?
    var rawUID: UInt32
    var uncertainty: Int64?
    /// What has been told of it.
    var told = Told()

    init(_ life: Life) {
      id = life.id
      firstSeen = life.firstSeen
      firstSeenBoot = life.firstSeenBoot
      owner = life.owner
      role = life.role
      direction = life.direction
      sources = life.sources
      outcome = life.outcome
      firstState = life.firstState
      laterSteps = life.laterSteps
      closedOffset = life.closedOffset
      rawUID = life.rawUID
      uncertainty = life.uncertainty
    }

    /// The whole life.
    func life(_ slot: Slot) -> Life {
      let row = SocketRow(
        proto: slot.proto, state: firstState, local: slot.local, remote: slot.remote, inode: slot.inode,
        rawUID: rawUID)
      var life = Life(
        id: id, row: row, role: role, direction: direction, firstSeen: firstSeen,
        firstSeenBoot: firstSeenBoot,
        uncertainty: uncertainty, sources: sources)
      life.owner = owner
      life.outcome = outcome
      life.cookie = slot.cookie
      life.laterSteps = laterSteps
      life.closedOffset = closedOffset
      life.lastSeenOffset = max(0, slot.lastSeenBoot - firstSeenBoot)
      return life
    }
  }
}
