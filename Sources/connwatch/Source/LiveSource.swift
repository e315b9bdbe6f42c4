// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
@preconcurrency import Glibc
import KernelNet
import ProcNet

/// Where the sockets of one network namespace are read from.
final class LiveSource {
  /// What is to be read; the source may give more.
  struct Question {
    /// The tables.
    var protos: ProtoSet
    /// The states of the sockets that matter.
    var states = StateSet.all
    /// What the kernel may leave out by itself.
    var filter = DiagFilter.everything
    /// What connections carried.
    var wantsTraffic = false
  }

  /// The states of listeners: UDP has none of its own for them.
  static let listening: StateSet = [StateSet(.listen), StateSet(.unconnected)]

  /// What a reading gives.
  struct Reading {
    /// The sockets, those that do not match perhaps among them.
    var snapshot: Snapshot
    /// Every listener, for telling which end of a connection is the service.
    var listeners: [SocketRow]
  }

  /// The namespace, nil for our own where /proc does not say which that is.
  let namespace: NetNamespace?
  /// Its range of client ports.
  let ephemeral: EphemeralRange
  /// What the kernel counts of openings there.
  let counters: OpeningCountersReader
  /// To be entered by whoever else reads there; nil for our own, and for one that may not be entered.
  let entry: NamespaceEntry?
  private let source: Source
  private let tables: SocketTableReader
  /// nil where sock_diag is not asked for or does not answer.
  private var diag: SocketDiagReader?
  /// Why sock_diag does not answer, where it was to be asked if it did.
  private(set) var whyNoDiag: SocketDiagError?

  /// Makes ready to read; reads nothing yet.
  ///
  /// - Throws: ``Failure`` where the namespace cannot be seen into, or not by the source that was asked for.
  init(_ namespace: NetNamespace?, root: ProcRoot, source: Source) throws(Failure) {
    self.namespace = namespace
    self.source = source
    guard let namespace, !namespace.isOwn else {
      ephemeral = EphemeralRange(reading: root)
      tables = SocketTableReader(root: root)
      counters = OpeningCountersReader(root: root)
      entry = nil
      (diag, whyNoDiag) = try Self.diag(source, root, descriptor: nil)
      return
    }
    // One that may not be opened can be read all the same by the directory of a process in it.
    let entry: NamespaceEntry?
    do { entry = try NamespaceEntry(namespace) } catch {
      guard namespace.directory != nil else { throw Failure(error) }
      entry = nil
    }
    let enters: FileOpening = { entry?.open($0) ?? -1 }
    if let directory = namespace.directory {
      tables = SocketTableReader(root: root, directory: directory)
      counters = OpeningCountersReader(root: root, directory: directory)
    } else {
      // What can be opened there says whether it may be entered at all, in clearer words than a table could.
      let test = enters("\(root.path)/\(NetNamespace.enteredDirectory)/tcp")
      if test < 0 { throw Failure(.unreadable(path: namespace.path, code: errno)) }
      close(test)
      tables = SocketTableReader(root: root, directory: NetNamespace.enteredDirectory, opening: enters)
      counters = OpeningCountersReader(
        root: root, directory: NetNamespace.enteredDirectory, opening: enters)
    }
    self.entry = entry
    ephemeral = EphemeralRange(
      reading: root,
      opening: { path in
        let file = enters(path)
        // Where it may not be entered its range is likely ours, which is the kernel's usual one.
        return file < 0 ? openForReading(path) : file
      })
    (diag, whyNoDiag) = try Self.diag(source, root, entry)
  }

  /// What reads another namespace by sock_diag; nil where /proc is to be read.
  private static func diag(
    _ source: Source, _ root: ProcRoot, _ entry: NamespaceEntry?
  ) throws(Failure) -> (SocketDiagReader?, SocketDiagError?) {
    if let entry { return try diag(source, root, descriptor: entry.descriptor) }
    if source == .netlink { throw Failure("sock_diag: this network namespace may not be entered") }
    return (nil, nil)
  }

  /// What reads by sock_diag in the namespace of a descriptor, in our own where that is nil; nil where /proc is to be
  /// read.
  ///
  /// A tree that only looks like /proc is of another machine or another time: its tables are meant then.
  private static func diag(
    _ source: Source, _ root: ProcRoot, descriptor: Int32?
  ) throws(Failure) -> (SocketDiagReader?, SocketDiagError?) {
    if source == .proc || (source == .auto && root != ProcRoot()) { return (nil, nil) }
    do throws(SocketDiagError) {
      return (try SocketDiagReader(namespaceDescriptor: descriptor), nil)
    } catch {
      if source == .netlink { throw Failure("\(error)") }
      // A namespace that may be seen and not entered is read by a process in it, as it always was.
      if case .namespace = error { return (nil, nil) }
      return (nil, error)
    }
  }

