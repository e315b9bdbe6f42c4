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
    /// What was traced, of every network namespace, and who it was.
    var events: [TraceEvent] = []
    /// Some of it was lost, and how much as far as the kernel counted it.
    var lostEvents: Int?
    /// Ends of sockets, by the label of their namespace.
    var ends: [String?: [SocketEnd]] = [:]
    /// The namespaces of which some ends were lost.
    var lostEnds: Set<String?> = []
    /// The trace was on all the time.
    var isTraced = false
    /// Why the trace cannot be read any more.
    var failure: TraceError?
  }

  /// Milliseconds between two readings of the trace.
  private static let pace: Int32 = 50
  /// Milliseconds that messages are left to gather. An ordinary user's buffer holds some hundred of them.
  private static let gathering: UInt32 = 2

  private let lock = Mutex(())
  // What the lock guards:
  private var ends: [(netns: String?, listener: SocketEndListener)] = []
  private var trace: TraceInstance?
  private let ledger: ProcessLedger?
  private var news = News()
  private var lastRead: Int64 = 0
  private var isStopping = false
  private var thread: pthread_t?

  /// Begins to listen.
  ///
  /// - Parameters:
  ///   - trace: nil where nothing is traced.
  ///   - ledger: finds who an event's thread is; made after the trace was begun, so that no process is missed.
  init(trace: TraceInstance?, ledger: ProcessLedger?) {
    self.trace = trace
    self.ledger = ledger
    var thread = pthread_t()
    let context = Unmanaged.passRetained(self)
    let code = pthread_create(
      &thread, nil,
      { context in
        Unmanaged<KernelWatch>.fromOpaque(context!).takeRetainedValue().work()
        return nil
      }, context.toOpaque())
    // Without a thread what was heard is read with each sample, which for a busy machine may be too seldom.
    if code == 0 { self.thread = thread } else { context.release() }
  }

  /// Listens to the ends of another network namespace too.
  func add(_ listener: SocketEndListener, of netns: String?) {
    lock.withLock { _ in ends.append((netns, listener)) }
  }

  /// Listens to a network namespace no more.
  func remove(_ netns: String?) { lock.withLock { _ in ends.removeAll { $0.netns == netns } } }

  /// Everything that was heard since the last time, up to this moment.
  func take() -> News {
    lock.withLock { _ in
      follow()
      listen()
      news.isTraced = trace != nil
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
    while true {
      let (stops, descriptors) = lock.withLock { _ in (isStopping, ends.map(\.listener.descriptor)) }
      if stops { return }
      var ready = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      if poll(&ready, nfds_t(ready.count), Self.pace) > 0 { usleep(Self.gathering * 1000) }
      lock.withLock { _ in
        listen()
        if SignalWait.monotonic() - lastRead >= Int64(Self.pace) * 1000 { follow() }
      }
    }
  }

  private func listen() {
    for (netns, listener) in ends {
      if listener.receive(into: &news.ends[netns, default: []]).overflowed { news.lostEnds.insert(netns) }
      // More than may wait for the recorder is given up, and that is a loss like any other.
      if let count = news.ends[netns]?.count, count > Heard.most {
        news.ends[netns] = []
        news.lostEnds.insert(netns)
      }
    }
  }

  /// Reads the trace, and finds out who the threads in it are.
  private func follow() {
    guard let trace, let ledger else { return }
    lastRead = SignalWait.monotonic()
    let batch: TraceBatch
    do throws(TraceError) {
      batch = try trace.read()
    } catch {
      news.failure = error
      news.lostEvents = news.lostEvents ?? 0
      trace.close()
      self.trace = nil
      return
    }
    if batch.loss.count > 0 || batch.loss.isUnknown {
      news.lostEvents = (news.lostEvents ?? 0) + batch.loss.count
    }
    for event in batch.events {
      switch event.kind {
      case .task(let task): ledger.take(task, boot: event.boot)
      case .state(var change) where change.from == .close && change.thread != 0:
        (change.owner, change.namespace) = ledger.owner(ofThread: change.thread)
        news.events.append(TraceEvent(boot: event.boot, .state(change)))
      default: news.events.append(event)
      }
    }
    if news.events.count > Heard.most {
      news.lostEvents = (news.lostEvents ?? 0) + news.events.count
      news.events.removeAll()
    }
  }
}
