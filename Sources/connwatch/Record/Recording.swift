// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
@preconcurrency import Glibc
import KernelNet
import ProcNet

/// The namespaces that are recorded and what the kernel tells of them: what is between them and the recorder.
final class Recording {
  /// What is asked for.
  struct Request {
    var source: Source
    var netns: NetworkNamespaces.Selection
    var root: ProcRoot
    /// Sockets in TIME_WAIT are asked for with every sample, also where their connections' ends are heard.
    var showsTimeWait = false
  }

  /// Takes what was read, before the recorder does.
  var observe: (([String?: Recorder.Sample]) -> Void)?
  /// What connections have carried is asked for.
  var wantsTraffic = false
  private let request: Request
  private var namespaces: [WatchedNamespace] = []
  private let watch: KernelWatch?
  /// What could not be had of the kernel's own sources, and why; nil where nothing was asked or all is there.
  let whyNoTrace: TraceError?
  private var isTraced: Bool
  /// Why the trace ended before its time; nil as long as it has not.
  private(set) var traceFailure: TraceError?
  /// How many namespaces were asked for and may not be entered.
  private(set) var notEntered = 0
  private var lastHeard: Timestamp?
  private var lastLook: Int64

  /// Each CPU's buffer of the trace: room for some 50,000 events, which is what comes in a third of a second at the most.
  /// Where there are many CPUs each has less to tell, and all together get no more than 64 MB.
  private static var bufferKilobytes: Int { min(4096, 65_536 / max(1, sysconf(Int32(_SC_NPROCESSORS_CONF)))) }
  /// Microseconds between two looks for namespaces that have come or gone.
  private static let pace: Int64 = 5_000_000

  /// Opens everything that is asked for and may be had.
  ///
  /// - Throws: ``Failure`` where what was asked for by name cannot be had.
  init(_ request: Request) throws(Failure) {
    self.request = request
    let listens = request.source != .proc && request.root == ProcRoot()
    for namespace in try Self.find(request) {
      do throws(Failure) {
        namespaces.append(
          try WatchedNamespace(namespace, root: request.root, source: request.source.rows))
      } catch {
        // Of all of them, those that may not be entered are left out.
        guard request.netns == .all, namespace?.isOwn != true else { throw error }
        notEntered += 1
      }
    }
    var trace: TraceInstance?
    var why: TraceError?
    if listens, request.source != .netlink {
      do throws(TraceError) { trace = try TraceInstance(bufferKilobytes: Self.bufferKilobytes) } catch {
        why = error
      }
    }
    if request.source == .trace, let why { throw Failure("--source trace: \(why)") }
    whyNoTrace = why
    isTraced = trace != nil
    if isTraced { for namespace in namespaces { namespace.noteCounters() } }
    let ledger = trace.map { _ in ProcessLedger(root: request.root) }
    watch = listens ? KernelWatch(trace: trace, ledger: ledger) : nil
    lastLook = SignalWait.monotonic()
    for namespace in namespaces { namespace.ends.map { watch?.add($0, of: namespace.netns) } }
  }

  private static func find(_ request: Request) throws(Failure) -> [NetNamespace?] {
    if request.netns == .own { return [NetNamespace(reading: request.root)] }
    do throws(NetworkNamespaceError) {
      return try NetworkNamespaces(reading: request.root).find(request.netns)
    } catch {
      throw Failure(error)
    }
  }

  /// What sees the sockets, as it is stored with the run: `netlink+end+trace`.
  var sources: Life.Sources {
    var sources = namespaces.first?.rows ?? .proc
    if hearsEnds { sources.insert(.end) }
    if isTraced { sources.insert(.trace) }
    return sources
  }

  /// Every namespace's ends are told.
  var hearsEnds: Bool { namespaces.allSatisfy { $0.ends != nil } }
  /// Why some namespace is read from /proc, where that was not asked for.
  var whyNoDiag: SocketDiagError? { namespaces.lazy.compactMap(\.whyNoDiag).first }
  /// Why some namespace's ends are not told.
  var whyNoEnds: String? { namespaces.lazy.compactMap(\.whyNoEnds).first }

  /// Tells the recorder which namespaces there are.
  func begin(_ recorder: Recorder) { for namespace in namespaces { begin(namespace, recorder) } }

  private func begin(_ namespace: WatchedNamespace, _ recorder: Recorder) {
    recorder.watch(
      namespace.netns, inode: namespace.inode, ephemeral: namespace.ephemeral,
      counters: namespace.firstCounters)
  }

