// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
import ProcNet

/// The history as the screen walks it: the table of any moment, what had happened by then, and the next moment to look at.
final class LivePast {
  /// The table of a moment, and what had happened by then.
  struct Moment {
    /// Which table it is, and why.
    var place: PastMoment
    /// Every socket's life as far as it had come, in the order of opening.
    var lives: [Life]
    /// What had happened, oldest first.
    var events: [Recorder.Happening]

    /// The moment that was asked for: steps are taken from here.
    var asked: Timestamp { place.asked }
    /// The moment whose table it is.
    var shown: Timestamp { place.shown }
    /// The stretch without samples that was asked for.
    var gap: Gap? {
      if case .gap(let gap) = place.why { return gap }
      return nil
    }
  }

  let history: HistoryReader
  /// Which of the recorded network namespaces are shown.
  let netns: NetworkNamespaces.Selection

  init(_ history: HistoryReader, netns: NetworkNamespaces.Selection = .own) {
    self.history = history
    self.netns = netns
  }

  /// The table of a moment.
  func moment(at asked: Timestamp) throws -> Moment {
    try history.snapshot { () throws in
      let place = try PastMoment(asked, in: history)
      guard place.hasTable else { return Moment(place: place, lives: [], events: []) }
      var found = PastLives.Found()
      var events = PastEvents(until: place.shown)
      try PastLives.each(at: place.shown, in: history, netns: netns) { life in
        found.add(life, at: place.shown)
        events.add(goingOn: life)
      }
      try events.look(into: history, netns: netns)
      return Moment(place: place, lives: found.lives(), events: events.happenings)
    }
  }
}
