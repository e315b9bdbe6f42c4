// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// A TCP socket as the trace has told it so far, by the kernel's address of it.
struct Traced {
  var proto: Proto
  var local: Endpoint
  var remote: Endpoint
  /// The state at the first event, and when that was, on CLOCK_BOOTTIME.
  var firstState: SocketState
  var openedBoot: Int64
  /// The states after it, at offsets from `openedBoot`.
  var steps: [Life.Step] = []
  /// The opening itself was not traced: the socket was there before.
  var isPartial: Bool
  var direction: Direction?
  var owner: SocketOwner
  /// The inode of the opener's network namespace, 0 where nobody told it.
  var namespace: UInt64
  var wasReset = false
  /// How it ended, where that was before it was established.
  var outcome: Life.Outcome?
  var closedBoot: Int64?
  /// The slot of its life, -1 as long as no row and no message has shown that the socket is of our namespace.
  var slot = -1
  /// When that life began, on CLOCK_BOOTTIME: slots and addresses are used again, a life's beginning is not.
  var lifeOpened: Int64 = 0
  /// Its life was finished without the message of its end; nothing is left to tell.
  var isTold = false
  /// The kernel's address of it, and its number; known once it is destroyed.
  var socket: UInt64 = 0
  var cookie: UInt64 = 0
  /// The pass that destroyed it.
  var destroyedAt: UInt32 = 0

  var state: SocketState { steps.last?.state ?? firstState }

  init(_ change: StateChange, boot: Int64, isPartial: Bool) {
    proto = change.proto
    local = change.local
    remote = change.remote
    firstState = isPartial ? change.from : change.to
    openedBoot = boot
    self.isPartial = isPartial
    owner = change.owner
    namespace = change.namespace
    switch firstState {
    case .synSent: direction = .outbound
    case .synReceived: direction = .inbound
    default: direction = nil
    }
  }

  /// Longest time between the two steps of a connect that fails before anything is sent, in microseconds.
  private static let failsWithin: Int64 = 10_000

  /// Takes the next step.
  ///
  /// - Returns: the state it is in now; nil for a connect that failed at once, such as for want of a port: nothing was
  ///   sent, the kernel does not count it, and the ends it shows may be another connection's.
  mutating func move(_ change: StateChange, _ boot: Int64) -> SocketState? {
    if change.to == .close && state == .synSent && !wasReset && change.thread != 0 && slot < 0
      && outcome == nil
      && change.local.port == local.port && boot - openedBoot < Self.failsWithin
    {
      return nil
    }
    // The port that a connecting socket begins with is none, or the one it had before.
    if change.local.port != 0 { local = change.local }
    if change.remote.port != 0 { remote = change.remote }
    var next = change.to
    if next == .close {
      closedBoot = boot
      if change.from == .synSent, outcome == nil {
        outcome = wasReset ? .refused : change.thread != 0 ? .abandoned : nil
      }
      // TIME_WAIT is not traced: what leaves these states without a reset goes into it, or is an orphan that will.
      if (change.from == .finWait2 || change.from == .closing) && !wasReset { next = .timeWait }
    }
    steps.append(Life.Step(next, at: max(0, boot - openedBoot)))
    return next
  }

  /// Both ends are known.
  var hasEnds: Bool {
    // The port before the first answer is not to be trusted: see `move`.
    state != .synSent && local.port != 0 && (remote.port != 0 || firstState == .listen)
  }

  /// True where a row that was first seen at this moment, in this state, with the same ends, was of this socket.
  func covers(_ boot: Int64, _ state: SocketState) -> Bool {
    let isShort = self.state == .timeWait && (state == .timeWait || state == .finWait2)
    let isAfterOpening = isPartial || boot >= openedBoot - 1000 || state == .synReceived
    return isAfterOpening && (isShort || boot <= closedBoot ?? .max)
  }

  var ends: SocketEnds { SocketEnds(proto: proto, local: local, remote: remote) }
}
