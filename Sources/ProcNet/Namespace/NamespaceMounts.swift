// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The namespaces that are mounted as files, which keeps them alive also without any process.
struct NamespaceMounts {
  /// Where ip-netns(8) keeps the ones it has named. /var/run is the same as /run nearly everywhere.
  static let named = ["/run/netns", "/var/run/netns"]
  /// Where Docker keeps those of its containers, under names that mean nothing to people.
  static let unnamed = ["/run/docker/netns"]

  /// A file that one is mounted on.
  struct Mount: Hashable {
    var inode: UInt64
    var name: String
    var path: String
  }

  /// By name, so that one of several is always the same.
  let mounts: [Mount]

  /// Looks at the files of some directories; a directory that cannot be read holds none.
  ///
  /// - Parameter device: that of nsfs, by which a mounted namespace is told from a file left behind by one that is
  ///   mounted no more; nil where it is not known.
  init(at directories: [String], device: UInt64?) {
    var mounts: [Mount] = []
    for directory in directories {
      guard let stream = opendir(directory) else { continue }
      defer { closedir(stream) }
      while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        let path = directory + "/" + name
        var status = stat()
        guard name != ".", name != "..", stat(path, &status) == 0,
          status.st_mode & S_IFMT == S_IFREG, device == nil || UInt64(status.st_dev) == device
        else { continue }
        mounts.append(Mount(inode: UInt64(status.st_ino), name: name, path: path))
      }
    }
    self.mounts = mounts.sorted { ($0.name, $0.path) < ($1.name, $1.path) }
  }

  /// The name of a namespace, the first where it has several.
  func name(of inode: UInt64) -> String? { mounts.first { $0.inode == inode }?.name }
}

extension ProcRoot {
  /// The device number of nsfs, nil where this is not the kernel's /proc.
  var namespaceDevice: UInt64? {
    var status = stat()
    return stat(path + "/self/ns/net", &status) == 0 ? UInt64(status.st_dev) : nil
  }

  /// The inode of a process's network namespace, nil with errno set where the link cannot be read.
  func networkNamespace(of process: String) -> UInt64? {
    var target = [CChar](repeating: 0, count: 64)
    let count = readlink("\(path)/\(process)/ns/net", &target, target.count)
    guard count > 0 else { return nil }
    errno = 0
    return NetNamespace.inode(
      ofPlainLabel: String(decoding: target[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }
}
