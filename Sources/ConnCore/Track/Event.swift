// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Something that happened to a socket between two snapshots.
public struct Event: Sendable {
  /// What happened.
  public enum Kind: String, CaseIterable, Hashable, Sendable {
    /// A socket was first seen.
    case opened
    /// It went into another state.
    case changed
    /// It entered TIME_WAIT or CLOSE, or is gone.
    case closed
    /// A listener was first seen.
    case listening
    /// A listener is gone.
    case unlistened
  }

  /// What happened.
  public var kind: Kind
  /// When it was noticed; off by at most the life's uncertainty.
  public var time: Timestamp
  /// The state before, nil at the opening.
  public var from: SocketState?
  /// The state after, nil where the socket is gone.
  public var to: SocketState?
  /// The life it happened to, as it was known after this snapshot.
  public var life: Life

  /// Makes an event.
  public init(_ kind: Kind, at time: Timestamp, from: SocketState?, to: SocketState?, life: Life) {
    self.kind = kind
    self.time = time
    self.from = from
    self.to = to
    self.life = life
  }
}

extension Life {
  /// The events of this life, oldest first: what a recorder that watched it would have printed.
  public var events: [Event] {
    let isListener = role == .listener
    var events = [
      Event(isListener ? .listening : .opened, at: firstSeen, from: nil, to: firstState, life: self)
    ]
    var previous = firstState
    var closedByState = false
    for step in laterSteps {
      // A step to CLOSE is the kernel's own word of the end.
      let ends = [.timeWait, .close].contains(step.state) && closedOffset == step.offset
      closedByState = closedByState || ends
      events.append(
        Event(
          ends ? .closed : .changed, at: firstSeen + step.offset, from: previous, to: step.state, life: self))
      previous = step.state
    }
    if let closed, !closedByState {
      events.append(
        Event(isListener ? .unlistened : .closed, at: closed, from: previous, to: nil, life: self))
    }
    return events
  }
}

/// A stretch of time in which not everything was seen.
public struct Gap: Hashable, Sendable {
  /// The last moment before it at which everything was seen.
  public var since: Timestamp
  /// The first moment after it.
  public var until: Timestamp
  /// Why, in a few words of a fixed set: `recorder stopped`, `/proc unreadable`, …
  public var cause: String
  /// How many samples are missing from it.
  public var samples: Int
  /// More for a person: the error, the amount.
  public var detail: String?

  /// Makes a gap.
  public init(since: Timestamp, until: Timestamp, cause: String, samples: Int, detail: String? = nil) {
    self.since = since
    self.until = until
    self.cause = cause
    self.samples = samples
    self.detail = detail
  }
}