  /// Takes one sample of every namespace.
  ///
  /// - Parameter isLast: nothing will be heard after it.
  /// - Returns: why a table could not be read, nil where all could.
  func sample(_ recorder: Recorder, isLast: Bool = false) throws -> String? {
    if request.netns == .all { lookForNamespaces(recorder) }
    let (heard, lost) = hear(isLast: isLast)
    var samples: [String?: Recorder.Sample] = [:]
    for namespace in namespaces {
      let sample = namespace.sample(
        heard[namespace.netns] ?? Heard(), showsTimeWait: request.showsTimeWait, wantsTraffic: wantsTraffic)
      // One of several can be gone by now; our own cannot.
      if namespaces.count > 1, namespace.netns != nil, sample.snapshot.failure != nil { continue }
      samples[namespace.netns] = sample
    }
    observe?(samples)
    let boot = (samples[nil] ?? samples.values.first)?.snapshot.bootTime ?? 0
    try recorder.take(samples, lost: lost, monotonic: Self.monotonic(atBoot: boot))
    return samples.values.lazy.compactMap(\.snapshot.failure).first
  }

  /// CLOCK_MONOTONIC at a moment that is told by CLOCK_BOOTTIME.
  ///
  /// A process can be stopped between a snapshot and here, or between two readings of clocks: what one clock had gone on
  /// by then would be taken for a suspension.
  private static func monotonic(atBoot boot: Int64) -> Int64 {
    let clock = SystemClock()
    var (monotonic, now) = (SignalWait.monotonic(), clock.now().boot)
    for _ in 0..<10 {
      let before = clock.now().boot
      monotonic = SignalWait.monotonic()
      now = clock.now().boot
      if now - before < 1000 { break }
    }
    return monotonic - (now - boot)
  }

  /// Hands over what was heard between two samples that are far apart.
  func hear(_ recorder: Recorder) throws {
    guard watch != nil else { return }
    if request.netns == .all { lookForNamespaces(recorder) }
    let (heard, lost) = hear(isLast: false)
    let now = SystemClock().now()
    try recorder.hear(heard, lost: lost, at: now.wall, boot: now.boot)
  }

  /// Ends the listening, after which nothing of it is left in the kernel.
  func stop() { watch?.stop() }

  private func hear(isLast: Bool) -> ([String?: Heard], [Gap]) {
    guard let watch else { return ([:], []) }
    let news = watch.take()
    let now = SystemClock().now().wall
    defer { lastHeard = now }
    isTraced = news.isTraced
    traceFailure = traceFailure ?? news.failure
    var heard: [String?: Heard] = [:]
    var lost: [Gap] = []
    for namespace in namespaces {
      var told = Heard()
      told.isTraced = news.isTraced
      told.events = news.events
      told.lostEvents = news.lostEvents != nil
      told.hearsEnds = namespace.ends != nil
      told.ends = news.ends[namespace.netns] ?? []
      told.lostEnds = news.lostEnds.contains(namespace.netns)
      told.isLast = isLast
      heard[namespace.netns] = told
    }
    // The clock may have been set back meanwhile.
    let since = min(lastHeard ?? now, now)
    if let count = news.lostEvents {
      let why = news.failure.map { "\($0)" } ?? (count > 0 ? "\(count) events lost" : nil)
      lost.append(Gap(since: since, until: now, cause: .traceOverrun, samples: 0, detail: why))
    }
    if !news.lostEnds.isEmpty {
      lost.append(
        Gap(since: since, until: now, cause: .endsLost, samples: 0, detail: "the kernel's buffer was full"))
    }
    return (heard, lost)
  }

  /// Begins to watch namespaces that are new, and lets go of those that are gone.
  private func lookForNamespaces(_ recorder: Recorder) {
    let now = SignalWait.monotonic()
    guard now - lastLook >= Self.pace,
      let found = try? NetworkNamespaces(reading: request.root).find(.all)
    else { return }
    lastLook = now
    let inodes = Set(found.map(\.inode))
    for namespace in namespaces where !inodes.contains(namespace.inode) && namespace.netns != nil {
      watch?.remove(namespace.netns)
      recorder.leave(namespace.netns)
    }
    namespaces.removeAll { $0.netns != nil && !inodes.contains($0.inode) }
    let known = Set(namespaces.map(\.inode))
    for new in found where !known.contains(new.inode) {
      // One that has gone meanwhile, or may not be entered.
      guard let namespace = try? WatchedNamespace(new, root: request.root, source: request.source.rows) else {
        continue
      }
      if isTraced { namespace.noteCounters() }
      namespaces.append(namespace)
      namespace.ends.map { watch?.add($0, of: namespace.netns) }
      begin(namespace, recorder)
    }
  }
}
