// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import CTerminal
@preconcurrency import Glibc

/// What a screen waits for.
enum ScreenEvent: Equatable {
  case key(Key)
  /// The terminal has another size (SIGWINCH), however many times.
  case resize
  /// Somebody asks it to stop for a while (SIGTSTP).
  case suspend
  /// The process was stopped and goes on (SIGCONT).
  case resumed
  /// Asked to end, by this signal.
  case stop(Int32)
  /// Another thread has something.
  case woken
  /// The terminal has gone, or nothing more will be typed.
  case inputEnded
  /// The terminal takes more of what is written.
  case writable
  /// The time has come.
  case due
}

/// Waits for keys, signals, other threads and the time, of one thread.
///
/// Signals are blocked and read (signalfd(2)), so that nothing runs in a handler. Made before the first thread, since
/// threads inherit what is blocked.
final class ScreenEvents {
  /// How long ESC waits for the rest of a sequence, in microseconds.
  static let patience: Int64 = 50_000
  /// Reads before others have their turn: a long paste comes in several.
  private static let rounds = 16
  private static let signals = [SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP, SIGCONT]

  let waker: Waker
  /// The terminal where it does not take all that was written: woken when it takes more; -1 where nothing is pending.
  var blockedOutput: Int32 = -1
  private let signalDescriptor: Int32
  private var earlier = sigset_t()
  /// -1 when nothing more comes from it.
  private var input: Int32
  private var decoder = KeyDecoder()
  /// When the last byte was typed.
  private var lastInput: Int64 = 0

  /// - Parameter input: the terminal that keys come from.
  /// - Returns: nil where there is no descriptor left.
  init?(input: Int32) {
    guard let waker = Waker() else { return nil }
    var signals = sigset_t()
    sigemptyset(&signals)
    for signal in Self.signals { sigaddset(&signals, signal) }
    signalDescriptor = ctm_signals_open(Self.signals, Int32(Self.signals.count))
    self.waker = waker
    self.input = input
    if signalDescriptor < 0 { return nil }
    pthread_sigmask(SIG_BLOCK, &signals, &earlier)
  }

  deinit {
    if signalDescriptor < 0 { return }
    close(signalDescriptor)
    pthread_sigmask(SIG_SETMASK, &earlier, nil)
  }

  /// Makes the wait return; from any thread that has the ``waker``.
  func wake() { waker.wake() }

  /// Waits for something, until CLOCK_MONOTONIC reaches `deadline`, in microseconds.
  ///
  /// - Returns: everything that is there: signals first, then keys in their order, and whether the time has come.
  func wait(until deadline: Int64) -> [ScreenEvent] {
    while true {
      let events = look(until: deadline)
      if !events.isEmpty { return events }
    }
  }

  private func look(until deadline: Int64) -> [ScreenEvent] {
    let patience = decoder.isWaiting ? lastInput + Self.patience : Int64.max
    var places = [signalDescriptor, waker.descriptor, input].map {
      pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
    }
    places.append(pollfd(fd: blockedOutput, events: Int16(POLLOUT), revents: 0))
    // Rounded up: woken too early it would turn round and round until it is time.
    let left = max(0, min(max(0, deadline), patience) - SignalWait.monotonic())
    let timeout = Int32(min(left / 1000 + (left % 1000 > 0 ? 1 : 0), 1_000_000))
    let count = poll(&places, nfds_t(places.count), timeout)

    var events: [ScreenEvent] = []
    if count > 0 {
      if places[0].revents != 0 { takeSignals(&events) }
      if places[1].revents != 0 {
        waker.clear()
        events.append(.woken)
      }
      if places[2].revents != 0 { takeInput(&events) }
      if places[3].revents != 0 { events.append(.writable) }
    }
    let now = SignalWait.monotonic()
    // Only where nothing came: while the process did not run the rest may have come too.
    if decoder.isWaiting, count == 0, now >= lastInput + Self.patience {
      events += decoder.flush().map(ScreenEvent.key)
    }
    if now >= deadline { events.append(.due) }
    return events
  }

  private func takeSignals(_ events: inout [ScreenEvent]) {
    while true {
      let signal = ctm_signals_next(signalDescriptor)
      let event: ScreenEvent
      switch signal {
      case 0: return
      case SIGWINCH: event = .resize
      case SIGTSTP: event = .suspend
      case SIGCONT: event = .resumed
      default: event = .stop(signal)
      }
      if !events.contains(event) { events.append(event) }
    }
  }

  private func takeInput(_ events: inout [ScreenEvent]) {
    for _ in 0..<Self.rounds {
      var place = pollfd(fd: input, events: Int16(POLLIN), revents: 0)
      if poll(&place, 1, 0) <= 0 { return }
      var length = 0
      let bytes = [UInt8](unsafeUninitializedCapacity: 4096) { bytes, count in
        length = read(input, bytes.baseAddress, bytes.count)
        count = max(0, length)
      }
      if length > 0 {
        lastInput = SignalWait.monotonic()
        events += decoder.feed(bytes).map(ScreenEvent.key)
      } else if length == 0 || errno != EINTR && errno != EAGAIN {
        // EIO: the other side of the terminal was closed, or it is another session's now.
        events += decoder.flush().map(ScreenEvent.key)
        events.append(.inputEnded)
        input = -1
        return
      }
    }
  }
}
