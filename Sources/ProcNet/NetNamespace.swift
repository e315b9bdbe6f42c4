// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The network namespace that the socket tables are those of, network_namespaces(7).
public struct NetNamespace: Hashable, Sendable {
  /// Its `ip netns` name, else `net:[INODE]`, which tells it from every other one of this boot.
  public let label: String

  /// Finds out about the namespace of this process; nil where /proc does not say.
  public init?(reading root: ProcRoot) {
    var target = [CChar](repeating: 0, count: 128)
    let count = readlink(root.path + "/self/ns/net", &target, target.count - 1)
    guard count > 0 else { return nil }
    let link = String(decoding: target[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    label = Self.name(of: link) ?? link
  }

  /// ip-netns(8) keeps a mount of each namespace that it has named in /run/netns.
  private static func name(of link: String) -> String? {
    guard link.hasPrefix("net:["), let inode = UInt64(link.dropFirst(5).dropLast()),
      let directory = opendir("/run/netns")
    else { return nil }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      var status = stat()
      if name != ".", name != "..", stat("/run/netns/" + name, &status) == 0, status.st_ino == inode {
        return name
      }
    }
    return nil
  }
}
