// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The network namespaces that can be seen from here: those of the processes below /proc, and those that are kept by a
/// mount.
///
/// It takes one readlink(2) a process, and one small file more for each process that is in another namespace than we
/// are. Threads are taken to be where their process is.
public struct NetworkNamespaces: Sendable {
  /// Each once: our own, then the others by label.
  public let all: [NetNamespace]
  /// Processes that may not be looked into, without threads of the kernel, which have no sockets.
  public let refused: Int
  /// Not even process 1 is listed: there are processes that are hidden from us (`hidepid` of proc(5)).
  public let hidesProcesses: Bool

  private let root: ProcRoot
  private let named: NamespaceMounts

  /// Looks for them.
  ///
  /// - Throws: ``NetworkNamespaceError/unreadable(path:code:)`` where /proc does not tell.
  public init(reading root: ProcRoot = ProcRoot()) throws(NetworkNamespaceError) {
    try self.init(reading: root, named: NamespaceMounts.named, unnamed: NamespaceMounts.unnamed)
  }

  init(reading root: ProcRoot, named: [String], unnamed: [String]) throws(NetworkNamespaceError) {
    self.root = root
    guard let own = root.networkNamespace(of: "self") else {
      throw .unreadable(path: root.path + "/self/ns/net", code: errno)
    }
    let device = root.namespaceDevice
    self.named = NamespaceMounts(at: named, device: device)
    let seen = try ProcessNamespaces(reading: root, own: own)
    refused = seen.refused
    hidesProcesses = !seen.sawFirstProcess
    // A path of a name stays as long as the namespace; that of a process is gone with it.
    var paths: [UInt64: String] = [:]
    for mount in self.named.mounts + NamespaceMounts(at: unnamed, device: device).mounts
    where paths[mount.inode] == nil {
      paths[mount.inode] = mount.path
    }
    let others = Set(paths.keys).union(seen.oldest.keys).subtracting([own]).sorted()
    var facts = [NamespaceLabels.Facts(inode: own, name: self.named.name(of: own))]
    for inode in others {
      let place = inode == seen.first ? nil : seen.oldest[inode].flatMap { root.place(of: $0.pid) }
      facts.append(.init(inode: inode, name: self.named.name(of: inode), place: place))
    }
    let labels = NamespaceLabels.labels(facts)
    var all = [
      NetNamespace(
        inode: own, label: labels[0], path: root.path + "/self/ns/net", process: nil, isOwn: true)
    ]
    for (inode, label) in zip(others, labels.dropFirst()) {
      let process = seen.oldest[inode]?.pid
      guard let path = paths[inode] ?? process.map({ "\(root.path)/\($0)/ns/net" }) else { continue }
      all.append(NetNamespace(inode: inode, label: label, path: path, process: process, isOwn: false))
    }
    self.all = [all[0]] + all.dropFirst().sorted { $0.label < $1.label }
  }

  /// Which of them are meant: `self`, `all`, or one by its name, its label or the number of a process in it.
  public enum Selection: Hashable, Sendable {
    /// The one that we are in.
    case own
    /// Every one that can be seen.
    case all
    /// One. A name goes before a number.
    case one(String)

    /// Reads a word.
    public init(_ word: String) {
      switch word {
      case "self": self = .own
      case "all": self = .all
      default: self = .one(word)
      }
    }
  }

  /// Those that are meant; never none.
  public func find(_ selection: Selection) throws(NetworkNamespaceError) -> [NetNamespace] {
    switch selection {
    case .own: return [all[0]]
    case .all: return all
    case .one(let word): return [try find(word)]
    }
  }

  private func find(_ word: String) throws(NetworkNamespaceError) -> NetNamespace {
    if let found = all.first(where: { $0.label == word }) { return found }
    let inode =
      named.mounts.first { $0.name == word }?.inode ?? NetNamespace.inode(ofPlainLabel: word)
    if let found = all.first(where: { $0.inode == inode }) { return found }
    guard let pid = Int32(word), pid > 0 else { throw .unknown(word, labels: all.map(\.label)) }
    guard let inode = root.networkNamespace(of: "\(pid)") else {
      throw errno == EACCES || errno == EPERM ? .notPermitted(pid) : .noProcess(pid)
    }
    // A thread may be where no process is.
    return all.first { $0.inode == inode }
      ?? NetNamespace(
        inode: inode, label: NetNamespace.plainLabel(inode), path: "\(root.path)/\(pid)/ns/net",
        process: pid, isOwn: false)
  }
}

/// Why a network namespace cannot be given.
public enum NetworkNamespaceError: Error, Hashable {
  /// /proc does not tell: what could not be read, and errno.
  case unreadable(path: String, code: Int32)
  /// None is called this; these are the labels of those that there are.
  case unknown(String, labels: [String])
  /// There is no such process.
  case noProcess(Int32)
  /// There is such a process, and where it is may not be seen.
  case notPermitted(Int32)
}
