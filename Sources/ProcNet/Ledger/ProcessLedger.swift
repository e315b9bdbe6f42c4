// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore

/// Knows who a thread belongs to, also when it is gone by the time somebody asks.
///
/// It reads all of /proc once, and from then on is told what processes do, in order of time. Nothing more is read but
/// for a process that somebody asks about, once for each program that it runs. Where that is too late, the answer is what
/// the trace told: the program as it was called, which may be relative or a script, and unit, container and network
/// namespace of the process that made it.
public final class ProcessLedger {
  private struct Thread {
    var number: UInt64
    var process: Int32
  }

  private var processes: [Int32: LedgerEntry] = [:]
  private var threads: [Int32: Thread] = [:]
  private var reader: ProcessReader
  private var number: UInt64 = 0
  private let capacity: Int
  /// How many processes and threads there may be before those that are gone are dropped: in proportion to those that are
  /// alive, so that the memory is that of the machine as it is and not of its last hour.
  private var limit = 0
  private let seesFirstNumbers: Bool

  /// So many are kept in any case: what is traced of them can be read a moment after they are gone.
  private static let least = 4096
  // How many makers of makers are asked; a daemon's is far fewer.
  private static let depth = 16

  /// Reads all of /proc.
  ///
  /// - Parameters:
  ///   - root: where /proc is.
  ///   - capacity: how many processes and threads are kept; those that are gone are dropped first, then the oldest.
  public init(root: ProcRoot = ProcRoot(), capacity: Int = 32_768) {
    self.capacity = max(capacity, 4)
    reader = ProcessReader(root)
    seesFirstNumbers = reader.seesFirstNumbers()
    setLimit()
    guard seesFirstNumbers else { return }
    for process in reader.processes() {
      guard let reading = reader.read(process) else { continue }
      var entry = LedgerEntry(number: nextNumber())
      entry.isLookedFor = true
      _ = entry.take(reading)
      processes[process] = entry
      guard reading.stat.threads > 1 else { continue }
      for thread in reader.threads(of: process) where thread != process {
        threads[thread] = Thread(number: nextNumber(), process: process)
      }
    }
    setLimit()
  }

  /// Takes what a trace told; in order of time.
  ///
  /// - Parameter boot: when it happened, on CLOCK_BOOTTIME in microseconds.
  public func take(_ event: TaskEvent, boot: Int64) {
    guard seesFirstNumbers else { return }
    switch event {
    case .created(let thread, let parent, let name, let sharesProcess):
      let maker = process(of: parent)
      if sharesProcess {
        processes[thread] = nil
        // Without it, /proc says it when somebody asks.
        threads[thread] = maker.map { Thread(number: nextNumber(), process: $0) }
      } else {
        threads[thread] = nil
        let known = maker.flatMap { maker in processes[maker].map { (process: maker, entry: $0) } }
        processes[thread] = LedgerEntry(number: nextNumber(), name: name, parent: known, boot: boot)
      }
      if count > limit { prune() }
    case .executed(let thread, let oldThread, let path):
      if oldThread != thread { threads[oldThread] = nil }
      threads[thread] = nil
      processes[thread, default: LedgerEntry(number: nextNumber())].execute(path)
    case .renamed(let thread, let name):
      // A thread's name is its own; the first one's is the process's.
      processes[thread]?.name = name
      processes[thread]?.isRenamed = true
    }
  }

  /// Who a thread belongs to, as of the last event taken.
  ///
  /// - Returns: the owner, unknown with its reason where there is nothing to say; and the inode of its network namespace,
  ///   0 where that is not known.
  public func owner(ofThread thread: Int32) -> (owner: SocketOwner, namespace: UInt64) {
    guard thread > 0 else { return (.notLookedUp, 0) }
    guard seesFirstNumbers else { return (SocketOwner(unknown: .otherNamespace), 0) }
    guard let pid = process(of: thread) ?? readProcess(of: thread) else {
      return (SocketOwner(unknown: .exited), 0)
    }
    if let entry = processes[pid], let process = entry.process {
      return (SocketOwner(process: process), entry.namespace)
    }
    var entry = identified(pid, depth: Self.depth)
    defer { processes[pid] = entry }
    if entry.isKernelThread { return (SocketOwner(unknown: .kernel), entry.namespace) }
    if entry.name.isEmpty, entry.exe == nil { return (SocketOwner(unknown: .exited), entry.namespace) }
    return (SocketOwner(process: entry.makeProcess(pid)), entry.namespace)
  }

  /// The process that a thread is known to be of.
  private func process(of thread: Int32) -> Int32? {
    processes[thread] != nil ? thread : threads[thread]?.process
  }

  private func readProcess(of thread: Int32) -> Int32? {
    guard let process = reader.process(of: thread) else { return nil }
    if process != thread { threads[thread] = Thread(number: nextNumber(), process: process) }
    return process
  }

  /// What is known of a process, after looking for it in /proc where nobody has yet.
  private func identified(_ pid: Int32, depth: Int) -> LedgerEntry {
    var entry = processes[pid] ?? LedgerEntry(number: nextNumber())
    guard !entry.isLookedFor else { return entry }
    entry.isLookedFor = true
    let isThere = reader.read(pid).map { entry.take($0) } ?? false
    // Its maker may be alive still, and knows better now than when it handed down.
    if !entry.isFound, depth > 0, let maker = processes[entry.parent], maker.number == entry.parentNumber {
      let own = entry
      entry.inherit(from: identified(entry.parent, depth: depth - 1))
      if isThere {
        entry.place = own.place ?? entry.place
        if own.namespace != 0 { entry.namespace = own.namespace }
      }
    }
    processes[pid] = entry
    return entry
  }

  private func nextNumber() -> UInt64 {
    number += 1
    return number
  }

  /// Drops those of the older half that are gone, and where that is not enough, the oldest.
  private func prune() {
    var known = processes.map { (number: $0.value.number, thread: $0.key) }
    known += threads.map { (number: $0.value.number, thread: $0.key) }
    known.sort { $0.number < $1.number }
    var alive: [Int32] = []
    for (_, thread) in known.prefix(known.count / 2) {
      if reader.has(thread) { alive.append(thread) } else { drop(thread) }
    }
    for thread in alive.prefix(max(0, count - capacity / 4 * 3)) { drop(thread) }
    setLimit()
  }

  private func setLimit() {
    limit = min(capacity, max(Self.least, 2 * count))
  }

  /// How many processes and threads are kept.
  var count: Int { processes.count + threads.count }

  private func drop(_ thread: Int32) {
    processes[thread] = nil
    threads[thread] = nil
  }
}
