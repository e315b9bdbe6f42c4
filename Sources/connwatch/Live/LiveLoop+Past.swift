// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
import ProcNet

extension LiveLoop {
  /// Shows the table of a moment as somebody has typed it.
  func goTo(_ text: String) {
    attempt {
      let now = SystemClock().now().wall
      let moment = try global.time(text, now: now)
      guard moment <= now else { throw Failure("\(text): that is in the future") }
      try show(moment)
    }
  }

  /// Shows the table of a moment.
  func show(_ moment: Timestamp) throws {
    guard let past else {
      throw Failure(whyNoPast)
    }
    let found = try past.moment(at: moment)
    // What differs is marked from one moment to a later one. The other way round, what had not been opened yet would seem
    // to have closed.
    let goesOn = found.place.hasTable && state.past.map { $0.hasTable && $0.shown <= found.shown } ?? false
    var book = goesOn ? held ?? LiveBook() : LiveBook()
    book.policy = feed.read { book, _ in book.policy }
    book.show(found.lives, events: found.events, at: found.shown)
    if !goesOn { state.forgetPlaces(keepsLines: state.past != nil) }
    held = book
    state.isPaused = false
    state.past = found.place
  }

  /// Goes on from the moment that is shown, which is now where none is.
  func step(_ step: LivePast.Step) {
    attempt {
      guard let past else { return try show(Timestamp(microseconds: 0)) }
      let from = try state.past?.asked ?? (past.history.sampled()?.upperBound ?? SystemClock().now().wall)
      if state.past == nil, step == .sampleLater || step == .tenMinutesLater { return }
      guard let next = try past.step(from: from, by: step) else { return leavePast() }
      try show(next)
    }
  }

  /// Returns to now.
  func leavePast() {
    guard state.past != nil || state.isPaused else { return }
    state.past = nil
    state.isPaused = false
    held = nil
    state.forgetPlaces()
  }
}

extension LiveState {
  /// Places are those of another book from now on.
  ///
  /// - Parameter keepsLines: the cursor stays on its line, where the other book has it.
  mutating func forgetPlaces(keepsLines: Bool = false) {
    connections.invalidate()
    listeners.invalidate()
    services.invalidate()
    events.invalidate()
    for view in View.allCases {
      if keepsLines, view == .connections, case .life = cursors[view]?.line { continue }
      cursors[view]?.line = nil
    }
    frozenUntil = 0
  }
}
