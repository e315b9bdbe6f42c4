// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import KernelNet
import ProcNet

/// One network namespace that is recorded: its sockets, its ends, its counters.
final class WatchedNamespace {
  /// Its label in the history, nil for the one that the recorder is in.
  let netns: String?
  /// Its inode, 0 where not known.
  let inode: UInt64
  /// Tells of every socket's end; nil where nobody listens, and why not.
  private(set) var ends: SocketEndListener?
  private(set) var whyNoEnds: String?
  private let source: LiveSource
  private var isFirst = true

  /// Begins to watch.
  ///
  /// - Throws: ``Failure`` where the namespace cannot be seen into, or not by the source that was asked for.
  init(_ namespace: NetNamespace?, root: ProcRoot, source: Source) throws(Failure) {
    netns = namespace.flatMap { $0.isOwn ? nil : $0.label }
    inode = namespace?.inode ?? 0
    self.source = try LiveSource(namespace, root: root, source: source)
    guard source != .proc, root == ProcRoot() else { return }
    guard netns == nil || self.source.entry != nil else {
      whyNoEnds = "this network namespace may not be entered"
      return
    }
    do throws(SocketDiagError) {
      ends = try SocketEndListener(namespaceDescriptor: self.source.entry?.descriptor)
    } catch {
      whyNoEnds = "\(error)"
    }
  }

  /// What the kernel had counted of openings before those that are traced; nil where nothing is, and what is opened from
  /// the first sample on is recorded.
  private(set) var firstCounters: OpeningCounters?
  private var counters: OpeningCounters? { try? source.counters.read() }
  /// Its range of client ports.
  var ephemeral: EphemeralRange { source.ephemeral }
  /// Why its sockets are read from /proc, where that was not asked for.
  var whyNoDiag: SocketDiagError? { source.whyNoDiag }
  /// What shows its sockets.
  var rows: Life.Sources { source.rows }

  /// Notes that from now on openings are traced.
  func noteCounters() { firstCounters = counters }

  /// Takes a sample. Sockets in TIME_WAIT can be as many as the machine allows, and need no look where ends are heard, but
  /// for the first: they tell of connections whose ends nobody heard.
  func sample(_ heard: Heard, showsTimeWait: Bool, wantsTraffic: Bool) -> Recorder.Sample {
    let counted = counters
    var states = StateSet.all
    if ends != nil, !isFirst, !showsTimeWait { states.remove(StateSet(.timeWait)) }
    isFirst = false
    return Recorder.Sample(
      snapshot: source.sample(states: states, wantsTraffic: wantsTraffic), heard: heard, counters: counted)
  }
}
