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
      throw Failure("no history to go back in (connwatch record keeps one; --db names it)")
    }
    let found = try past.moment(at: moment)
    var book = state.past == nil ? LiveBook() : held ?? LiveBook()
    book.policy = feed.read { book, _ in book.policy }
    book.show(found.lives, events: found.events, at: found.shown)
    if state.past == nil { state.forgetPlaces() }
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
  mutating func forgetPlaces() {
    connections.invalidate()
    listeners.invalidate()
    services.invalidate()
    events.invalidate()
    for view in View.allCases { cursors[view]?.line = nil }
    frozenUntil = 0
  }
}
