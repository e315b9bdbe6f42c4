// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
@preconcurrency import Glibc
import KernelNet
import ProcNet

/// Where the sockets of one network namespace are read from.
final class LiveSource {
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
  private let tables: SocketTableReader
  /// Of the namespace, -1 for our own and for one that may not be entered.
  private let descriptor: Int32

  /// Makes ready to read; reads nothing yet.
  ///
  /// - Throws: ``Failure`` where the namespace cannot be seen into.
  init(_ namespace: NetNamespace?, root: ProcRoot) throws(Failure) {
    self.namespace = namespace
    guard let namespace, !namespace.isOwn else {
      descriptor = -1
      ephemeral = EphemeralRange(reading: root)
      tables = SocketTableReader(root: root)
      return
    }
    let opened: Int32
    do { opened = try namespace.openDescriptor() } catch {
      guard namespace.directory != nil else { throw Failure(error) }
      opened = -1
    }
    let enters: FileOpening = { NetworkEntry.open($0, in: opened) }
    if let directory = namespace.directory {
      tables = SocketTableReader(root: root, directory: directory)
    } else {
      // What can be opened there says whether it may be entered at all, in clearer words than a table could.
      let test = enters(root.path + "/" + NetNamespace.enteredDirectory + "/tcp")
      if test < 0 {
        let code = errno
        if opened >= 0 { close(opened) }
        throw Failure(NetworkNamespaceError.unreadable(path: namespace.path, code: code))
      }
      close(test)
      tables = SocketTableReader(root: root, directory: NetNamespace.enteredDirectory, opening: enters)
    }
    descriptor = opened
    ephemeral = EphemeralRange(
      reading: root,
      opening: { path in
        let file = opened < 0 ? -1 : enters(path)
        // Where it may not be entered its range is likely ours, which is the kernel's usual one.
        return file < 0 ? openForReading(path) : file
      })
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Reads the tables of `protos`.
  func read(_ protos: ProtoSet) -> Reading {
    let snapshot = tables.read(protos)
    return Reading(snapshot: snapshot, listeners: snapshot.rows)
  }
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
