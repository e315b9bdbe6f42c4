// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A network namespace, network_namespaces(7): sockets of its own, and addresses that others may have as well.
public struct NetNamespace: Hashable, Sendable {
  /// Its inode in the kernel's nsfs, which tells it from every other one there is now.
  public let inode: UInt64
  /// What it is called: its `ip netns` name, else the container or the unit that runs in it, else `net:[INODE]`. No two
  /// that were found together have the same.
  public let label: String
  /// A path that setns(2) can enter once it is opened.
  public let path: String
  /// The oldest process seen in it, nil where there is none and for our own.
  public let process: Int32?
  /// True for the one that we are in.
  public let isOwn: Bool

  /// The directory below /proc that shows its tables; nil where only a thread that has entered it can see them, in
  /// ``enteredDirectory``.
  public var directory: String? { isOwn ? "net" : process.map { "\($0)/net" } }

  /// The directory below /proc that shows the tables of the namespace a thread is in.
  public static let enteredDirectory = "thread-self/net"

  init(inode: UInt64, label: String, path: String, process: Int32?, isOwn: Bool) {
    self.inode = inode
    self.label = label
    self.path = path
    self.process = process
    self.isOwn = isOwn
  }

  /// Finds out about the namespace of this process alone, at the cost of a link and the names in /run/netns; nil
  /// where /proc does not say.
  public init?(reading root: ProcRoot) {
    self.init(reading: root, mounts: NamespaceMounts.named)
  }

  init?(reading root: ProcRoot, mounts: [String]) {
    guard let inode = root.networkNamespace(of: "self") else { return nil }
    let name = NamespaceMounts.name(of: inode, at: mounts, device: root.namespaceDevice)
    self.init(
      inode: inode, label: name ?? Self.plainLabel(inode),
      path: root.path + "/self/ns/net", process: nil, isOwn: true)
  }

  /// True where ``directory`` is still that of this namespace: its process may have ended, left it, or given its number
  /// to another one meanwhile.
  public func isInPlace(below root: ProcRoot) -> Bool {
    guard let process else { return true }
    return root.networkNamespace(of: "\(process)") == inode
  }

  /// Opens it for setns(2) and for whoever else wants a descriptor of it, which the caller closes.
  ///
  /// - Throws: ``NetworkNamespaceError/unreadable(path:code:)``; with ESRCH where another one is in that place now.
  public func openDescriptor() throws(NetworkNamespaceError) -> Int32 {
    let descriptor = openForReading(path)
    guard descriptor >= 0 else { throw .unreadable(path: path, code: errno) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, UInt64(status.st_ino) == inode else {
      close(descriptor)
      throw .unreadable(path: path, code: ESRCH)
    }
    return descriptor
  }

  /// What one is called that nothing else is known of, as readlink(2) of /proc/PID/ns/net has it.
  static func plainLabel(_ inode: UInt64) -> String { "net:[\(inode)]" }

  /// Reads such a label back, nil for anything else.
  static func inode(ofPlainLabel label: some StringProtocol) -> UInt64? {
    guard label.hasPrefix("net:["), label.hasSuffix("]") else { return nil }
    return UInt64(label.dropFirst(5).dropLast())
  }
}
