// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
@preconcurrency import Glibc
import ProcNet

/// Connects the keys, the samples and the screen, until somebody quits.
final class LiveLoop {
  let feed: LiveFeed
  private let screen: TerminalScreen
  private let events: ScreenEvents
  let surroundings: LiveSurroundings
  let global: GlobalOptions
  var state: LiveState
  /// What is shown in place of what there is: while it is paused, or of the past.
  var held: LiveBook?
  private let resolver = NameResolver()
  let past: LivePast?
  /// Why there is no past to go back to, where there is none.
  let whyNoPast: String
  let ephemeral: EphemeralRange
  private let mayChangeInterval: Bool

  init(
    _ feed: LiveFeed, _ screen: TerminalScreen, _ events: ScreenEvents, _ state: LiveState,
    _ surroundings: LiveSurroundings, _ global: GlobalOptions, past: LivePast?, whyNoPast: String,
    ephemeral: EphemeralRange,
    mayChangeInterval: Bool
  ) {
    self.feed = feed
    self.screen = screen
    self.events = events
    self.state = state
    self.surroundings = surroundings
    self.global = global
    self.past = past
    self.whyNoPast = whyNoPast
    self.ephemeral = ephemeral
    self.mayChangeInterval = mayChangeInterval
  }

  /// Shows until somebody quits, or the terminal is gone.
  func run(at moment: Timestamp?) throws {
    if let moment { attempt { try show(moment) } }
    try draw()
    while true {
      for event in events.wait(until: due) {
        guard try take(event) else { return }
      }
      try draw()
    }
  }

  /// When something changes by itself: lines go on to move.
  private var due: Int64 {
    let now = SignalWait.monotonic()
    return state.frozenUntil > now && !state.isPaused ? state.frozenUntil : now + 60_000_000
  }

  /// False where it is over.
  private func take(_ event: ScreenEvent) throws -> Bool {
    switch event {
    case .key(let key):
      for effect in state.take(key, now: SignalWait.monotonic(), interval: interval) {
        guard try take(effect) else { return false }
      }
      // Read once, it has been said.
      if !state.notes.isEmpty { state.notes.removeFirst() }
    case .resize:
      state.size = screen.size()
      state.shapes = [:]
      wrapAgain()
      screen.redraw()
    case .suspend: try screen.suspend()
    case .resumed:
      // Stopped by somebody else (SIGSTOP), it could not leave the screen to the shell: all of it is entered again.
      try screen.resume()
      state.size = screen.size()
    case .stop, .inputEnded: return false
    case .woken, .writable, .due: break
    }
    return true
  }

  private var interval: Int64 { feed.read { $1.interval } }

  private func draw() throws {
    let now = SignalWait.monotonic()
    let frame: Frame = feed.read { book, status in
      state.notes += status.notes
      status.notes = []
      let shown = held ?? book
      state.settle(shown, surroundings.names, now: now)
      if state.resolvesHosts { resolve(shown) }
      var drawing = LiveFrame(book: shown, status: status, surroundings: surroundings)
      if state.view == .connections, drawing.showsTraffic(state) {
        drawing.traffic = shown.traffic(of: state.visiblePlaces)
      }
      return drawing.make(&state)
    }
    feed.setWantsTraffic(state.size.columns >= LiveFrame.trafficColumns)
    try screen.show(frame)
    events.blockedOutput = screen.blockedOutput
  }

  /// Has the names of hosts looked up that are seen, and takes those that are known by now.
  private func resolve(_ book: LiveBook) {
    let ends = state.visiblePlaces.flatMap { [book.lives[$0].local.address, book.lives[$0].remote.address] }
    resolver.request(ends.filter { !$0.mayStandForName })
    state.hosts = resolver.names
  }

  // MARK: - Effects

  private func take(_ effect: LiveEffect) throws -> Bool {
    switch effect {
    case .quit: return false
    case .suspend:
      try screen.suspend()
      state.size = screen.size()
    case .redraw: screen.redraw()
    case .setPaused(let isPaused): held = isPaused ? feed.read { book, _ in book } : nil
    case .setKeepsClosed(let keeps):
      feed.read { book, _ in book.keepsClosed = keeps }
      held?.keepsClosed = keeps
    case .setInterval(let interval):
      guard mayChangeInterval else {
        tell("recording: sampled as --interval says")
        break
      }
      feed.setInterval(interval)
    case .filter(let text): filter(text)
    case .goTo(let text): goTo(text)
    case .step(let step): self.step(step)
    case .now: leavePast()
    case .askExport:
      state.prompt = (
        .export,
        LineEditor(
          ScreenExport.defaultName(
            view: state.view.title.lowercased(), time: SystemClock().now().wall, zone: surroundings.zone))
      )
    case .export(let path):
      export(path)
      // What could not be written may be written elsewhere.
      if state.message?.isError == true { state.prompt = (.export, LineEditor(path)) }
    case .detail: detail()
    case .explain: explain()
    }
    return true
  }

  func tell(_ text: String, isError: Bool = false) {
    state.message = LiveState.Message(text: text, isError: isError)
  }

  /// Says what went wrong; nothing else comes of it.
  func attempt(_ body: () throws -> Void) {
    do { try body() } catch { tell("\(error)", isError: true) }
  }

  func filter(_ text: String) { state.filter(text, surroundings.names) }
}
