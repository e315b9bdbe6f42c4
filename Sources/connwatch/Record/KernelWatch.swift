// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
@preconcurrency import Glibc
import KernelNet
import ProcNet
import Synchronization

/// Listens to what the kernel tells of its own accord, on a thread of its own, until the recorder takes it.
///
/// The kernel keeps messages and traced events in buffers that overflow when nobody reads them, and processes are named
/// best while they are there: so they are read many times a second, however long a sample takes.
final class KernelWatch: @unchecked Sendable {
  /// What was heard since it was last taken.
  struct News {
    var heard = Heard()
    /// Traced events that were lost, as far as the kernel counted them.
    var lostEvents = 0
    /// Why the trace cannot be read any more.
    var failure: TraceError?
  }

  /// Milliseconds between two readings of the trace.
  private static let pace: Int32 = 50
  /// Events that may wait for the recorder; more are given up, and that is a loss like any other.
  private static let mostEvents = 1_000_000

  private let ends: SocketEndListener?
  private let ledger: ProcessLedger
  private let lock = Mutex(())
  // What the lock guards:
  private var trace: TraceInstance?
  private var news = News()
  private var isStopping = false
  private var thread: pthread_t?

  /// Begins to listen.
  ///
  /// - Parameter ledger: finds who an event's thread is; made after the trace was begun, so that no process is missed.
  init(trace: TraceInstance?, ends: SocketEndListener?, ledger: ProcessLedger) {
    self.trace = trace
    self.ends = ends
    self.ledger = ledger
    var thread = pthread_t()
    let context = Unmanaged.passRetained(self).toOpaque()
    pthread_create(
      &thread, nil,
      { context in
        Unmanaged<KernelWatch>.fromOpaque(context!).takeRetainedValue().work()
        return nil
      }, context)
    self.thread = thread
  }

  /// Everything that was heard since the last time, up to this moment.
  func take() -> News {
    lock.withLock { _ in
      listen()
      follow()
      news.heard.isTraced = trace != nil
      news.heard.hearsEnds = ends != nil
      defer { news = News() }
      return news
    }
  }

  /// Stops listening and takes the trace out of the kernel.
  func stop() {
    lock.withLock { _ in isStopping = true }
    if let thread { pthread_join(thread, nil) }
    thread = nil
    lock.withLock { _ in
      trace?.close()
      trace = nil
    }
  }

  private func work() {
    while !(lock.withLock { _ in isStopping }) {
      if let ends {
        var ready = pollfd(fd: ends.descriptor, events: Int16(POLLIN), revents: 0)
        // An ordinary user's buffer holds some hundred messages, so they are read as they come, a few at a time.
        if poll(&ready, 1, Self.pace) > 0 { usleep(2000) }
      } else {
        usleep(UInt32(Self.pace) * 1000)
      }
      lock.withLock { _ in
        listen()
        if isDue() { follow() }
      }
    }
  }

  private var lastRead: Int64 = 0

  /// True where the trace was not read for ``pace``.
  private func isDue() -> Bool { SignalWait.monotonic() - lastRead >= Int64(Self.pace) * 1000 }

  private func listen() {
    guard let ends else { return }
    if ends.receive(into: &news.heard.ends).overflowed { news.heard.lostEnds = true }
  }

  /// Reads the trace, and finds out who the threads in it are.
  private func follow() {
    guard let trace else { return }
    lastRead = SignalWait.monotonic()
    let batch: TraceBatch
    do throws(TraceError) {
      batch = try trace.read()
    } catch {
      news.failure = error
      news.heard.lostEvents = true
      trace.close()
      self.trace = nil
      return
    }
    if batch.loss.count > 0 || batch.loss.isUnknown {
      news.heard.lostEvents = true
      news.lostEvents += batch.loss.count
    }
    for event in batch.events {
      switch event.kind {
      case .task(let task): ledger.take(task, boot: event.boot)
      case .state(var change) where change.from == .close && change.thread != 0:
        (change.owner, change.namespace) = ledger.owner(ofThread: change.thread)
        news.heard.events.append(TraceEvent(boot: event.boot, .state(change)))
      default: news.heard.events.append(event)
      }
    }
    if news.heard.events.count > Self.mostEvents {
      news.lostEvents += news.heard.events.count
      news.heard.lostEvents = true
      news.heard.events.removeAll()
    }
  }
}
