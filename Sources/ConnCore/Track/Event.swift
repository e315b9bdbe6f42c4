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
    var events: [Event] = []
    eachEvent { kind, time, from, to in events.append(Event(kind, at: time, from: from, to: to, life: self)) }
    return events
  }

  /// How many ``events`` there are.
  public var eventCount: Int {
    var count = 0
    eachEvent { _, _, _, _ in count += 1 }
    return count
  }

  /// Hands over what is in ``events``, without a copy of the life for each.
  func eachEvent(_ body: (Event.Kind, Timestamp, _ from: SocketState?, _ to: SocketState?) -> Void) {
    let isListener = role == .listener
    body(isListener ? .listening : .opened, firstSeen, nil, firstState)
    var previous = firstState
    var closedByState = false
    for step in laterSteps {
      let ends = (step.state == .timeWait || step.state == .close) && closedOffset == step.offset
      closedByState = closedByState || ends
      body(
        !ends ? .changed : isListener ? .unlistened : .closed, firstSeen + step.offset, previous, step.state)
      previous = step.state
    }
    if let closed, !closedByState { body(isListener ? .unlistened : .closed, closed, previous, nil) }
  }
}
