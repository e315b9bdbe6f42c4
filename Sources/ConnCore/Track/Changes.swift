// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

extension LifeTable {
  /// What a snapshot changed.
  ///
  /// A life is in it once however much happened to it: at the start of a recorder everything is new, and a hundred
  /// thousand events with a copy of their life each would be what most of its memory was for.
  public struct Changes: Sendable {
    /// Something that happened, and where its life is.
    public struct Note: Sendable {
      // In an order that leaves no holes: at the start of a recorder there is one a socket.
      /// When it was noticed.
      public var time: Timestamp
      /// The life's place in ``Changes/current``, or in ``Changes/finished``.
      public var place: Int
      /// What happened.
      public var kind: Event.Kind
      /// The state before, nil at the opening.
      public var from: SocketState?
      /// The state after, nil where the socket is gone.
      public var to: SocketState?
      /// Which of the two.
      public var isFinished: Bool
    }

    /// What happened, in the order of the rows, endings last.
    public var notes: [Note] = []
    /// Lives that are new or changed and whose socket is still there.
    public var current: [Life] = []
    /// Lives whose socket is gone.
    public var finished: [Life] = []

    /// Openings of TCP connections among them that the kernel's own counters count too.
    public var recorded = 0

    /// Makes an empty set of changes.
    public init() {}

    /// What happened, each with a copy of its life.
    public var events: [Event] {
      notes.map { note in
        Event(
          note.kind, at: note.time, from: note.from, to: note.to,
          life: note.isFinished ? finished[note.place] : current[note.place])
      }
    }

    /// The same changes without those of lives that are not kept.
    public func filter(_ isKept: (Life) -> Bool) -> Changes {
      var kept = Changes()
      kept.recorded = recorded
      var places = [[Int]](repeating: [], count: 2)
      for (which, lives) in [current, finished].enumerated() {
        places[which] = lives.map { life in
          guard isKept(life) else { return -1 }
          if which == 0 { kept.current.append(life) } else { kept.finished.append(life) }
          return (which == 0 ? kept.current.count : kept.finished.count) - 1
        }
      }
      kept.notes = notes.compactMap { note in
        var moved = note
        moved.place = places[note.isFinished ? 1 : 0][note.place]
        return moved.place < 0 ? nil : moved
      }
      return kept
    }
  }
}
