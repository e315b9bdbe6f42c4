// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// What the kernel told of its own accord between two samples.
public struct Heard: Sendable {
  /// What was traced, in the order of time.
  public var events: [TraceEvent] = []
  /// Sockets that ended, in the order in which the messages came.
  public var ends: [SocketEnd] = []
  /// The trace is on: every state of every TCP socket is in ``events``, unless ``lostEvents``.
  public var isTraced = false
  /// Messages of ends are listened for: every end is in ``ends``, unless ``lostEnds``.
  public var hearsEnds = false
  /// Some traced events were lost.
  public var lostEvents = false
  /// Some messages of ends were lost.
  public var lostEnds = false
  /// Nothing more will be heard: what waits for another word is finished without it.
  public var isLast = false

  /// Makes what was heard where nobody listens: nothing.
  public init() {}

  /// How many events or ends are kept.
  public static let most = 1_000_000

  /// Appends what was heard later.
  ///
  /// What would be more than ``most`` is given up, as if it had been lost.
  public mutating func add(_ later: Heard) {
    events += later.events
    ends += later.ends
    if events.count > Self.most {
      events.removeAll()
      lostEvents = true
    }
    if ends.count > Self.most {
      ends.removeAll()
      lostEnds = true
    }
    isTraced = later.isTraced
    hearsEnds = later.hearsEnds
    lostEvents = lostEvents || later.lostEvents
    lostEnds = lostEnds || later.lostEnds
    isLast = later.isLast
  }
}