  /// Reads by sock_diag where it answers and is not excluded; nil where the namespace was to be read by a process that
  /// has gone meanwhile.
  ///
  /// - Throws: ``Failure`` where nothing but sock_diag was asked for, and it does not answer.
  func read(_ question: Question) throws(Failure) -> Reading? {
    if let diag {
      do throws(SocketDiagError) {
        let reading = try Self.read(question, diag)
        if source == .netlink || reading.snapshot.failure == nil { return reading }
      } catch {
        if source == .netlink { throw Failure("\(error)") }
        whyNoDiag = error
      }
      self.diag = nil
    }
    let snapshot = tables.read(question.protos)
    // What was read by the number of a process is another one's where that has been given again.
    if namespace?.isInPlace(below: tables.root) == false { return nil }
    return Reading(snapshot: snapshot, listeners: snapshot.rows)
  }

  /// Asks for listeners apart where the kernel leaves sockets out: it keeps them apart itself, so that costs nearly
  /// nothing.
  private static func read(
    _ question: Question, _ diag: SocketDiagReader
  ) throws(SocketDiagError) -> Reading {
    let snapshot = try diag.read(
      question.protos, states: question.states, filter: question.filter, wantsTraffic: question.wantsTraffic)
    if question.filter == .everything, question.states.isSuperset(of: listening) {
      return Reading(snapshot: snapshot, listeners: snapshot.rows)
    }
    return Reading(
      snapshot: snapshot, listeners: try diag.read(question.protos, states: listening).rows)
  }
}

extension LiveSource {
  /// What shows the rows.
  var rows: Life.Sources { diag == nil ? .proc : .netlink }

  /// Reads every table for a recorder, which goes on where a table cannot be read.
  func sample(states: StateSet, wantsTraffic: Bool = false) -> Snapshot {
    if let diag {
      do throws(SocketDiagError) {
        var snapshot = try diag.read(states: states, wantsTraffic: wantsTraffic)
        snapshot.states = states
        if source == .netlink || snapshot.failure == nil { return snapshot }
      } catch {
        if source == .netlink { return Self.nothing("\(error)") }
        // Another failure may have passed by the next sample.
        if case .unavailable = error {
          whyNoDiag = error
          self.diag = nil
        }
      }
    }
    var snapshot = tables.read()
    if namespace?.isInPlace(below: tables.root) == false { return Self.nothing("the namespace is gone") }
    // What is left out is left out by every source, or a change of the source would look like openings.
    if states != .all { snapshot.rows.removeAll { !states.contains($0.state) } }
    snapshot.states = states
    return snapshot
  }

  /// A snapshot in which no table could be read.
  private static func nothing(_ why: String) -> Snapshot {
    let now = SystemClock().now()
    return Snapshot(
      time: now.wall, bootTime: now.boot, rows: [],
      tables: Proto.allCases.map { TableReport(proto: $0, outcome: .failed(why)) }, source: .netlink)
  }
}

/// A network namespace, open to be entered as long as somebody may.
final class NamespaceEntry: Sendable {
  let descriptor: Int32

  init(_ namespace: NetNamespace) throws(NetworkNamespaceError) {
    descriptor = try namespace.openDescriptor()
  }

  deinit { close(descriptor) }

  /// Opens a file as it is seen from there: a descriptor, or -1 with errno set.
  func open(_ path: String) -> Int32 { NetworkEntry.open(path, in: descriptor) }
}

extension Failure {
  /// Tells of a namespace that cannot be given.
  init(_ error: NetworkNamespaceError) {
    switch error {
    case .unreadable(let path, let code):
      let hint =
        code == EPERM || code == EACCES
        ? " (another network namespace takes root: sudo connwatch list …)" : ""
      self.init("\(path): \(String(cString: strerror(code)))\(hint)")
    case .unknown(let word, let labels):
      self.init("--netns \(word): no such network namespace (\(Self.choice(labels)))")
    case .noProcess(let pid): self.init("--netns \(pid): no such process, and no namespace of that name")
    case .notPermitted(let pid):
      self.init("--netns \(pid): where this process is may not be seen (sudo connwatch list …)")
    }
  }

  /// The labels that there are, as far as they make a line that can be read.
  private static func choice(_ labels: [String]) -> String {
    let shown = labels.prefix(12).joined(separator: ", ")
    return "there are \(shown)\(labels.count > 12 ? " and \(labels.count - 12) more" : "")"
  }
}
